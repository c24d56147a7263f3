//! Samples as hashes: equal ones have all that is shown and taught in common.

use loihi_core::num::Fnv64;
use loihi_data::events::{Event, Events};
use loihi_data::{Sample, SampleData};

/// Adds all of a sample to a hash: its name, class, targets, stage and data, and all that is shown beside it.
pub fn hash_of(sample: &Sample, hash: &mut Fnv64) {
    fn reals(values: &[f32], hash: &mut Fnv64) {
        for value in values {
            hash.bytes(&value.to_bits().to_le_bytes());
        }
    }
    let Sample { name, label, targets, target_shape, stage, data, beside, .. } = sample;
    hash.bytes(format!("{name} {label:?}").as_bytes());
    reals(targets, hash);
    if target_shape.len() > 1 {
        hash.bytes(format!("{target_shape:?}").as_bytes());
    }
    if let Some(stage) = stage {
        hash.bytes(stage.as_bytes());
    }
    match data {
        SampleData::Values { shape, values } => {
            hash.bytes(format!("{shape:?}").as_bytes());
            hash.bytes(values);
        }
        SampleData::Reals { shape, values } => {
            hash.bytes(format!("{shape:?}").as_bytes());
            reals(values, hash);
        }
        SampleData::Events(Events { size, events, start_us }) => {
            hash.bytes(format!("{size:?} {start_us}").as_bytes());
            hash.bytes(&folded(events).to_le_bytes());
        }
        other => hash.bytes(format!("{other:?}").as_bytes()),
    }
    for own in beside {
        hash_of(own, hash);
    }
}

/// All events in one word. A recording has a million of them, and a hash of every byte would take as long as the network.
fn folded(events: &[Event]) -> u64 {
    events.iter().fold(events.len() as u64, |fold, Event { t_us, x, y, polarity }| {
        let place = u64::from(*x) | u64::from(*y) << 16 | u64::from(*polarity) << 32;
        [*t_us, place].into_iter().fold(fold, |fold, word| {
            // A multiplication carries upward only: the rotation brings what it left at the top to the bottom.
            (fold.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The hash of a recording of three events in this order, after a change to the second one.
    fn hash(change: impl Fn(&mut Event), order: [usize; 3]) -> u64 {
        let mut events = [1, 2, 3].map(|at| Event { t_us: u64::from(at) << 62, x: at, y: at, polarity: 0 });
        change(&mut events[1]);
        let events = Events { size: [4, 4], events: order.map(|at| events[at]).to_vec(), start_us: 0 };
        let mut hash = Fnv64::new();
        hash_of(&Sample::events("recording", events), &mut hash);
        hash.finish()
    }

    #[test]
    fn every_field_and_the_order_of_events_counts() {
        let bits: [fn(&mut Event); 4] = [
            |event| event.t_us ^= 1 << 63,
            |event| event.x ^= 1 << 15,
            |event| event.y ^= 1,
            |event| event.polarity ^= 1,
        ];
        let changed = bits.map(|change| hash(change, [0, 1, 2]));
        let ordered = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0]].map(|order| hash(|_| {}, order));
        let all: BTreeSet<u64> = changed.into_iter().chain(ordered).collect();
        assert_eq!(all.len(), 8);
    }
}
