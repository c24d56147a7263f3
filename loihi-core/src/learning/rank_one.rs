//! Products of an axon's traces and one of a compartment's, for all synapses of an axon in a row: what a third factor
//! from the embedded CPU needs. The same bits as [`super::row`] gives, in less time.

use super::row::magnitude;

/// Synapses that are evaluated together.
const LANES: usize = 16;

/// One product: the mantissa and the axon's traces as one number, times a post trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term<'h> {
    /// Mantissa times traces of the axon.
    pub(super) scale: i32,
    /// Bits that the product loses for its width.
    pub(super) shift: u32,
    /// What it is shifted left by then: its exponent plus 7.
    pub(super) exponent: u32,
    /// The post trace of each synapse, and whatever comes after.
    pub(super) y: &'h [i16],
}

/// What weights can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// Low bits of a mantissa that are not stored.
    pub(super) lost: u32,
    /// Smallest mantissa.
    pub(super) low: i32,
    /// Largest mantissa.
    pub(super) high: i32,
}

/// Weights that changed, and those of them that came to an end of their range.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changed {
    pub(super) all: u32,
    pub(super) saturated: u32,
}

/// Adds the terms to the weights of an axon, rounded stochastically by `word` of each synapse.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(super) fn teach(row: &mut [i16], terms: &[Term<'_>], format: Format, word: impl Fn(u32) -> u32) -> Changed {
    let mut changed = Changed::default();
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    let mut at = 0_usize;
    let mut element = 0_u32;
    for chunk in chunks {
        teach_chunk(chunk, terms, at, format, |lane| word(element.wrapping_add(lane)), &mut changed);
        at = at.wrapping_add(LANES);
        element = element.wrapping_add(16);
    }
    if !rest.is_empty() {
        let mut last = [0; LANES];
        for (lane, weight) in last.iter_mut().zip(&*rest) {
            *lane = *weight;
        }
        let before = last;
        teach_chunk(&mut last, terms, at, format, |lane| word(element.wrapping_add(lane)), &mut Changed::default());
        for ((weight, new), old) in rest.iter_mut().zip(last).zip(before) {
            *weight = new;
            changed.count(i32::from(old), i32::from(new), format);
        }
    }
    changed
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn teach_chunk(
    chunk: &mut [i16; LANES],
    terms: &[Term<'_>],
    at: usize,
    format: Format,
    word: impl Fn(u32) -> u32,
    changed: &mut Changed,
) {
    let old = chunk.map(i32::from);
    let mut sums = old.map(|weight| weight.wrapping_shl(7));
    for term in terms {
        // The history is as long as the last chunk, so that the trace of every lane is there.
        let Some(y) = term.y.get(at..).and_then(<[i16]>::first_chunk::<LANES>) else { return };
        for (sum, y) in sums.iter_mut().zip(y) {
            let product = term.scale.wrapping_mul(i32::from(*y)).wrapping_shr(term.shift);
            let scaled = product.clamp(-32_769, 32_767).wrapping_shl(term.exponent);
            *sum = sum.wrapping_add(scaled.clamp(-32_769, 32_767)).clamp(-32_769, 32_767);
        }
    }
    let mut new = old;
    for ((new, sum), lane) in new.iter_mut().zip(&sums).zip(0..16_u32) {
        *new = magnitude(*sum, format.lost, word(lane)).max(format.low).min(format.high);
    }
    for (new, old) in new.iter().zip(&old) {
        changed.count(*old, *new, format);
    }
    for (weight, new) in chunk.iter_mut().zip(&new) {
        *weight = super::row::low_half(*new);
    }
}

impl Changed {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn count(&mut self, old: i32, new: i32, format: Format) {
        let changed = u32::from(new != old);
        self.all = self.all.wrapping_add(changed);
        let at_end = u32::from(new == format.low) | u32::from(new == format.high);
        self.saturated = self.saturated.wrapping_add(changed & at_end);
    }
}
