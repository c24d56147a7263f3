//! The parameters of DECOLLE, and their places in a record.

use super::{BackEnd, CLASSES_MAX, Decolle};
use crate::image::{Image, Parameter, index};
use crate::snip::{Phase, Phases, SnipParams, fits, require};
use crate::tools::local_error::{LocalReadout, Slope, Trigger};
use crate::tools::pre_trace::PreTrace;
use crate::tools::rank_one::Precision;
use crate::tools::{Layer, Parts};
use serde::{Deserialize, Serialize};

/// Parameters of a [`Decolle`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecolleParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile. Of a layer on several cores
    /// the first; the others follow it, with the same sources.
    pub group: u32,
    /// Axons of the layer.
    pub axons: u32,
    /// Post compartments of the layer, on all cores.
    pub posts: u32,
    /// First constant of the readout.
    pub data_first: u32,
    /// Classes of the readout, 1..=64.
    pub classes: u32,
    /// First target word: what each class's readout should be, or [`NO_TARGET`](crate::tools::local_error::NO_TARGET).
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

impl Default for DecolleParams {
    /// The first group of the image without axons, compartments and classes; all else as in the experiment with digits.
    fn default() -> Self {
        Self {
            group: 0,
            axons: 0,
            posts: 0,
            data_first: 0,
            classes: 0,
            target_first: 0,
            output_first: 0,
            burn_in_steps: 10,
            epoch_steps: 5,
            readout_shift: 6,
            feedback_shift: 4,
            error_limit: 32_767,
            error_shift: 5,
            trigger_share: 0,
            slope: Slope::Box { half_width: 16_000 },
            homeostasis: 2,
            count_max: 2,
            precision: Some(Precision::Stochastic),
            shift: 11,
            trace_decay_u: 819,
            trace_decay_v: 410,
            recorded_seed: 0,
        }
    }
}

impl SnipParams for DecolleParams {
    const KIND: u32 = 6;
    const NAME: &'static str = "decolle";
    const PHASES: Phases = Phases::only(Phase::Spk).and(Phase::PreMgmt).and(Phase::PostMgmt);
    type Snip = Decolle;

    crate::snip_words!(
        group,
        axons,
        posts,
        data_first,
        classes,
        target_first,
        output_first,
        burn_in_steps,
        epoch_steps,
        readout_shift,
        feedback_shift,
        error_limit,
        error_shift,
        trigger_share,
        slope,
        homeostasis,
        count_max,
        precision,
        shift,
        trace_decay_u,
        trace_decay_v,
        recorded_seed,
    );

    #[inline]
    fn snip(&self) -> Decolle {
        Decolle {
            group: index(self.group),
            axons: index(self.axons),
            posts: index(self.posts),
            data_first: index(self.data_first),
            classes: index(self.classes),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            burn_in_steps: self.burn_in_steps.cast_signed(),
            epoch_steps: self.epoch_steps.cast_signed(),
            readout_shift: self.readout_shift,
            feedback_shift: self.feedback_shift,
            trigger: Trigger {
                limit: self.error_limit.cast_signed(),
                error_shift: self.error_shift,
                share: self.trigger_share.cast_signed(),
            },
            slope: self.slope,
            homeostasis: self.homeostasis.cast_signed(),
            count_max: self.count_max.cast_signed(),
            back_end: match self.precision {
                None => BackEnd::Core,
                Some(precision) => BackEnd::Cpu { precision, shift: self.shift, recorded_seed: self.recorded_seed },
            },
            trace: PreTrace::new(self.trace_decay_u, self.trace_decay_v),
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        Layer::checked(image, index(self.group)).ok_or(Parameter("group"))?;
        let layer = Parts::checked(image, index(self.group), index(self.posts)).ok_or(Parameter("posts"))?;
        let shift_fits = match self.precision {
            Some(Precision::Shadow) => self.shift <= 15,
            Some(_) => (1..=16).contains(&self.shift),
            None => true,
        };
        let constants = u32::try_from(LocalReadout::words(layer.posts, index(self.classes))).unwrap_or(u32::MAX);
        let counts = |value: u32| i32::try_from(value).is_ok();
        require(layer.axons() == index(self.axons), "axons")?;
        require((1..=CLASSES_MAX).contains(&self.classes), "classes")?;
        require(counts(self.burn_in_steps), "burn_in_steps")?;
        require(self.epoch_steps > 0 && counts(self.epoch_steps), "epoch_steps")?;
        require(self.readout_shift <= 24, "readout_shift")?;
        require(self.feedback_shift <= 24, "feedback_shift")?;
        require((1..=32_767).contains(&self.error_limit), "error_limit")?;
        require(self.error_shift <= 15, "error_shift")?;
        require(self.trigger_share <= 256, "trigger_share")?;
        require(self.homeostasis <= 127, "homeostasis")?;
        require(counts(self.count_max), "count_max")?;
        require(shift_fits, "shift")?;
        require(fits(self.data_first, constants, image.data.len()), "data_first")?;
        require(fits(self.target_first, self.classes, image.target_words), "target_first")?;
        require(fits(self.output_first, self.classes, image.output_words), "output_first")
    }
}
