//! Layers that are taught sample after sample, and their weights, on however many cores they lie.

use host_harness::device::session::Session;
use loihi_core::wire::message::Record;

/// Words of the stimulus and of the target.
pub(crate) type Sample = (Vec<i16>, Vec<i16>);

/// Shows samples of this many steps with learning on, each from rest; returns the outputs of each.
pub(crate) fn teach(session: &mut Session, steps: u16, samples: &[Sample]) -> Vec<Vec<i32>> {
    let bytes = |words: &[i16]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let samples: Vec<_> = samples.iter().map(|(stimulus, target)| (bytes(stimulus), bytes(target))).collect();
    let records = samples.iter().map(|(stimulus, target)| Record {
        reset: true,
        learn: true,
        steps,
        stimulus,
        target,
        ..Record::PLAIN
    });
    let mut outputs = Vec::new();
    session.stream(records, |answer| outputs.push(answer.to_vec())).unwrap();
    outputs
}

/// Takes the weights of a layer from the front of those of all, axon after axon; `parts` are its posts on each core.
pub(crate) fn take_layer(all: &mut &[i32], axons: usize, parts: impl IntoIterator<Item = usize>) -> Vec<i32> {
    let mut rows = vec![Vec::new(); axons];
    for posts in parts {
        let (own, rest) = all.split_at(axons * posts);
        rows.iter_mut().zip(own.chunks(posts)).for_each(|(row, own)| row.extend(own));
        *all = rest;
    }
    rows.concat()
}
