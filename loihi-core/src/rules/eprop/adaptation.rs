//! e-prop where a spike raises the threshold: compartments that adapt (ALIF).
//!
//! The threshold of a compartment is `v_th + A`, `A = A − (A >> tau_shift)` in every step, and `strength · v_th / 4096`
//! more after a spike. The chip has no register for it: homeostasis moves a threshold step by step toward a range
//! of activity and leaves it there; and a slow current that inhibits acts on the voltage, which forgets it at a pace of its
//! own. A dendrite that holds the voltage for a soma without memory would be exact, at twice the compartments. So the
//! embedded CPU, which follows the spikes anyway, lowers the voltage instead, by biases that it writes in every step:
//! `tz(A before) − A`, with the compartment's own decay `tz`, beside the bias that the image gives it. The voltage then
//! is `v − A`, and is above `v_th` where `v` is above `v_th + A`, but for what decays round. Where a spike took the
//! voltage back to 0 there is nothing to take off; so that this is one step, compartments must not be refractory for
//! longer. The lower clip holds for `v − A`.
//!
//! A synapse's memory of the threshold is `ε_a`. Per step, with `e = ψ·(z̄ − β·ε_a)`:
//! `ε_a += e − (ε_a >> tau_shift)`, and `e` stands where `ψ·z̄` does without adaptation. β is the strength times the
//! slope of a spike over the voltage, which is 0.3/64 per unit of ψ and threshold: `β·ε_a` is
//! `(ε_a >> 8)·(strength·77 >> 6) >> 12`, 77/256 for 0.3.
//!
//! Source: Bellec et al. 2020, in integers.

use super::eligibility::{self, low_half};
use super::params::Adaptation;
use crate::snip::Cpu;
use crate::tools::Layer;

/// Most that a threshold is raised by, in units of the voltage: biases have 23 bits and sign.
const RISE_MAX: i32 = 1 << 22;

impl Adaptation {
    /// Follows the thresholds through a step, before the cores compute, and drives the compartments accordingly. `rises`
    /// are in units of 1/256 of the voltage's.
    pub(super) fn raise(self, cpu: &mut Cpu<'_, '_>, layer: &Layer, rises: &mut [i32]) {
        let step = (layer.v_th >> 4).saturating_mul(self.strength.cast_signed());
        let spikes = cpu.spikes;
        let mut fired = layer.fired(spikes).peekable();
        for (post, rise) in rises.iter_mut().enumerate() {
            let mut kept = layer.decayed(*rise >> 8);
            let mut new = rise.wrapping_sub(rise.wrapping_shr(self.tau_shift));
            if fired.next_if_eq(&post).is_some() {
                kept = 0;
                new = new.saturating_add(step).min(RISE_MAX << 8);
            }
            *rise = new;
            let compartment = layer.compartment_first.wrapping_add(post);
            let own = cpu.image.bias.get(compartment).copied().unwrap_or(0);
            cpu.set_bias(compartment, own.wrapping_add(kept).wrapping_sub(new >> 8));
        }
    }
}

/// The eligibilities of a layer whose thresholds adapt.
#[derive(Debug)]
pub(super) struct Eligibilities<'e> {
    pub(super) synapses: eligibility::Eligibilities<'e>,
    /// `ε_a`, axon after axon. It grows until β takes back what comes in, or the decay does, at 2^(14 + `tau_shift`):
    /// 25 bits.
    pub(super) of_thresholds: &'e mut [i32],
}

