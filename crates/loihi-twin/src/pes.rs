//! The float twin of PES: the same network in this process, with decoders in double precision on its spikes.

use crate::TwinError;
use loihi_core::chip::{Chip, ResetScope};
use loihi_core::image::Image;
use loihi_core::num::Q8_24;
use loihi_core::rules::{PesParams, PreSynapse};
use loihi_core::snip::SnipParams as _;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_place::place::Placed;
use std::ops::Range;
use zerocopy::IntoBytes as _;

/// Decoders of one program, in double precision.
#[derive(Debug)]
struct Decoders {
    params: PesParams,
    /// `κ / (n · dt)`.
    rate: f64,
    decay_y: f64,
    /// Those that it begins with.
    known: Vec<f64>,
    values: Vec<f64>,
    outputs: Vec<f64>,
}

impl Decoders {
    /// `known` are the first of its decoders, the others are 0.
    fn new(params: PesParams, mut known: Vec<f64>) -> Self {
        let (count, dimensions) = (params.count as usize, params.dimensions as usize);
        known.resize(count * dimensions, 0.0);
        Self {
            params,
            rate: f64::from(params.rate_shift).exp2().recip(),
            decay_y: f64::from(params.decay_y) / 256.0,
            values: known.clone(),
            known,
            outputs: vec![0.0; dimensions],
        }
    }

    /// One step with the spikes of the chip's last step; learns if there are targets.
    fn step(&mut self, spikes: &[u32], targets: Option<&[f64]>) {
        let dimensions = self.outputs.len();
        let mut sums = vec![0.0; dimensions];
        for spike in spikes {
            let Some(at) = spike.checked_sub(self.params.compartment_first) else { continue };
            let first = at as usize * dimensions;
            let Some(row) = self.values.get_mut(first..first + dimensions) else { continue };
            for (d, decoder) in row.iter_mut().enumerate() {
                sums[d] += *decoder;
                if let Some(target) = targets.and_then(|targets| targets.get(d)) {
                    let error = if self.params.error_given { *target } else { self.outputs[d] - target };
                    *decoder -= self.rate * error;
                }
            }
        }
        for (output, sum) in self.outputs.iter_mut().zip(sums) {
            *output += (sum - *output) * self.decay_y;
        }
    }
}

/// Decoders of all programs `pes`. What programs know from the start is given by its place among the words of all of them.
fn programs(placed: &Placed, image: &Image<'_>) -> Vec<Decoders> {
    let (mut programs, mut first) = (Vec::new(), 0);
    for record in image.snips() {
        if let Some(params) = PesParams::from_words(&record.params).ok().filter(|_| record.kind == PesParams::KIND) {
            let known = placed.programs.known.iter().find(|known| known.first == first);
            let values = known.into_iter().flat_map(|known| &known.words).map(|bits| Q8_24::from_bits(*bits).to_num());
            programs.push(Decoders::new(params, values.collect()));
        }
        first += placed.image.learned_words(&record);
    }
    programs
}

/// A chip whose own decoders do not learn, and decoders that do.
#[derive(Debug)]
pub struct FloatTwin<'i> {
    chip: Chip<'i>,
    programs: Vec<Decoders>,
}

impl<'i> FloatTwin<'i> {
    /// Whether a placed network has a twin, before anything runs.
    ///
    /// # Errors
    /// [`TwinError::NoDecoders`] without a program `pes`, [`TwinError::Fixed`] for one with `learn = false`,
    /// [`TwinError::Filtered`] for one that does not learn from raw spikes.
    pub fn check(placed: &Placed) -> Result<(), TwinError> {
        let mut decoders = placed.programs.ports.iter().filter(|port| port.kind == PesParams::NAME).peekable();
        if decoders.peek().is_none() {
            return Err(TwinError::NoDecoders);
        }
        if let Some(port) = decoders.find(|port| port.target.is_empty()) {
            return Err(TwinError::Fixed { name: port.name.clone() });
        }
        let is_raw = |own: &Decoders| own.params.pre_synapse == PreSynapse::Raw;
        if programs(placed, &placed.image.open()?).iter().all(is_raw) { Ok(()) } else { Err(TwinError::Filtered) }
    }

    /// A chip with a placed network, and decoders that begin as those of its programs do. `memory` is made as large as the chip
    /// needs.
    ///
    /// # Errors
    /// [`TwinError`]; those of [`FloatTwin::check`] among them.
    pub fn new(placed: &'i Placed, memory: &'i mut Vec<u64>) -> Result<Self, TwinError> {
        Self::check(placed)?;
        let file = &placed.image;
        let image = file.open()?;
        memory.resize(Chip::bytes_needed(&image, file.snips()).div_ceil(8), 0);
        let programs = programs(placed, &image);
        let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes())?;
        chip.set_learning(false);
        Ok(Self { chip, programs })
    }

    /// Forgets what it has learned, too: decoders are those of the start.
    pub fn forget(&mut self) {
        self.chip.reset(ResetScope::All);
        self.chip.set_learning(false);
        for program in &mut self.programs {
            program.values.clone_from(&program.known);
            program.outputs.fill(0.0);
        }
    }

    /// Forgets its state, as before a new sample.
    pub fn reset(&mut self) {
        self.chip.reset(ResetScope::State);
        for program in &mut self.programs {
            program.outputs.fill(0.0);
        }
    }

    /// Sets the learning rates to those of the network, halved this many times.
    pub fn halve(&mut self, times: u32) {
        for program in &mut self.programs {
            program.rate = (-f64::from(program.params.rate_shift) - f64::from(times)).exp2();
        }
    }

    /// Words that the network senses.
    pub fn sense(&mut self, stimulus: &[i16]) {
        self.chip.stimulus_mut().iter_mut().zip(stimulus).for_each(|(word, own)| *word = *own);
    }

    /// A step; learns from targets in Q3.12, by the words of the target mailbox.
    pub fn step(&mut self, targets: Option<&[i16]>) {
        let targets: Option<Vec<f64>> =
            targets.map(|words| words.iter().map(|word| f64::from(*word) / 4096.0).collect());
        self.step_with(targets.as_deref());
    }

    /// The same with targets in double precision.
    pub fn step_with(&mut self, targets: Option<&[f64]>) {
        self.chip.step();
        for program in &mut self.programs {
            let first = program.params.target_first as usize;
            let own = targets.and_then(|targets| targets.get(first..first + program.outputs.len()));
            // A program that is told nothing does not learn.
            let own = own.filter(|own| own.iter().all(|target| *target > f64::from(NO_TARGET) / 4096.0));
            program.step(self.chip.spikes(), own);
        }
    }

    /// Decoded values of these words of the output mailbox; 0 for words that no decoder writes.
    pub fn outputs(&self, words: Range<u32>) -> Vec<f64> {
        let decoded = |word: u32| {
            let own = |program: &Decoders| {
                let at = word.checked_sub(program.params.output_first)?;
                program.outputs.get(at as usize).copied()
            };
            self.programs.iter().find_map(own).unwrap_or(0.0)
        };
        words.map(decoded).collect()
    }
}
