//! What every core did in every step, in the events that have prices.
//!
//! It comes from a metered run and its image: what arrived at a core and what it computed is what the device counted;
//! who sent it follows from the spikes of the step before and the routes of the image. A spike of one step is delivered at
//! the beginning of the next: there its messages, hops and synaptic events are counted, as the chip's own counts do.
//! Spikes from outside are taken in by cores, and sent by none.

use super::event::{CostEvent, Counts};
use super::floorplan::Floorplan;
use loihi_core::image::{CoreRecord, Image, ImageError};
use loihi_core::ops::OpCounts;
use loihi_device::meter::{MeteredRun, MeteredStep};
use std::collections::BTreeMap;

/// What a network did in some steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Cores in use.
    pub cores: usize,
    /// Step by step.
    pub steps: Vec<StepActivity>,
    /// What the embedded CPU did in all of them.
    pub cpu: CpuActivity,
}

/// What a network did in a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepActivity {
    /// Core by core.
    pub cores: Vec<Counts>,
    /// Spike messages between cores: from, to, how many; ascending.
    pub messages: Vec<(usize, usize, u64)>,
}

/// What the embedded CPU did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuActivity {
    /// Whether it has programs.
    pub has_snips: bool,
    /// Its instructions, if a device has counted them.
    pub instructions: Option<u64>,
    /// What the chip counted.
    pub ops: OpCounts,
}

impl Activity {
    /// What a metered run did, its cores being arranged like this.
    ///
    /// # Errors
    /// [`ImageError`] if the run's image is invalid, which no device has loaded then.
    pub fn of(run: &MeteredRun, plan: &Floorplan) -> Result<Self, ImageError> {
        let image = run.image.open()?;
        let network = MeteredNetwork::of(&image);
        let steps = run.steps.iter().map(|step| network.step(step, plan)).collect();
        let has_snips = image.snips().len() > 0;
        let cpu = CpuActivity { has_snips, instructions: run.snip_instructions, ops: run.ops };
        Ok(Self { cores: image.cores().len(), steps, cpu })
    }

    /// Everything that all cores did in all steps.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for core in self.steps.iter().flat_map(|step| &step.cores) {
            total.add_all(core);
        }
        total
    }
}

/// What of an image says who does what.
struct MeteredNetwork<'i, 'a> {
    image: &'i Image<'a>,
    /// By core: first compartment, compartments, those with noise.
    cores: Vec<[usize; 3]>,
}

impl<'i, 'a> MeteredNetwork<'i, 'a> {
    fn of(image: &'i Image<'a>) -> Self {
        let noisy = |core: &CoreRecord| -> usize {
            let groups = image.groups(core).map(|group| {
                let pattern = image.pattern(&group);
                let noisy = |at: usize| pattern.get(at % pattern.len().max(1)).is_some_and(|one| one.noise.is_some());
                (0..group.compartments).filter(|at| noisy(*at)).count()
            });
            groups.sum()
        };
        let cores = image.cores().map(|core| [core.compartment_first, core.compartments, noisy(&core)]).collect();
        Self { image, cores }
    }

    fn step(&self, step: &MeteredStep, plan: &Floorplan) -> StepActivity {
        let mut cores: Vec<Counts> = vec![Counts::default(); self.cores.len()];
        for ((counts, metered), [_, compartments, noisy]) in cores.iter_mut().zip(&step.cores).zip(&self.cores) {
            let active = u64::from(metered.active);
            counts.add(CostEvent::CompartmentActive, active);
            counts.add(CostEvent::CompartmentIdle, (*compartments as u64).saturating_sub(active));
            counts.add(CostEvent::NoiseNumber, *noisy as u64);
            for (event, count) in [
                (CostEvent::SpikeFired, metered.spikes),
                (CostEvent::MessageIn, metered.axon_events),
                (CostEvent::SynapseDense, metered.dense_events),
                (CostEvent::SynapseSparse, metered.sparse_events),
                (CostEvent::SynapseShared, metered.shared_events),
                (CostEvent::TraceUpdate, metered.trace_updates),
                (CostEvent::SynapseUpdate, metered.learning_updates),
            ] {
                counts.add(event, u64::from(count));
            }
        }
        let messages = self.messages(&step.delivered);
        for &(from, to, count) in &messages {
            let Some(counts) = cores.get_mut(from) else { continue };
            let hops = plan.hops(from, to);
            counts.add(CostEvent::MessageOut, count);
            counts.add(CostEvent::MessageInTile, count * u64::from(hops.is_in_tile()));
            counts.add(CostEvent::HopEw, count * hops.ew);
            counts.add(CostEvent::HopNs, count * hops.ns);
            counts.add(CostEvent::ChipHop, count * hops.chips);
        }
        StepActivity { cores, messages }
    }

    /// Messages that these compartments' spikes are.
    fn messages(&self, delivered: &[u32]) -> Vec<(usize, usize, u64)> {
        let mut messages: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for compartment in delivered.iter().map(|compartment| *compartment as usize) {
            let from = self.cores.partition_point(|[first, ..]| *first <= compartment).saturating_sub(1);
            for word in self.image.routes(compartment) {
                if let Some(axon) = self.image.axon(self.image.route(*word).axon) {
                    *messages.entry((from, axon.core)).or_default() += 1;
                }
            }
        }
        messages.into_iter().map(|((from, to), count)| (from, to, count)).collect()
    }
}
