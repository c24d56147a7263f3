//! What can be wrong with axons and their synapses.
//!
//! Each list of sparse synapses is read once, however many axons share it: axons come in the order of their lists, and
//! lists lie one after the other.

use super::super::{AxonRecord, CoreRecord, Image, Route, Section, Synapse, SynapseFormat};
use super::{ImageError, require};
use core::ops::Range;

/// A list of sparse synapses, and how far it reaches.
struct List {
    elements: Range<usize>,
    compartment_max: usize,
    delay_max: usize,
}

impl List {
    /// The list that ends where the first one begins.
    const BEFORE_ALL: Self = Self { elements: 0..0, compartment_max: 0, delay_max: 0 };

    /// Reads a list; `None` if it is not there.
    fn read(image: &Image<'_>, elements: Range<usize>) -> Option<Self> {
        let mut list = Self { elements: elements.clone(), ..Self::BEFORE_ALL };
        for word in image.sparse.get(elements)? {
            let Synapse { compartment, delay, .. } = Synapse::from_word(*word);
            list.compartment_max = list.compartment_max.max(compartment);
            list.delay_max = list.delay_max.max(delay);
        }
        Some(list)
    }

    /// Whether every synapse ends at a compartment of the core, with a delay that the core has a slot for.
    const fn fits(&self, core: &CoreRecord, compartment_base: usize) -> bool {
        self.compartment_max.saturating_add(compartment_base) < core.compartments && self.delay_max < core.slots
    }
}

/// Checks every axon, and that every synapse belongs to one.
pub(super) fn check(image: &Image<'_>) -> Result<(), ImageError> {
    let (mut list, mut dense) = (List::BEFORE_ALL, 0);
    for (at, words) in image.axons.iter().enumerate() {
        let axon = AxonRecord::from_words(words);
        let Some(core) = image.core(axon.core) else {
            return require(false, Section::Axons, at);
        };
        let in_place = match axon.format {
            SynapseFormat::Sparse => sparse_is_sound(image, &axon, &core, &mut list),
            SynapseFormat::Dense => {
                let end = axon.elements().end;
                dense = end.max(dense);
                end <= image.dense.len() && axon.compartment_base.saturating_add(axon.synapses) <= core.compartments
            }
        };
        let valid = in_place
            && SynapseFormat::from_code((words[0] >> 20) & 0xF).is_some()
            && axon.sum <= core.sums
            && (1..=Route::ATOMS_MAX).contains(&axon.atoms)
            && axon.weight_bits <= 8
            && axon.learning <= image.learning.len();
        require(valid, Section::Axons, at)?;
    }
    require(list.elements.end == image.sparse.len(), Section::Sparse, list.elements.end)?;
    require(dense == image.dense.len(), Section::Dense, dense)
}

/// Whether a sparse axon has the list of the one before, or the next one, and the list fits its core.
fn sparse_is_sound(image: &Image<'_>, axon: &AxonRecord, core: &CoreRecord, list: &mut List) -> bool {
    let elements = axon.elements();
    if elements.is_empty() {
        return elements.end <= image.sparse.len();
    }
    if elements != list.elements {
        let next = if elements.start == list.elements.end { List::read(image, elements) } else { None };
        let Some(next) = next else { return false };
        *list = next;
    }
    list.fits(core, axon.compartment_base)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Profile, write};
    use super::*;
    use crate::snip::Snips;
    use std::vec::Vec;
    use zerocopy::IntoBytes as _;

    /// What is said of sparse axons with these lists, first and number of synapses, in an image of four synapses that end
    /// at a core of two compartments.
    fn said(lists: &[(usize, usize)]) -> Result<(), ImageError> {
        let axon = |&(first, synapses): &(usize, usize)| AxonRecord {
            core: 0,
            format: SynapseFormat::Sparse,
            sum: 0,
            first,
            synapses,
            compartment_base: 0,
            atoms: 1,
            weight_bits: 8,
            learning: 0,
        };
        let axons: Vec<u32> = lists.iter().flat_map(|list| axon(list).words().unwrap()).collect();
        let synapse = Synapse { compartment: 1, delay: 0, weight: 1 }.word();
        let sections = [
            (Section::Cores, &[0, 2, 0, 1, 1, 0, 0, 0][..]),
            (Section::Profiles, &Profile::DEFAULT.words()),
            (Section::Groups, &[2, 0, 1]),
            (Section::Axons, &axons),
            (Section::Fanout, &[0, 0, 0]),
            (Section::Sparse, &[synapse; 4]),
        ];
        let mut words = [0; 200];
        let length = write(&mut words, [0; 5], &sections).unwrap();
        Image::open(words[..length].as_bytes(), &Snips(&[])).map(drop)
    }

    #[test]
    fn lists_are_shared_whole_and_come_in_their_order() {
        let refused = |section, element| Err(ImageError::Element { section, element });
        for (lists, expected) in [
            (&[(0, 2), (0, 2), (2, 2), (2, 2)][..], Ok(())),
            (&[(3, 0), (0, 4), (0, 0)], Ok(())),
            (&[(5, 0), (0, 4)], refused(Section::Axons, 0)),
            (&[(0, 4), (0, 3)], refused(Section::Axons, 1)),
            (&[(0, 4), (1, 3)], refused(Section::Axons, 1)),
            (&[(0, 3), (2, 2)], refused(Section::Axons, 1)),
            (&[(0, 2), (2, 2), (0, 2)], refused(Section::Axons, 2)),
            (&[(0, 1), (2, 2)], refused(Section::Axons, 1)),
            (&[(2, 2)], refused(Section::Axons, 0)),
            (&[(0, 5)], refused(Section::Axons, 0)),
            (&[(0, 3)], refused(Section::Sparse, 3)),
        ] {
            assert_eq!(said(lists), expected, "{lists:?}");
        }
    }
}
