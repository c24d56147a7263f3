//! Lines on the standard output, and complaints beside it.

use std::fmt::Arguments;
use std::io::{self, Write as _};

/// Prints a line.
///
/// # Errors
/// The reader may have gone (`loihi … | head`); then [`is_gone`] holds for the error.
pub(super) fn line(text: Arguments<'_>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints a line on standard error; a closed standard error is ignored.
pub(super) fn complain(text: &str) {
    let _unheard = writeln!(io::stderr().lock(), "loihi: {text}");
}

/// Whether an error says that nobody reads the output any more, which is no failure.
pub(super) fn is_gone(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
