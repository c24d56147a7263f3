//! Writes an image into words that the caller gives: for networks made by hand, in a `static` or without a heap.

use super::{AxonRecord, HEADER_WORDS, MAGIC, Route, Section, VERSION};

/// Writes an image to the front of `words` and returns its length in words; `None` if it does not fit, or a section is not
/// made of whole elements. What is written is checked by [`Image::open`](super::Image::open).
///
/// `header` are words 3 to 7 of the image: mailboxes (stimulus, target, output), external inputs, seed. `sections` are
/// the words of those that are not empty, in any order; dense weights two to a word. In routes, atoms take
/// [`Route::atom_bits`] of the axon with the most.
///
/// # Example
/// An image in a `static`, made by the compiler and read where it lies:
///
/// ```
/// use loihi_core::image::{Image, Section, write};
/// use loihi_core::snip::Snips;
/// use zerocopy::IntoBytes as _;
///
/// /// A core of three compartments whose threshold is 64; they have no synapses.
/// static NETWORK: [u32; 85] = {
///     let mut words = [0; 85];
///     let profile = [0, 0, 0, 64, 0, 8_388_607, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
///     let sections: [(Section, &[u32]); 4] = [
///         (Section::Cores, &[0, 3, 0, 1, 1, 0, 0, 0]),
///         (Section::Profiles, &profile),
///         (Section::Groups, &[3, 0, 1]),
///         (Section::Fanout, &[0, 0, 0, 0]),
///     ];
///     assert!(matches!(write(&mut words, [0, 0, 0, 0, 1], &sections), Some(85)));
///     words
/// };
///
/// let image = Image::open(NETWORK.as_bytes(), &Snips(&[])).expect("it is valid");
/// assert_eq!(image.compartments(), 3);
/// ```
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "every index is compared before")]
pub const fn write(words: &mut [u32], header: [u32; 5], sections: &[(Section, &[u32])]) -> Option<usize> {
    let table_words = HEADER_WORDS + 2 * Section::ALL.len();
    let mut length = table_words;
    let mut number = 0;
    while number < Section::ALL.len() {
        let section = Section::ALL[number];
        let mut count = 0;
        let mut given = 0;
        let first = length;
        while given < sections.len() {
            let (of, content) = sections[given];
            if of as usize == section as usize {
                count = match section.elements(content.len()) {
                    Some(count) => count,
                    None => return None,
                };
                length = match copy(words, first, content) {
                    Some(end) => end,
                    None => return None,
                };
            }
            given += 1;
        }
        if copy(words, HEADER_WORDS + 2 * number, &[low(first), count]).is_none() {
            return None;
        }
        number += 1;
    }
    let [stimulus, target, output, inputs, seed] = header;
    let atom_bits = Route::atom_bits(atoms_max(sections));
    let sections = low(Section::ALL.len());
    let start = [MAGIC, VERSION, low(length), stimulus, target, output, inputs, seed, atom_bits, sections];
    match copy(words, 0, &start) {
        Some(_) => Some(length),
        None => None,
    }
}

/// Most atoms of an axon.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "every index is compared before")]
const fn atoms_max(sections: &[(Section, &[u32])]) -> usize {
    let mut most = 1;
    let mut given = 0;
    while given < sections.len() {
        let (of, mut axons) = sections[given];
        while of as usize == Section::Axons as usize
            && let Some((axon, others)) = axons.split_first_chunk()
        {
            let atoms = AxonRecord::from_words(axon).atoms;
            most = if atoms > most { atoms } else { most };
            axons = others;
        }
        given += 1;
    }
    most
}

/// Copies words to a place; where they end, or `None` if they do not fit.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "every index is compared before")]
const fn copy(words: &mut [u32], first: usize, from: &[u32]) -> Option<usize> {
    let end = first + from.len();
    if end > words.len() {
        return None;
    }
    let mut at = 0;
    while at < from.len() {
        words[first + at] = from[at];
        at += 1;
    }
    Some(end)
}

/// A length in words; an image has fewer than 2^32.
#[expect(clippy::cast_possible_truncation, reason = "the words are there")]
const fn low(length: usize) -> u32 {
    length as u32
}
