//! SOEL, surrogate-gradient online error-triggered learning: a layer on top of frozen ones, which the core's learning
//! engine changes only where a compartment spiked too often or too rarely.
//!
//! Once an epoch of `epoch_steps`, after `burn_in_steps` of a sample, for every post: `e = target − spikes`. If
//! `|e| > threshold`, and its voltage is where the slope says that it counts, `min(127, gain·|e|)` goes into y1 and the
//! sign into the profile (0 for a falling weight, 1 for a rising one); otherwise nothing is written, so that no weight
//! moves at zero error. The core multiplies by its trace x1. After the burn-in, every epoch adds `1024 · spikes` and
//! the voltage, held to the threshold, shifted right by `voltage_shift`, to the output: it decides between equals.
//!
//! Source: Stewart et al. 2020, rebuilt from its abstract and the same group's error-triggered rule.

use crate::image::{Image, Parameter, index};
use crate::plastic::Post;
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use crate::tools::local_error::{NO_TARGET, Slope};
use crate::tools::{self, Layer, Parts};
use serde::{Deserialize, Serialize};

/// A head that the core teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soel {
    group: usize,
    posts: usize,
    target_first: usize,
    output_first: usize,
    burn_in_steps: i32,
    epoch_steps: i32,
    threshold: i32,
    gain: i32,
    slope: Slope,
    voltage_shift: u32,
}

/// Parameters of a [`Soel`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoelParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile. Of a layer on several cores
    /// the first; the others follow it, with the same sources.
    pub group: u32,
    /// Post compartments of the layer, one per class.
    pub posts: u32,
    /// First target word: how often each post should spike in an epoch, or [`NO_TARGET`].
    pub target_first: u32,
    /// First output word.
    pub output_first: u32,
    /// Steps of a sample before the first epoch.
    pub burn_in_steps: u32,
    /// Steps per epoch, 1..=65,536.
    pub epoch_steps: u32,
    /// Largest error that counts as 0, in spikes.
    pub threshold: u32,
    /// What an error of one spike amounts to in y1, 1..=127.
    pub gain: u32,
    /// Slope; [`Slope::Flat`] and [`Slope::Box`] only.
    pub slope: Slope,
    /// Bits that the voltage loses in the output, 0..=31.
    pub voltage_shift: u32,
}

impl Default for SoelParams {
    /// The first group of the image without compartments; all else as in the experiment with few samples.
    fn default() -> Self {
        Self {
            group: 0,
            posts: 0,
            target_first: 0,
            output_first: 0,
            burn_in_steps: 10,
            epoch_steps: 10,
            threshold: 0,
            gain: 16,
            slope: Slope::Flat,
            voltage_shift: 6,
        }
    }
}

impl SnipParams for SoelParams {
    const KIND: u32 = 8;
    const NAME: &'static str = "soel";
    const PHASES: Phases = Phases::only(Phase::Spk).and(Phase::PreMgmt).and(Phase::PostMgmt);
    type Snip = Soel;

    crate::snip_words!(
        group,
        posts,
        target_first,
        output_first,
        burn_in_steps,
        epoch_steps,
        threshold,
        gain,
        slope,
        voltage_shift,
    );

    #[inline]
    fn snip(&self) -> Soel {
        Soel {
            group: index(self.group),
            posts: index(self.posts),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            burn_in_steps: self.burn_in_steps.cast_signed(),
            epoch_steps: self.epoch_steps.cast_signed(),
            threshold: self.threshold.cast_signed(),
            gain: self.gain.cast_signed(),
            slope: self.slope,
            voltage_shift: self.voltage_shift,
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        Layer::checked(image, index(self.group)).ok_or(Parameter("group"))?;
        Parts::checked(image, index(self.group), index(self.posts)).ok_or(Parameter("posts"))?;
        let counts = |value: u32| i32::try_from(value).is_ok();
        require(counts(self.burn_in_steps), "burn_in_steps")?;
        require((1..=65_536).contains(&self.epoch_steps), "epoch_steps")?;
        require(counts(self.threshold), "threshold")?;
        require((1..=127).contains(&self.gain), "gain")?;
        require(matches!(self.slope, Slope::Flat | Slope::Box { .. }), "slope")?;
        require(self.voltage_shift <= 31, "voltage_shift")?;
        require(fits(self.target_first, self.posts, image.target_words), "target_first")?;
        require(fits(self.output_first, self.posts, image.output_words), "output_first")
    }
}

impl Soel {
    fn ends_epoch(&self, step: i32) -> bool {
        tools::ends_epoch(step, self.burn_in_steps, self.epoch_steps)
    }