impl Eligibilities<'_> {
    /// Follows the synapses of every axon through a step, as those without adaptation are; with a `shift` of 0 there is no
    /// filter.
    pub(super) fn follow(
        &mut self,
        posts: usize,
        pre: impl Iterator<Item = i16>,
        factors: &[[i16; 2]],
        shift: u32,
        adaptation: Adaptation,
    ) {
        let posts = posts.max(1);
        let Adaptation { strength, tau_shift } = adaptation;
        let beta = strength.wrapping_mul(77).cast_signed() >> 6;
        let eligibility::Eligibilities { filtered, sums } = &mut self.synapses;
        let rows = filtered.chunks_exact_mut(posts).zip(sums.chunks_exact_mut(posts));
        let rows = rows.zip(self.of_thresholds.chunks_exact_mut(posts));
        for (((filtered, sums), of_thresholds), pre) in rows.zip(pre) {
            let pre = i32::from(pre);
            let synapses = filtered.iter_mut().zip(sums).zip(of_thresholds);
            for (((filtered, sum), of_threshold), [psi, signal]) in synapses.zip(factors) {
                let held_back = (*of_threshold >> 8).wrapping_mul(beta) >> 12;
                // Both have 8 bits, ψ has 7.
                let eligibility = i32::from(*psi).wrapping_mul(pre.wrapping_sub(held_back));
                let decay = of_threshold.wrapping_shr(tau_shift);
                *of_threshold = of_threshold.wrapping_sub(decay).wrapping_add(eligibility);
                let old = i32::from(*filtered);
                let new = old.wrapping_add(eligibility.wrapping_sub(old).wrapping_shr(shift));
                *filtered = low_half(new);
                *sum = sum.wrapping_add(i32::from(*signal).wrapping_mul(new));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a synapse whose signal is the largest through this many steps; returns its eligibility and the
    /// threshold's.
    fn follow(state: [i32; 2], steps: u32, pre: i16, psi: i16, adaptation: Adaptation) -> [i32; 2] {
        let (mut filtered, mut of_thresholds) = ([0], [state[1]]);
        for _ in 0..steps {
            let mut sums = [0];
            let synapses = eligibility::Eligibilities { filtered: &mut filtered, sums: &mut sums };
            let mut all = Eligibilities { synapses, of_thresholds: &mut of_thresholds };
            all.follow(1, [pre].into_iter(), &[[psi, 4095]], 0, adaptation);
            assert!((-16_384..=16_384).contains(&i32::from(filtered[0])), "{filtered:?}");
            assert!((-256..1 << 25).contains(&of_thresholds[0]), "{of_thresholds:?}");
            assert_eq!(sums[0], 4095 * i32::from(filtered[0]));
        }
        [filtered[0].into(), of_thresholds[0]]
    }

    #[test]
    #[cfg_attr(miri, ignore = "computes many thousands of steps, which Miri takes minutes for")]
    fn eligibilities_stay_in_their_ranges_and_come_to_rest() {
        for strength in [1, 300, 4096] {
            for tau_shift in [1, 8, 11] {
                let adaptation = Adaptation { strength, tau_shift };
                let high = follow([0; 2], 30_000, 256, 64, adaptation);
                assert!(high[1] > 0, "{adaptation:?}: {high:?}");
                let rest = follow(high, 30_000, 0, 64, adaptation);
                assert_eq!(rest[0], 0, "{adaptation:?}: {rest:?}");
                assert!(rest[1].unsigned_abs() < 1 << tau_shift.max(8), "{adaptation:?}: {rest:?}");
            }
        }
    }

    #[test]
    fn what_the_threshold_takes_back_is_what_the_equation_says() {
        // A constant trace and slope: ε_a·(1/τ + ψβ) = ψ·z̄, with β of 0.3/64 · 1/8 per unit of ψ.
        let adaptation = Adaptation { strength: 512, tau_shift: 7 };
        let [eligibility, of_threshold] = follow([0; 2], 10_000, 200, 40, adaptation);
        let expected = 40.0 * 200.0 / (1.0 / 128.0 + 40.0 * 0.3 / 64.0 / 8.0);
        assert!((f64::from(of_threshold) / expected - 1.0).abs() < 0.03, "{of_threshold}, {expected}");
        assert!((f64::from(eligibility) / (expected / 128.0) - 1.0).abs() < 0.03, "{eligibility}");
    }
}
