//! Memory of a device in this process: pages of the system, large ones where it has them.
//!
//! Accesses to a large network are random: with pages of 4 KiB almost every one misses the TLB, with pages of 2 MiB few do.

use std::io;

/// Zeros, which the system provides when they are first touched.
#[derive(Debug)]
pub struct Pages(memory::Words);

impl Pages {
    /// Allocates `bytes` bytes, rounded down to whole 64-bit words.
    ///
    /// # Errors
    /// Out of memory.
    pub fn zeroed(bytes: usize) -> io::Result<Self> {
        memory::zeroed(bytes / 8).map(Self)
    }

    /// An empty allocation.
    pub fn none() -> Self {
        Self(memory::Words::default())
    }
}

impl AsMut<[u64]> for Pages {
    fn as_mut(&mut self) -> &mut [u64] {
        memory::words(&mut self.0)
    }
}

#[cfg(target_os = "linux")]
mod memory {
    use memmap2::{Advice, MmapMut, MmapOptions};
    use std::io;
    use zerocopy::FromBytes as _;

    /// Bytes at the beginning that stay in small pages: enough for a small network, which then does not wait for 2 MiB to be
    /// cleared.
    const SMALL_BYTES: usize = 2 << 20;

    pub(super) type Words = Option<MmapMut>;

    pub(super) fn zeroed(words: usize) -> io::Result<Words> {
        let bytes = words.saturating_mul(8);
        if bytes == 0 {
            return Ok(None);
        }
        let pages = MmapOptions::new().len(bytes).map_anon()?;
        if let Some(large) = bytes.checked_sub(SMALL_BYTES).filter(|large| *large > 0) {
            // A system without large pages says no, and has small ones.
            let _no_large_ones = pages.advise_range(Advice::HugePage, SMALL_BYTES, large);
        }
        Ok(Some(pages))
    }

    pub(super) fn words(pages: &mut Words) -> &mut [u64] {
        // A page begins at a multiple of eight, and the length is one.
        pages.as_mut().and_then(|pages| <[u64]>::mut_from_bytes(pages).ok()).unwrap_or_default()
    }
}

#[cfg(not(target_os = "linux"))]
mod memory {
    use std::io;
    use zerocopy::FromZeros as _;

    pub(super) type Words = Vec<u64>;

    pub(super) fn zeroed(words: usize) -> io::Result<Words> {
        u64::new_vec_zeroed(words).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    pub(super) fn words(words: &mut Words) -> &mut [u64] {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_zeros_and_keep_what_is_written() {
        for bytes in [0, 7, 8, 4096, 5 << 20] {
            let mut pages = Pages::zeroed(bytes).unwrap();
            let words = pages.as_mut();
            assert_eq!(words.len(), bytes / 8);
            assert!(words.iter().all(|word| *word == 0), "{bytes} bytes");
            words.fill(3);
            assert!(pages.as_mut().iter().all(|word| *word == 3), "{bytes} bytes");
        }
    }

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(Pages::zeroed(usize::MAX / 2).is_err());
    }
}
