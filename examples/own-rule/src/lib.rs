//! `ReSuMe`, a rule that the project does not have, as an example of one's own.
//!
//! The remote supervised method of Ponulak and Kasiński (2010) teaches a compartment to spike when a teacher does: in
//! every step in which one of the two spikes alone, `Δw_ij = ±p_j / 2^shift`, up for the teacher and down for the
//! compartment, with a trace `p_j` of the spikes of axon j. Target word i is other than 0 in the steps in which the
//! teacher of compartment i spikes.
//!
//! This file is all that a device needs; [`experiment`] is what a host does with it.

#![cfg_attr(target_os = "none", no_std)]

#[cfg(not(target_os = "none"))]
pub mod experiment;

use loihi_core::image::{Image, Parameter, index};
use loihi_core::rules;
use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams, SnipType, fits, require};
use loihi_core::tools::Layer;
use loihi_core::tools::pre_trace::{PreTrace, factor};
use loihi_core::tools::rank_one::{Draws, Precision, Update, UpdateCounts, packed};
use serde::{Deserialize, Serialize};

/// The built-in programs and this one: what a device is given.
pub static SNIPS: [SnipType; rules::ALL.len() + 1] = rules::with([SnipType::of::<ResumeParams>()]);

/// Parameters of `ReSuMe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile.
    pub group: u32,
    /// Its axons.
    pub axons: u32,
    /// Its post compartments.
    pub posts: u32,
    /// First target word.
    pub target_first: u32,
    /// Bits of a change below the smallest step of a weight, 1..=16.
    pub shift: u32,
    /// Decay of the traces per step in units of 1/4096, 0..=4096.
    pub decay: u32,
}

impl Default for ResumeParams {
    fn default() -> Self {
        Self { group: 0, axons: 0, posts: 0, target_first: 0, shift: 5, decay: 819 }
    }
}

impl Snip for ResumeParams {
    /// Spikes that a teacher had alone, and those that compartments had alone.
    fn learned_words(&self) -> usize {
        2
    }

    /// Traces of the axons, factors of the posts.
    fn working_words(&self) -> usize {
        index(self.axons).saturating_add(index(self.posts))
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let Some(layer) = Layer::of(cpu.image, index(self.group)) else { return };
        let working = core::mem::take(&mut cpu.working);
        let Some((traces, posts)) = working.split_at_mut_checked(layer.axons) else { return };
        PreTrace::new(self.decay, self.decay).advance(traces, layer.arrivals(cpu.plastic.arrived.as_slice()));
        let targets = cpu.target.get(index(self.target_first)..).unwrap_or_default();
        let [missed, wrong] = cpu.learned else { return };
        let (mut fired, mut listed) = (layer.fired(cpu.spikes).peekable(), 0_usize);
        for ((post, target), number) in (0..layer.posts).zip(targets).zip(0_u32..) {
            let error = match (*target != 0, fired.next_if_eq(&post).is_some()) {
                (true, false) => 1,
                (false, true) => -1,
                _ => continue,
            };
            let count = if error > 0 { &mut *missed } else { &mut *wrong };
            *count = count.wrapping_add(i32::from(cpu.learning));
            if let Some(entry) = posts.get_mut(listed) {
                *entry = packed(number, error);
                listed = listed.wrapping_add(1);
            }
        }
        if !cpu.learning || listed == 0 {
            return;
        }
        let draws = Draws::Shared { seed: cpu.image.seed, t: cpu.t };
        let update = Update { layer: &layer, precision: Precision::Stochastic, shift: self.shift, draws };
        let (posts, mut update_counts) = (posts.get(..listed).unwrap_or_default(), UpdateCounts::default());
        for (axon, trace) in traces.iter().enumerate().filter(|(_, trace)| factor(**trace) != 0) {
            update.axon(cpu.plastic.weights, &mut [], axon, factor(*trace), posts, &mut update_counts);
        }
        cpu.ops.count_updates(update_counts.visited, update_counts.changed, update_counts.saturated);
    }
}

impl SnipParams for ResumeParams {
    const KIND: u32 = 0x8001;
    const NAME: &'static str = "resume";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = Self;

    loihi_core::snip_words!(group, axons, posts, target_first, shift, decay);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let layer = Layer::checked(image, index(self.group)).ok_or(Parameter("group"))?;
        require(layer.axons == index(self.axons), "axons")?;
        require(layer.posts == index(self.posts), "posts")?;
        require((1..=16).contains(&self.shift), "shift")?;
        require(self.decay <= 4096, "decay")?;
        require(fits(self.target_first, self.posts, image.target_words), "target_first")
    }
}
