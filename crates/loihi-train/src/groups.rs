//! Populations that reach each other, which are computed step by step together.

use crate::layers::Synapses;
use loihi_net::network::Endpoint;

/// Groups of populations that reach each other, each after what leads to it.
pub(crate) fn groups(synapses: &[Synapses], populations: usize) -> Vec<Vec<usize>> {
    let mut reaches = vec![vec![false; populations]; populations];
    for own in synapses {
        if let Endpoint::Population(from) = own.from {
            reaches[from][own.to] = true;
        }
    }
    for by in 0..populations {
        for from in 0..populations {
            if reaches[from][by] {
                let onward = reaches[by].clone();
                reaches[from].iter_mut().zip(onward).for_each(|(own, onward)| *own |= onward);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut left: Vec<usize> = (0..populations).collect();
    while let Some(next) = left.iter().copied().find(|place| {
        // What leads to it is done, or is led to by it.
        left.iter().all(|other| !reaches[*other][*place] || reaches[*place][*other])
    }) {
        let group: Vec<usize> = left
            .iter()
            .copied()
            .filter(|other| *other == next || reaches[next][*other] && reaches[*other][next])
            .collect();
        left.retain(|place| !group.contains(place));
        groups.push(group);
    }
    groups
}
