//! Ctrl-C, the request to terminate, and a terminal that is closed: a flag that every wait looks at, and the end of the
//! process where none does.
//!
//! What is recorded can be killed at any moment, so that nothing is lost if a tidy end takes too long.

use crate::out;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a command may take to end by itself.
const GRACE: Duration = Duration::from_millis(500);

static STOP: AtomicBool = AtomicBool::new(false);
static SCREEN: Mutex<Option<fn()>> = Mutex::new(None);
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// Catches the signals from now on.
///
/// # Errors
/// Another handler was set before.
pub fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if requested() {
            // Asked for a second time: nothing is waited for any more.
            process::exit(out::STOPPED_STATUS.into());
        }
        request();
    })
}

/// Whether the user wants to stop.
pub fn requested() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// The user wants to stop. A command that does not look at it, since it waits for a pipe or computes, is ended soon.
pub fn request() {
    if STOP.swap(true, Ordering::Relaxed) {
        return;
    }
    let watchdog = thread::Builder::new().spawn(|| {
        thread::sleep(GRACE);
        end();
    });
    if watchdog.is_err() {
        end();
    }
}

/// What restores the terminal before the process ends, while it is drawn on.
pub fn screen(restore: Option<fn()>) {
    *SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = restore;
}

/// What is said of a command that has to end at once, besides that it was stopped.
pub fn last_words(words: Option<String>) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

fn end() -> ! {
    // A reader of the complaints who does not read must not hold the end up.
    let said = thread::Builder::new().spawn(|| {
        if let Some(restore) = SCREEN.lock().unwrap_or_else(PoisonError::into_inner).take() {
            restore();
        }
        let words = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).take();
        out::fail(out::Kind::Stopped, &sentence(words.as_deref()), None);
    });
    if let Ok(said) = said {
        for _ in 0..20 {
            if said.is_finished() {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    process::exit(out::STOPPED_STATUS.into());
}

/// That a command was stopped, and what else there is to say.
pub fn sentence(words: Option<&str>) -> String {
    words.map_or_else(|| "stopped by request".to_owned(), |words| format!("stopped by request; {words}"))
}
