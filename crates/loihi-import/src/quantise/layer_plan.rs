//! Layer plans: a population with its inputs, the structure of its neurons, what their biases add, and the range of
//! their sums.

use super::compose::Weights;
use super::fold::{Folded, FoldedPopulation, Path};
use super::input_range::{InputRange, units_max};
use super::{InputAs, QuantiseOptions, Reset};
use loihi_core::image::{Join, Profile, StackIn, StackOut, Tree};
use loihi_core::num::ThresholdMantissa;
use loihi_net::network::subtract_compartments;
use std::collections::BTreeMap;

/// A population with its inputs, spikes and values separately.
pub(super) struct LayerPlan<'f> {
    pub(super) at: usize,
    pub(super) population: &'f FoldedPopulation,
    pub(super) spikes: Vec<&'f Path>,
    pub(super) values: Vec<&'f Path>,
    pub(super) structure: NeuronStructure,
    /// What a bias adds to the first compartment of each neuron in every step.
    pub(super) biases: Vec<f64>,
    /// What a synapse adds to each neuron in every step, from that on in which the first spikes can arrive; of populations
    /// behind others, which a bias would drive too early. Empty if there is nothing.
    pub(super) delayed: Vec<f64>,
    /// Whether some of what a bias adds should enter a current.
    constant: bool,
    /// What is large at each neuron, by which scales are chosen: its threshold. A threshold of 0 has one at every scale: the
    /// largest weight, or 1, stands for it. Empty if none of them ever fires.
    pub(super) thresholds: Vec<f64>,
}

/// Structure of a neuron: its compartments.
#[derive(Clone, Copy, Debug)]
pub(super) struct NeuronStructure {
    /// A persistent (decaying) synaptic current is the voltage of a compartment of its own, the first one, which takes
    /// the biases, too: a bias of the chip never enters a current.
    pub(super) current: bool,
    /// It adds up in one compartment and fires from another, so that a synapse can take the threshold off.
    pub(super) subtracts: bool,
}

impl<'f> LayerPlan<'f> {
    /// The population at a place of the list.
    pub(super) fn of(folded: &'f Folded, at: usize, options: QuantiseOptions) -> Self {
        let population = &folded.populations[at];
        let is_value =
            |path: &&Path| options.input == InputAs::Values && folded.inputs.iter().any(|(name, _)| *name == path.from);
        let (values, spikes): (Vec<_>, _) = folded.paths.iter().filter(|path| path.to == at).partition(is_value);
        let own = &population.neurons;
        let subtracts = options.reset == Reset::Subtract && own.threshold.is_some();
        let lasting = own.keep_u.iter().any(|keep| *keep > 0.0);
        let structure = NeuronStructure { current: lasting && (subtracts || !values.is_empty()), subtracts };
        let late = folded.depths.get(at).is_some_and(|depth| *depth > 0);
        let (mut biases, mut delayed, mut constants) = (Vec::new(), Vec::new(), false);
        for ((leak, constant), keep) in own.leak.iter().zip(&own.constant).zip(&own.keep_u) {
            // A synapse enters the current, which is the voltage's input of a step if it does not last.
            let synapse = match (late, *keep > 0.0) {
                (false, _) => 0.0,
                (true, true) => *constant,
                (true, false) => leak + constant,
            };
            let leak = if late && *keep == 0.0 { 0.0 } else { *leak };
            let constant = if late { 0.0 } else { *constant };
            constants |= *keep > 0.0 && constant != 0.0;
            delayed.push(synapse);
            // What enters in every step makes 1 / (1 - keep) times as much in a current that lasts.
            biases.push(if structure.current {
                constant + leak * (1.0 - keep)
            } else {
                leak + constant / (1.0 - keep)
            });
        }
        if delayed.iter().all(|own| *own == 0.0) {
            delayed.clear();
        }
        let mut thresholds = own.threshold.clone().unwrap_or_default();
        if thresholds.contains(&0.0) {
            let weights = spikes.iter().chain(&values).flat_map(|path| path.weights.stored());
            let largest = weights.fold(0.0_f64, |most, own| most.max(own.abs()));
            let stands_for_it = if largest > 0.0 { largest } else { 1.0 };
            thresholds.iter_mut().filter(|own| **own == 0.0).for_each(|own| *own = stands_for_it);
        }
        Self { at, population, spikes, values, structure, biases, delayed, constant: constants, thresholds }
    }

