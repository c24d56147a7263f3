//! What programs know from the start, handed to a device.

use loihi_core::chip::SnapshotScope;
use loihi_device::session::{Session, SessionError};
use loihi_place::place::Placed;

/// Hands what programs know from the start to a device that has just loaded their image, or was reset to it.
///
/// # Errors
/// [`SessionError`].
pub fn tell_known(session: &mut Session, placed: &Placed) -> Result<(), SessionError> {
    if placed.programs.known.is_empty() {
        return Ok(());
    }
    // What programs learn is the first part of what is kept.
    let mut kept = session.save(SnapshotScope::Learned)?;
    for known in &placed.programs.known {
        let words = kept.as_chunks_mut::<4>().0.iter_mut().skip(known.first);
        words.zip(&known.words).for_each(|(word, value)| *word = value.to_le_bytes());
    }
    session.restore(SnapshotScope::Learned, &kept)
}
