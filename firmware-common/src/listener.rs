//! Whether anyone reads what a board sends over USB, where bytes stay in the board until then.

use core::sync::atomic::{AtomicBool, Ordering};

/// The other end of a line that may have no other end: a program that has the port open.
///
/// ```
/// use firmware_common::listener::Listener;
///
/// let clock = std::cell::Cell::new(0);
/// let now = || {
///     clock.set(clock.get() + 1);
///     clock.get()
/// };
/// let listener = Listener::new();
/// assert!(listener.offer(|| true, now, 100), "it was taken");
/// assert!(!listener.offer(|| false, now, 100), "nobody took it within 100 ticks");
/// let before = clock.get();
/// assert!(!listener.offer(|| false, now, 100) && clock.get() == before, "nobody is waited for any more");
/// listener.heard();
/// assert!(!listener.offer(|| false, now, 100) && clock.get() > before + 100, "until something comes");
/// ```
#[derive(Debug)]
pub struct Listener {
    is_gone: AtomicBool,
}

impl Default for Listener {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener {
    /// Someone who is believed to be there.
    pub const fn new() -> Self {
        Self { is_gone: AtomicBool::new(false) }
    }

    /// Something was received, so someone is there.
    pub fn heard(&self) {
        self.is_gone.store(false, Ordering::Relaxed);
    }

    /// Tries to send until `send` succeeds, for at most `most` ticks of `now`; false if it did not. After that nobody is
    /// believed to be there, and one try is all.
    pub fn offer(&self, mut send: impl FnMut() -> bool, now: impl Fn() -> u64, most: u64) -> bool {
        if send() {
            return true;
        }
        if self.is_gone.load(Ordering::Relaxed) {
            return false;
        }
        let start = now();
        while now().wrapping_sub(start) < most {
            if send() {
                return true;
            }
        }
        self.is_gone.store(true, Ordering::Relaxed);
        false
    }
}