    /// The unit of errors at a neuron: its threshold, or 1.
    pub(super) fn unit(&self, neuron: usize) -> f64 {
        self.thresholds.get(neuron).copied().unwrap_or(1.0)
    }

    /// What is there before it should be, or after, for a note; nothing if that is nothing.
    pub(super) fn early(&self) -> Option<&'static str> {
        let own = &self.population.neurons;
        if self.structure.current {
            let leaks = own.keep_u.iter().zip(&own.leak).any(|(keep, leak)| *keep > 0.0 && *leak != 0.0);
            return leaks.then_some("; v_leak enters by way of the current, which takes time");
        }
        self.constant.then_some("; constant currents are there from the first step")
    }

    /// By neuron: the largest scale at which no sum leaves its register, whatever fires.
    pub(super) fn units_max(&self, steps: u32) -> Vec<f64> {
        let own = &self.population.neurons;
        let mut spikes = InputRange::new(own.gain.len());
        for path in &self.spikes {
            spikes.connection(&path.weights);
        }
        for (at, delayed) in self.delayed.iter().enumerate() {
            spikes.constant(at, *delayed);
        }
        for (at, threshold) in own.threshold.iter().flatten().enumerate().filter(|_| self.structure.subtracts) {
            spikes.constant(at, -threshold);
        }
        let mut all = spikes.clone();
        for path in &self.values {
            all.connection(&path.weights);
        }
        for (at, bias) in self.biases.iter().enumerate() {
            all.constant(at, *bias);
        }
        let currents = if self.structure.current { &all } else { &spikes };
        units_max([&spikes, currents, &all], [&own.keep_u, &own.keep_v], own.threshold.is_some(), steps)
    }

    /// By neuron: the most that biases and sums of values can be, either sign.
    pub(super) fn max_input(&self) -> Vec<f64> {
        let of = |(neuron, bias): (usize, &f64)| {
            let mut range = [bias.min(0.0), bias.max(0.0)];
            for path in &self.values {
                if let Weights::Dense(weights) = &path.weights {
                    let sources = path.delays.len();
                    for weight in weights.iter().skip(neuron * sources).take(sources) {
                        range[usize::from(*weight > 0.0)] += weight;
                    }
                }
            }
            range[1].max(-range[0])
        };
        self.biases.iter().enumerate().map(of).collect()
    }

    /// By neuron: a number for each pair of shares that stay.
    pub(super) fn decays(&self) -> Vec<usize> {
        let own = &self.population.neurons;
        let mut seen = BTreeMap::new();
        let number = |(u, v): (&f64, &f64)| {
            let next = seen.len();
            *seen.entry((u.to_bits(), v.to_bits())).or_insert(next)
        };
        own.keep_u.iter().zip(&own.keep_v).map(number).collect()
    }

    /// Whether a part of some current or voltage decays.
    pub(super) fn rounds_decays(&self) -> bool {
        let own = &self.population.neurons;
        own.keep_u.iter().chain(&own.keep_v).any(|keep| *keep > 0.0 && *keep < 1.0)
    }
}

impl NeuronStructure {
    /// Their number.
    pub(super) fn compartments(self) -> usize {
        1 + usize::from(self.current) + usize::from(self.subtracts)
    }

    /// The compartments of a neuron that would have these registers if it were one.
    pub(super) fn tree(self, profile: Profile) -> Vec<Profile> {
        let plain = Profile { decay_u: 4096, decay_v: 4096, ..Profile::DEFAULT };
        let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
        let joined = |tree: Tree| Tree { stack_in: StackIn::PopA, join: Join::Add, ..tree };
        let mut tree = Vec::new();
        if self.current {
            let never = ThresholdMantissa::MAX << 6;
            tree.push(Profile { decay_v: profile.decay_u, v_th: never, tree: push, ..plain });
        }
        let take = |own: Tree| if self.current { joined(own) } else { own };
        if self.subtracts {
            let [adds, fires] = subtract_compartments(profile.decay_v, profile.v_th);
            tree.extend([Profile { tree: take(adds.tree), ..adds }, fires]);
        } else if self.current {
            tree.push(Profile { decay_u: 4096, tree: take(Tree::NONE), ..profile });
        } else {
            tree.push(profile);
        }
        tree
    }
}
