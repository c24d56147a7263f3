//! The data of an answer, collected in the board's buffer.

/// Collects bytes until its buffer is full.
#[derive(Debug)]
pub(super) struct Data<'d> {
    buffer: &'d mut [u8],
    length: usize,
}

impl<'d> Data<'d> {
    /// Nothing yet.
    pub(super) const fn new(buffer: &'d mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// Bytes that there is room for in all.
    pub(super) const fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes that there is room for yet.
    pub(super) const fn left(&self) -> usize {
        self.buffer.len().saturating_sub(self.length)
    }

    /// Adds 1 to a word that was added before; wraps.
    pub(super) fn increment(&mut self, at: usize) {
        if let Some(word) = self.buffer.as_chunks_mut::<4>().0.get_mut(at) {
            *word = u32::from_le_bytes(*word).wrapping_add(1).to_le_bytes();
        }
    }

    /// Adds bytes; false, and nothing changes, if they do not fit.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> bool {
        let end = self.length.saturating_add(bytes.len());
        let Some(place) = self.buffer.get_mut(self.length..end) else { return false };
        // As long as each other, which a copy of slices would have to be told.
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.length = end;
        true
    }

    /// Adds a word, low byte first; false as [`Data::extend`].
    pub(super) fn word(&mut self, word: u32) -> bool {
        self.extend(&word.to_le_bytes())
    }

    /// The bytes.
    pub(super) fn finish(self) -> &'d [u8] {
        let Self { buffer, length } = self;
        let all: &'d [u8] = buffer;
        all.get(..length).unwrap_or_default()
    }
}
