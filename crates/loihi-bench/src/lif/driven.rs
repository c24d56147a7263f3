//! Compartments that fire by a bias, each with one axon into a core that is drawn, and its synapses there.

use super::{Layout, Lif};
use crate::clock::below;
use loihi_core::image::{Profile, Synapse};
use loihi_core::num::word;
use loihi_image::image::{ImageBuilder, Source};

/// Threshold in units of the voltage: so far above what spikes add that these hardly change when a compartment fires.
const V_TH: i32 = 20_000 << 6;
/// Largest mantissa and exponent of a bias.
const MANTISSA_MAX: i32 = 4095;
const EXPONENT_MAX: u32 = 7;

/// Adds the network.
pub(super) fn add(lif: &Lif, layout: Layout, builder: &mut ImageBuilder) {
    layout.add(builder, Profile { decay_u: 3072, decay_v: 0, v_th: V_TH, ..Profile::DEFAULT });
    let all = 0..lif.compartments;
    builder.bias(0, &vec![bias(lif.rate); lif.compartments as usize]);
    let threshold = V_TH.unsigned_abs();
    let voltages: Vec<i32> = all.clone().map(|own| below(threshold, word(lif.seed, own, 0, 7)).cast_signed()).collect();
    builder.start(0, &vec![0; voltages.len()], &voltages);
    let cores = u32::try_from(layout.cores()).unwrap_or(u32::MAX);
    for source in all {
        let core = below(cores, word(lif.seed, source, 0, 9)) as usize;
        let size = u32::try_from(layout.size(core)).unwrap_or(u32::MAX);
        let synapse = |number| Synapse {
            compartment: below(size, word(lif.seed, source, number, 1)) as usize,
            delay: lif.delay(source, number),
            weight: lif.weight(source, number),
        };
        let mut list: Vec<Synapse> = (0..lif.fan_in).map(synapse).collect();
        list.sort_by_key(|synapse| synapse.compartment);
        builder.sparse(Source::Compartment(source), core, &list);
    }
}

/// The bias, one that the register can hold, with which a compartment fires once in 1 / rate steps. Its voltage then passes the
/// threshold halfway between two steps, so that what spikes add does not change the step in which it fires.
#[expect(clippy::cast_possible_truncation, reason = "at most twice the threshold")]
fn bias(rate: f64) -> i32 {
    let bias = if rate > 0.0 { (f64::from(V_TH) / ((1.0 / rate).round() - 0.5)) as i32 } else { 0 };
    let exponent = (0..EXPONENT_MAX).find(|exponent| bias >> exponent <= MANTISSA_MAX).unwrap_or(EXPONENT_MAX);
    bias >> exponent << exponent
}
