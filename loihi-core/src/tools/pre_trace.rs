//! The pre factor of a rule: a double exponential trace per axon, in 16 bits without sign.
//!
//! Per step `P += (Q·decay_v >> 12) − (P·decay_v >> 12)`, then `Q −= Q·decay_u >> 12`, and for every spike
//! `Q += 65535·decay_u >> 12`, held to 65,535. `P >> 8` is the factor, 0..=255. An axon takes one word, P in its high
//! half and Q in its low half.

use crate::num::Decay;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// How the traces of a layer decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreTrace {
    /// Decay of Q, the synapse's.
    pub decay_u: Decay,
    /// Decay of P, the membrane's.
    pub decay_v: Decay,
}

impl PreTrace {
    /// Of decays per step in units of 1/4096, as parameters hold them; above 4096 they count as 4096.
    pub fn new(decay_u: u32, decay_v: u32) -> Self {
        let decay = |word: u32| Decay::saturating(i32::try_from(word).unwrap_or(i32::MAX));
        Self { decay_u: decay(decay_u), decay_v: decay(decay_v) }
    }

    /// Lets the traces decay by a step, and adds the step's spikes.
    pub fn advance(self, traces: &mut [i32], spikes: impl Iterator<Item = usize>) {
        let (decay_u, decay_v) = (self.decay_u.get().cast_unsigned(), self.decay_v.get().cast_unsigned());
        decay(pairs(traces), decay_u, decay_v);
        let impulse = 65_535_u32.wrapping_mul(decay_u) >> 12;
        for axon in spikes {
            if let Some([q, _]) = pairs(traces).get_mut(axon) {
                *q = low_half(u32::from(*q).wrapping_add(impulse).min(0xFFFF));
            }
        }
    }
}

/// Q and P of every axon.
fn pairs(traces: &mut [i32]) -> &mut [[u16; 2]] {
    <[[u16; 2]]>::mut_from_bytes(traces.as_mut_bytes()).unwrap_or_default()
}

/// Lets all traces decay; those at 0 stay there.
///
/// `x − (x·d >> 12)` is `x·(4096 − d)` rounded up at 12 bits, of 16 × 13 bits. A decay is at most 4096, so P stays
/// between P and Q.
#[inline(never)]
fn decay(traces: &mut [[u16; 2]], decay_u: u32, decay_v: u32) {
    let (keep_u, keep_v) = (4096_u32.wrapping_sub(decay_u), 4096_u32.wrapping_sub(decay_v));
    for [q, p] in traces {
        let (q_before, p_before) = (u32::from(*q), u32::from(*p));
        let kept = p_before.wrapping_mul(keep_v).wrapping_add(4095) >> 12;
        *p = low_half(kept.wrapping_add(q_before.wrapping_mul(decay_v) >> 12));
        *q = low_half(q_before.wrapping_mul(keep_u).wrapping_add(4095) >> 12);
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a trace has 16 bits")]
const fn low_half(value: u32) -> u16 {
    value as u16
}

/// The factor of an axon, 0..=255.
#[inline]
pub const fn factor(trace: i32) -> i32 {
    (trace.cast_unsigned() >> 24).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(value: i64, decay: i32) -> i64 {
        (value * i64::from(decay)) >> 12
    }

    #[test]
    #[cfg_attr(miri, ignore = "computes many thousands of steps, which Miri takes minutes for")]
    fn a_trace_stays_in_sixteen_bits_and_comes_to_rest() {
        for (decay_u, decay_v) in [(819, 410), (4096, 4096), (1, 1), (4096, 1), (1, 4096)] {
            let trace = PreTrace { decay_u: Decay::new(decay_u).unwrap(), decay_v: Decay::new(decay_v).unwrap() };
            let mut words = [0; 2];
            let (mut p, mut q) = (0_i64, 0_i64);
            for step in 0..20_000_usize {
                let spike = step % 3 == 0 && step < 4000;
                trace.advance(&mut words, spike.then_some(1).into_iter());
                (p, q) = (
                    p - share(p, decay_v) + share(q, decay_v),
                    (q - share(q, decay_u) + i64::from(spike) * share(65_535, decay_u)).min(65_535),
                );
                assert!((0..65_536).contains(&p), "P, decays {decay_u} and {decay_v}, step {step}: {p}");
                let word = words[1].cast_unsigned();
                assert_eq!((i64::from(word >> 16), i64::from(word & 0xFFFF)), (p, q), "step {step}");
            }
            assert_eq!(words[0], 0, "an axon without spikes");
        }
    }
}
