//! Opening an image takes instructions in proportion to its length, whatever its elements share.

use crate::instructions::callgrind;
use loihi_core::image::{AxonRecord, Profile, Section, Synapse, SynapseFormat, write};
use std::fs;
use zerocopy::IntoBytes as _;

/// How much more the second half of a length may take than the first.
const TOLERANCE: f64 = 0.1;

/// Instructions of opening an image whose section table is this, and of starting its chip.
fn opening(sections: &[(Section, &[u32])]) -> u64 {
    let mut words = vec![0; 100 + sections.iter().map(|(_, words)| words.len()).sum::<usize>()];
    let length = write(&mut words, [0; 5], sections).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::write(&image, words[..length].as_bytes()).unwrap();
    callgrind(&image, 0, false).0
}

/// Instructions that grow by as much from the second size to the third as from the first to the second.
fn assert_in_proportion(what: &str, of_size: impl Fn(usize) -> u64) {
    let [small, middle, large] = [1000, 2000, 3000].map(of_size);
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let [first, second] = [middle - small, large - middle].map(|instructions| instructions as f64);
    assert!(second <= first * (1.0 + TOLERANCE), "{what}: 1000 more take {first} instructions, 1000 more {second}");
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the counts are of x86-64")]
fn a_list_that_all_axons_share_is_read_once() {
    assert_in_proportion("axons and synapses", |size| {
        let axon = AxonRecord {
            core: 0,
            format: SynapseFormat::Sparse,
            sum: 0,
            first: 0,
            synapses: size,
            compartment_base: 0,
            atoms: 1,
            weight_bits: 8,
            learning: 0,
        };
        let synapse = Synapse { compartment: 0, delay: 0, weight: 1 };
        opening(&[
            (Section::Cores, &[0, 1, 0, 1, 1, 0, 0, 0]),
            (Section::Profiles, &Profile::DEFAULT.words()),
            (Section::Groups, &[1, 0, 1]),
            (Section::Axons, &axon.words().unwrap().repeat(size)),
            (Section::Fanout, &[0, 0]),
            (Section::Sparse, &vec![synapse.word(); size]),
        ])
    });
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the counts are of x86-64")]
fn profiles_that_all_groups_without_compartments_share_are_not_read() {
    assert_in_proportion("groups and profiles", |size| {
        let number = u32::try_from(size).unwrap();
        opening(&[
            (Section::Cores, &[0, 0, 0, number, 1, 0, 0, 0]),
            (Section::Profiles, &Profile::DEFAULT.words().repeat(size)),
            (Section::Groups, &[0, 0, number].repeat(size)),
            (Section::Fanout, &[0]),
        ])
    });
}
