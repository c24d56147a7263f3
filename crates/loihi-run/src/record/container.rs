//! The one container of what a run keeps for later runs: learned state and checkpoints.
//!
//! | bytes | what |
//! |---|---|
//! | 5 | `LOIHI` |
//! | 2 | the kind: `LS` learned state, `CK` a checkpoint |
//! | 1 | version of the kind, a digit |
//! | 8 | hash of the image |
//! | 8 | length of the head in bytes |
//! | … | the head, then the body |
//! | 4 | CRC-32 of everything before it |
//!
//! Integers are little-endian.

use loihi_core::wire::frame::CRC;

const MAGIC: &[u8; 5] = b"LOIHI";

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContainerKind {
    tag: [u8; 2],
    version: u8,
    /// What it is, in an error.
    what: &'static str,
    /// What to do with a file of another version.
    advice: &'static str,
}

/// Learned state: the head is what a device saves; the body the two numbers of samples that became 0 and 255, in double precision,
/// or empty.
pub(super) const LEARNED: ContainerKind =
    ContainerKind { tag: *b"LS", version: b'3', what: "a file of learned state", advice: "learn again" };
/// A checkpoint: the head is JSON, the body is what a device saves.
pub(super) const CHECKPOINT: ContainerKind =
    ContainerKind { tag: *b"CK", version: b'3', what: "a checkpoint", advice: "start the run again" };

/// What a run keeps for later runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeptFile {
    /// Learned state.
    Learned,
    /// A checkpoint.
    Checkpoint,
}

impl KeptFile {
    /// What a file is that starts with these bytes, whatever its version; `None` for other files.
    pub fn of(start: &[u8]) -> Option<Self> {
        let rest = start.strip_prefix(MAGIC)?;
        let is = |kind: ContainerKind| rest.starts_with(&kind.tag);
        if is(LEARNED) { Some(Self::Learned) } else { is(CHECKPOINT).then_some(Self::Checkpoint) }
    }
}

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// It begins in another way.
    #[error("this is not {0}")]
    Other(&'static str),
    /// It has another version.
    #[error("{what} of another version of this program (version {found}, this program reads {expected}): {advice}")]
    Version {
        /// What it is.
        what: &'static str,
        /// Its version.
        found: char,
        /// The version that can be read.
        expected: char,
        /// What to do.
        advice: &'static str,
    },
    /// Its checksum does not match.
    #[error("the file is cut or damaged (its check does not match)")]
    Damaged,
    /// Its lengths do not fit one another.
    #[error("the file holds another number of bytes than it announces")]
    Length,
    /// The scale of its samples is invalid.
    #[error("its scale is not two finite numbers in ascending order: let the run learn again")]
    Scale,
}

/// What a container holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents<'b> {
    pub(super) image_hash: u64,
    pub(super) head: &'b [u8],
    pub(super) body: &'b [u8],
}

/// The bytes of a file.
pub(super) fn to_bytes(kind: ContainerKind, contents: Contents<'_>) -> Vec<u8> {
    let Contents { image_hash, head, body } = contents;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(kind.tag);
    bytes.push(kind.version);
    bytes.extend(image_hash.to_le_bytes());
    bytes.extend((head.len() as u64).to_le_bytes());
    bytes.extend(head);
    bytes.extend(body);
    bytes.extend(CRC.checksum(&bytes).to_le_bytes());
    bytes
}

/// What is in the bytes of a file.
///
/// # Errors
/// [`ContainerError`].
pub(super) fn parse(kind: ContainerKind, bytes: &[u8]) -> Result<Contents<'_>, ContainerError> {
    let ContainerKind { tag, version, what, advice } = kind;
    let rest = bytes.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&tag));
    let (found, _) = rest.and_then(<[u8]>::split_first).ok_or(ContainerError::Other(what))?;
    if *found != version {
        let (found, expected) = (char::from(*found), char::from(version));
        return Err(ContainerError::Version { what, found, expected, advice });
    }
    let (checked, check) = bytes.split_last_chunk::<4>().ok_or(ContainerError::Damaged)?;
    if CRC.checksum(checked) != u32::from_le_bytes(*check) {
        return Err(ContainerError::Damaged);
    }
    let rest = checked.get(MAGIC.len() + 3..).unwrap_or_default();
    let (image_hash, rest) = rest.split_first_chunk::<8>().ok_or(ContainerError::Length)?;
    let (length, rest) = rest.split_first_chunk::<8>().ok_or(ContainerError::Length)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| ContainerError::Length)?;
    let (head, body) = rest.split_at_checked(length).ok_or(ContainerError::Length)?;
    Ok(Contents { image_hash: u64::from_le_bytes(*image_hash), head, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_come_back_and_damage_is_noticed() {
        let contents = Contents { image_hash: 0x1234, head: &[1, 2, 255], body: b"body" };
        for kind in [LEARNED, CHECKPOINT] {
            let bytes = to_bytes(kind, contents);
            assert_eq!(parse(kind, &bytes), Ok(contents));
            assert_eq!(KeptFile::of(&bytes) == Some(KeptFile::Learned), kind == LEARNED);
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x10;
                assert!(parse(kind, &damaged).is_err(), "byte {at}");
                assert!(parse(kind, &bytes[..at]).is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn other_files_and_other_versions_are_told_apart() {
        let said = |kind, bytes: &[u8]| parse(kind, bytes).unwrap_err().to_string();
        let checkpoint = to_bytes(CHECKPOINT, Contents { image_hash: 1, head: b"{}", body: &[] });
        assert_eq!(said(LEARNED, &checkpoint), "this is not a file of learned state");
        let expected = "a file of learned state of another version of this program (version 1, this program reads 3): \
                        learn again";
        assert_eq!(said(LEARNED, b"LOIHILS1 and learned state of before"), expected);
    }
}
