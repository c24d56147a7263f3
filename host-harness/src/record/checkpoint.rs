//! Where a run through stages stands, and all state of its device: the run goes on from there with the same bits.
//!
//! A file holds `LOIHICK` and a version, the hash of the image, the length of what follows as JSON and the JSON, the
//! state, and a check over all of it.

use super::score::Score;
use loihi_core::ops::OpCounts;
use loihi_core::wire::frame::CRC;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// All stages, with the number of their samples.
    pub plan: Vec<String>,
    /// The stage under way.
    pub stage: usize,
    /// Its samples that were shown.
    pub items: usize,
    /// Right answers of each of its readouts so far.
    pub right: Vec<u32>,
    /// Counts when it began.
    pub before: OpCounts,
    /// Scores of the stages before it.
    pub scores: Vec<Score>,
}

/// How far a run has come, with all state of its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Hash of the image.
    pub image_hash: u64,
    /// How far the run has come.
    pub standing: Standing,
    /// What [`loihi_core::chip::Keep::State`] is.
    pub state: Vec<u8>,
}

const MAGIC: [u8; 7] = *b"LOIHICK";
const VERSION: u8 = b'2';

impl Checkpoint {
    /// The bytes of its file.
    ///
    /// # Errors
    /// [`serde_json::Error`], of which there is none for what a run gives.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let standing = serde_json::to_vec(&self.standing)?;
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(self.image_hash.to_le_bytes());
        bytes.extend((standing.len() as u64).to_le_bytes());
        bytes.extend(standing);
        bytes.extend(&self.state);
        bytes.extend(CRC.checksum(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "the file ends within its header";
        let (checked, check) = bytes.split_last_chunk::<4>().ok_or("the file is too short for a checkpoint")?;
        let rest = checked.strip_prefix(&MAGIC).ok_or("this is not a checkpoint")?;
        let (version, rest) = rest.split_first().ok_or(SHORT)?;
        if *version != VERSION {
            return Err("the checkpoint is of another version of this program: begin the run again");
        }
        if CRC.checksum(checked) != u32::from_le_bytes(*check) {
            return Err("the file is cut or damaged (its check does not match)");
        }
        let (image_hash, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| SHORT)?;
        let (standing, state) = rest.split_at_checked(length).ok_or(SHORT)?;
        let standing = serde_json::from_slice(standing).map_err(|_| "where the run stood cannot be read")?;
        Ok(Self { image_hash: u64::from_le_bytes(*image_hash), standing, state: state.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_and_damage_is_noticed() {
        let standing = Standing { stage: 3, items: 48, right: vec![40, 41], ..Standing::default() };
        let checkpoint = Checkpoint { image_hash: 0x1234, standing, state: vec![1, 2, 255] };
        let bytes = checkpoint.to_bytes().unwrap();
        assert_eq!(Checkpoint::parse(&bytes), Ok(checkpoint));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Checkpoint::parse(&damaged).is_err(), "byte {at}");
            assert!(Checkpoint::parse(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
