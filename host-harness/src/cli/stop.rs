//! Ctrl-C, and the request to terminate: a flag that every wait looks at.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Catches the signals from now on.
pub(super) fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))
}

/// Whether the user wants to stop.
pub(super) fn requested() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// The user wants to stop, and has said so by other means.
pub(super) fn request() {
    STOP.store(true, Ordering::Relaxed);
}
