//! The parameters of DECOLLE, and their places in a record.

use super::super::local_error::{Slope, Trigger};
use super::super::pre_trace::PreTrace;
use super::super::rank_one::Precision;
use super::{BackEnd, Decolle};
use crate::image::{SnipRecord, index};
use crate::num::Decay;

/// Parameters of a [`Decolle`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecolleParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile.
    pub group: u32,
    /// Its axons.
    pub axons: u32,
    /// Its post compartments.
    pub posts: u32,
    /// First constant of the readout.
    pub data_first: u32,
    /// Classes of the readout, 1..=64.
    pub classes: u32,
    /// First target word: what each class's readout should be, or [`NO_TARGET`](crate::snip::NO_TARGET).
    pub target_first: u32,
    /// First output word.
    pub output_first: u32,
    /// Steps of a sample before the first epoch.
    pub burn_in_steps: u32,
    /// Steps per epoch, at least 1.
    pub epoch_steps: u32,
    /// Bits that a readout loses, 0..=24.
    pub readout_shift: u32,
    /// Bits that the errors lose on their way back, 0..=24.
    pub feedback_shift: u32,
    /// Largest magnitude of an error, 1..=32,767.
    pub error_limit: u32,
    /// Bits that an error loses, 0..=15.
    pub error_shift: u32,
    /// Share of the epochs that are to trigger, in units of 1/256; 0 for a fixed threshold.
    pub trigger_share: u32,
    /// Slope.
    pub slope: Slope,
    /// What is added to the post factor of a compartment that fired too often, 0..=127.
    pub homeostasis: u32,
    /// Most spikes per epoch that are not too many.
    pub count_max: u32,
    /// How weights are written by the embedded CPU; `None` if the core's learning engine writes them.
    pub precision: Option<Precision>,
    /// Bits of a change below the smallest step of a weight, 1..=16; for [`Precision::Shadow`] bits that it loses of
    /// its 8, 0..=15.
    pub shift: u32,
    /// Decay of a synapse's trace Q.
    pub trace_decay_u: u32,
    /// Decay of the trace P.
    pub trace_decay_v: u32,
    /// Seed of a word per synapse, as recorded runs draw them; 0 for the chip's own draws.
    pub recorded_seed: u32,
}

impl DecolleParams {
    /// The words of a record.
    pub fn words(&self) -> [u32; SnipRecord::PARAMS] {
        let (slope, slope_parameter) = match self.slope {
            Slope::Flat => (0, 0),
            Slope::Box { half_width } => (1, half_width.cast_unsigned()),
            Slope::Triangle { shift } => (2, shift),
        };
        let back_end = self.precision.map_or(0xFF, |precision| precision as u32);
        [
            self.group,
            self.axons,
            self.posts,
            self.data_first,
            self.classes,
            self.target_first,
            self.output_first,
            self.burn_in_steps,
            self.epoch_steps,
            self.readout_shift,
            self.feedback_shift,
            self.error_limit,
            self.error_shift,
            self.trigger_share,
            slope,
            slope_parameter,
            self.homeostasis,
            self.count_max,
            back_end,
            self.shift,
            self.trace_decay_u,
            self.trace_decay_v,
            self.recorded_seed,
        ]
    }
}

impl Decolle {
    /// The layer that a record's words describe.
    pub(in super::super) fn from_params(params: &[u32; SnipRecord::PARAMS]) -> Self {
        let &[group, axons, posts, data_first, classes, target_first, output_first, rest @ ..] = params;
        let [burn_in, epoch, readout_shift, feedback_shift, limit, error_shift, share, rest @ ..] = rest;
        let [slope, slope_parameter, homeostasis, count_max, back_end, shift, decay_u, decay_v, recorded_seed] = rest;
        let decay = |word: u32| Decay::saturating(word.cast_signed());
        Self {
            group: index(group),
            axons: index(axons),
            posts: index(posts),
            data_first: index(data_first),
            classes: index(classes),
            target_first: index(target_first),
            output_first: index(output_first),
            burn_in_steps: burn_in.cast_signed(),
            epoch_steps: epoch.cast_signed(),
            readout_shift,
            feedback_shift,
            trigger: Trigger { limit: limit.cast_signed(), error_shift, share: share.cast_signed() },
            slope: Slope::from_words(slope, slope_parameter),
            homeostasis: homeostasis.cast_signed(),
            count_max: count_max.cast_signed(),
            back_end: match back_end {
                0xFF => Some(BackEnd::Core),
                code => Precision::from_code(code).map(|precision| BackEnd::Cpu { precision, shift, recorded_seed }),
            },
            trace: PreTrace { decay_u: decay(decay_u), decay_v: decay(decay_v) },
        }
    }
}
