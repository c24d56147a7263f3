//! Networks that are not cut into cores yet, and the comparison of chips that run them.

#![allow(dead_code, reason = "every test uses its own part")]

use crate::common::chip::Running;
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Profile, Synapse};
use loihi_core::num::word;
use loihi_core::register::Register;
use std::ops::Range;

/// A synapse between numbers on the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// What it comes from.
    pub(crate) source: Source,
    /// The compartment, numbered over all cores.
    pub(crate) target: u32,
    /// Steps of delay.
    pub(crate) delay: usize,
    /// What a spike adds, in units of 64.
    pub(crate) weight: i16,
}

/// A network without cores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Seed of the chip's random numbers.
    pub(crate) seed: u32,
    /// The compartments of each neuron, leaves first.
    pub(crate) neurons: Vec<Vec<Profile>>,
    /// Bias per compartment.
    pub(crate) biases: Vec<i32>,
    /// External inputs.
    pub(crate) inputs: u32,
    /// All synapses.
    pub(crate) links: Vec<Link>,
}

impl Plan {
    /// The network on cores of this many neurons each.
    pub(crate) fn cut(&self, neurons_per_core: &[usize]) -> ImageBuilder {
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        builder.seed(self.seed);
        builder.inputs(self.inputs);
        let mut left = self.neurons.as_slice();
        let mut cores: Vec<Range<u32>> = Vec::new();
        for count in neurons_per_core {
            builder.core();
            let (here, rest) = left.split_at(*count);
            left = rest;
            let first = cores.last().map_or(0, |core| core.end);
            let end = here.chunk_by(|a, b| a == b).map(|alike| builder.neurons(alike.len(), &alike[0]).end).last();
            cores.push(first..end.unwrap_or(first));
        }
        assert!(left.is_empty(), "{} neurons are on no core", left.len());
        builder.bias(0, &self.biases);
        self.connect(&mut builder, &cores);
        builder
    }

    /// The network on a single core.
    pub(crate) fn whole(&self) -> ImageBuilder {
        self.cut(&[self.neurons.len()])
    }

    /// An axon from each source to each core that it reaches.
    fn connect(&self, builder: &mut ImageBuilder, cores: &[Range<u32>]) {
        let mut links = self.links.clone();
        links.sort_by_key(|link| link.source);
        for axons in links.chunk_by(|a, b| a.source == b.source) {
            for (core, range) in cores.iter().enumerate() {
                let here = axons.iter().filter(|link| range.contains(&link.target));
                let place = |target: u32| (target - range.start) as usize;
                let synapses: Vec<Synapse> = here
                    .map(|&Link { target, delay, weight, .. }| Synapse { compartment: place(target), delay, weight })
                    .collect();
                if !synapses.is_empty() {
                    builder.sparse(axons[0].source, core, &synapses);
                }
            }
        }
    }
}

/// A whole number in `low..=high` that depends on the address only.
pub(crate) fn draw(low: i32, high: i32, [a, b, c]: [u32; 3]) -> i32 {
    let span = (high - low).unsigned_abs() + 1;
    low.wrapping_add_unsigned(word(0x51EE_D5ED, a, b, c) % span)
}

/// Inputs that spike in step `t`, each with a chance of one in `one_in`.
pub(crate) fn random_inputs(inputs: u32, one_in: u32, t: u32) -> Vec<usize> {
    let spikes = |input: &u32| word(0xA11, t, *input, one_in).is_multiple_of(one_in);
    (0..inputs).filter(spikes).map(|input| input as usize).collect()
}

/// `x · (4096 − decay) / 4096`, rounded toward zero.
pub(crate) fn decayed(x: i64, decay: i32) -> i64 {
    x * i64::from(4096 - decay) / 4096
}

/// Two's complement wrap into `[−2^bits, 2^bits)`.
pub(crate) fn wrapped(x: i64, bits: u32) -> i64 {
    let half = 1_i64 << bits;
    (x + half).rem_euclid(2 * half) - half
}

/// What a test reads of a chip in every step.
pub(crate) const OBSERVED: [Register; 3] = [Register::U, Register::V, Register::Spikes];

/// FNV-1a 64 of [`OBSERVED`] after every step.
pub(crate) fn trace(network: ImageBuilder, spikes: &[Vec<usize>]) -> Vec<[u64; 3]> {
    let mut chip = Running::new(network);
    let step = |inputs: &Vec<usize>| {
        for input in inputs {
            chip.inject(*input);
        }
        chip.step();
        OBSERVED.map(|register| chip.chip().register_digest(register))
    };
    spikes.iter().map(step).collect()
}

/// The first step and register in which two traces differ.
pub(crate) fn first_difference(a: &[[u64; 3]], b: &[[u64; 3]]) -> Option<(usize, &'static str)> {
    assert_eq!(a.len(), b.len(), "steps");
    a.iter().zip(b).enumerate().find_map(|(step, (a, b))| {
        let register = (0..3).find(|at| a[*at] != b[*at])?;
        Some((step, OBSERVED[register].name()))
    })
}