    /// Counts spikes, and hands errors to the core at the end of an epoch.
    fn after_cores(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &mut Memory<'_>) {
        let [step, _] = *memory.clock;
        // What spikes before the last step of the burn-in counts in no epoch.
        if step >= self.burn_in_steps {
            for post in layer.fired(cpu.spikes) {
                if let Some(count) = memory.counts.get_mut(post) {
                    *count = count.wrapping_add(1);
                }
            }
        }
        let mut wrote = 0;
        if self.ends_epoch(step) {
            layer.replace_voltages(cpu.blocks(), cpu.spikes, memory.voltages, memory.room);
            self.add_outputs(cpu, layer, memory);
            if cpu.learning {
                wrote = self.write_factors(cpu, layer, memory);
            }
            memory.counts.fill(0);
        }
        *memory.clock = [step.wrapping_add(1), wrote];
    }

    fn add_outputs(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &Memory<'_>) {
        let outputs = cpu.output.get_mut(self.output_first..).unwrap_or_default();
        for ((output, count), v) in outputs.iter_mut().zip(&*memory.counts).zip(&*memory.voltages) {
            let v =
                (*v).min(layer.first().v_th).max(layer.first().v_th.wrapping_neg()).wrapping_shr(self.voltage_shift);
            *output = output.wrapping_add(count.wrapping_shl(10)).wrapping_add(v);
        }
    }

    /// Writes y1 and the profile of every post that errs; returns 1 if there is any.
    fn write_factors(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &Memory<'_>) -> i32 {
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let first = layer.first().post_trace_first;
        let traces = cpu.plastic.post.get_mut(first..first.wrapping_add(self.posts)).unwrap_or_default();
        let (known, writes) = match self.slope {
            slope @ Slope::Box { .. } => {
                let reaches = |v: i32| slope.reaches(v.wrapping_sub(layer.first().v_th));
                self.scan(traces, targets, memory, reaches)
            }
            _ => self.scan(traces, targets, memory, |_| true),
        };
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(u64::from(known));
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(writes));
        cpu.ops.factor_writes = cpu.ops.factor_writes.wrapping_add(u64::from(writes));
        i32::from(writes > 0)
    }

    /// Writes y1 and the profile of every post that errs; returns how many had a target, and how many erred.
    #[inline(never)]
    fn scan(
        &self,
        traces: &mut [Post],
        targets: &[i16],
        memory: &Memory<'_>,
        reaches: impl Fn(i32) -> bool,
    ) -> (u32, u32) {
        let (mut unknown, mut writes) = (0_u32, 0_u32);
        let (threshold, gain) = (self.threshold, self.gain);
        let seen = memory.counts.iter().zip(&*memory.voltages).zip(targets);
        for (trace, ((count, v), target)) in traces.iter_mut().zip(seen) {
            if *target == NO_TARGET {
                unknown = unknown.wrapping_add(1);
                continue;
            }
            let error = i32::from(*target).wrapping_sub(*count);
            let size = error.wrapping_abs();
            if size > threshold && reaches(*v) {
                let [y1, _, _] = &mut trace.y;
                // At most 17 bits times 8 bits, as the check has it.
                *y1 = low_half(size.wrapping_mul(gain).min(127));
                trace.profile = i16::from(error > 0);
                writes = writes.wrapping_add(1);
            }
        }
        let known = u32::try_from(self.posts).unwrap_or(u32::MAX).wrapping_sub(unknown);
        (known, writes)
    }

    fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (clock, rest) = working.split_first_chunk_mut::<2>()?;
        let (counts, rest) = rest.split_at_mut_checked(self.posts)?;
        let (voltages, room) = rest.split_at_mut_checked(self.posts)?;
        Some(Memory { clock, counts, voltages, room })
    }
}

/// The working memory, cut up.
struct Memory<'w> {
    /// Steps of the sample that are done; whether factors are written.
    clock: &'w mut [i32; 2],
    /// Spikes of the epoch.
    counts: &'w mut [i32],
    /// Voltages before the epoch's last step.
    voltages: &'w mut [i32],
    room: &'w mut [i32],
}

impl Snip for Soel {
    fn working_words(&self) -> usize {
        self.posts.saturating_mul(3).saturating_add(2)
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let [step, wrote, ..] = *cpu.working else { return };
        let needed = match phase {
            Phase::Spk => self.ends_epoch(step),
            Phase::PreMgmt => true,
            Phase::PostMgmt => wrote != 0,
            Phase::Lrn | Phase::Host => false,
        };
        if !needed {
            return;
        }
        let Some(layer) = Parts::of(cpu.image, self.group, self.posts) else { return };
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        match phase {
            Phase::Spk => layer.copy_voltages(cpu.blocks(), memory.voltages),
            Phase::PreMgmt => self.after_cores(cpu, &layer, &mut memory),
            // The core has used the factors; they count once.
            _ => {
                let first = layer.first().post_trace_first;
                let end = first.wrapping_add(self.posts);
                for trace in cpu.plastic.post.get_mut(first..end).unwrap_or_default() {
                    let [y1, _, _] = &mut trace.y;
                    *y1 = 0;
                }
                *memory.clock = [step, 0];
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 127")]
const fn low_half(value: i32) -> i16 {
    value as i16
}
