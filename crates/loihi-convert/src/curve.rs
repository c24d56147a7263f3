//! Accuracy against steps: every sample runs on the emulator once, and is read after each number of steps.

use crate::ann::{Ann, Ready};
use crate::convert::Converted;
use crate::error::ConvertError;
use crate::inputs::forward;
use loihi_core::register::Register;
use loihi_data::Sample;
use loihi_device::inproc::InProcess;
use loihi_files::plural::plural;
use loihi_net::network::{Endpoint, ReadBy};
use loihi_place::place::{PlacementOptions, place};
use loihi_run::inference::present::{Presentation, present};
use loihi_run::inference::{Spike, Stimulus, answer};
use loihi_run::record::score::share;
use loihi_run::runner::{Runner, RunnerError};
use loihi_train::threads::each;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

/// What samples come to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// By number of steps, ascending.
    pub points: Vec<Point>,
    /// Scores of every sample after the most steps.
    pub scores: Vec<Vec<i64>>,
    /// By layer of the ANN.
    pub layers: Vec<LayerFigures>,
    /// Samples.
    pub samples: usize,
    /// Cores.
    pub cores: usize,
    /// Compartments of all neurons.
    pub compartments: usize,
    /// Synaptic events of a sample with the most steps, in the mean.
    pub events: f64,
    /// Spikes of a sample with the most steps, in the mean.
    pub spikes: f64,
}

/// What is read after a number of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Point {
    /// Steps of a sample, without those that spikes take to the readout.
    pub steps: u32,
    /// Samples that were answered right.
    pub right: usize,
    /// Samples of which nothing has come to the readout.
    pub unreached: usize,
    /// Samples without an answer: the readout is silent, or only biases have reached it.
    pub silent: usize,
}

/// A layer beside its population.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LayerFigures {
    /// Its name.
    pub name: String,
    /// Pearson correlation of activations and rates over neurons and samples; of scores by voltage, of scores and voltages. None
    /// if either does not vary.
    pub correlation: Option<f64>,
    /// Spikes a neuron and step.
    pub rate: f64,
    /// Whether a unit of it is active in the ANN, in any sample.
    pub is_active: bool,
}

/// What one sample comes to.
struct Answer {
    scores: Vec<i64>,
    readings: Vec<Reading>,
    moments: Vec<Moments>,
    spikes: Vec<u64>,
    events: u64,
    all_spikes: u64,
}

/// What is read of a sample after a number of steps.
#[derive(Clone, Copy, Debug)]
struct Reading {
    right: bool,
    answered: bool,
    reached: bool,
}

/// Sums for a correlation.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

/// What every sample is compared with.
struct Test<'t> {
    ready: Ready,
    converted: &'t Converted,
    presentation: Presentation,
    samples: &'t [Sample],
    /// Steps at which the readout is read, ascending, with those that spikes take to it.
    ends: Vec<u32>,
}

/// Runs samples; `progress` is told how many are done, and says whether to stop.
///
/// # Errors
/// [`ConvertError`].
pub fn curve(
    ann: &Ann,
    converted: &Converted,
    samples: &[Sample],
    steps: &[u32],
    jobs: NonZeroUsize,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Curve, ConvertError> {
    let network = &converted.network;
    let mut steps = steps.to_vec();
    steps.sort_unstable();
    steps.dedup();
    let test = Test {
        ready: Ready::new(ann).map_err(ConvertError::Network)?,
        converted,
        presentation: Presentation::new(network, 0),
        samples,
        ends: steps.iter().map(|steps| steps.saturating_add(network.late_steps)).collect(),
    };
    let cores = place(network, PlacementOptions::default()).map_err(RunnerError::from)?.usage.len();
    let done = AtomicU64::new(0);
    let numbers: Vec<usize> = (0..samples.len()).collect();
    let mut parts: Vec<&[usize]> = numbers.chunks(numbers.len().div_ceil(jobs.get()).max(1)).collect();
    let answers = each(&mut parts, jobs, |_, part| {
        let mut runner = Runner::new(network.clone(), InProcess::default())?;
        let answer = |number: &usize| {
            let answer = test.answer(&mut runner, *number)?;
            if progress(done.fetch_add(1, Ordering::Relaxed) + 1) { Err(ConvertError::Stopped) } else { Ok(answer) }
        };
        part.iter().map(answer).collect::<Result<Vec<Answer>, ConvertError>>()
    });
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>();
    let point = |(at, steps): (usize, &u32)| {
        let count = |is: fn(&Reading) -> bool| answers.iter().filter(|answer| is(&answer.readings[at])).count();
        Point {
            steps: *steps,
            right: count(|own| own.right),
            unreached: count(|own| !own.reached),
            silent: count(|own| !own.reached || !own.answered),
        }
    };
    let mean = |of: fn(&Answer) -> u64| {
        #[expect(clippy::cast_precision_loss, reason = "a mean may be rounded")]
        let mean = answers.iter().map(of).sum::<u64>() as f64 / samples.len().max(1) as f64;
        mean
    };
    Ok(Curve {
        points: steps.iter().enumerate().map(point).collect(),
        layers: (0..ann.layers.len()).map(|at| figures(ann, at, &answers, network.steps)).collect(),
        samples: samples.len(),
        cores,
        compartments: network.compartments(),
        events: mean(|answer| answer.events),
        spikes: mean(|answer| answer.all_spikes),
        scores: answers.into_iter().map(|answer| answer.scores).collect(),
    })
}

fn figures(ann: &Ann, at: usize, answers: &[Answer], steps: u32) -> LayerFigures {
    let mut moments = Moments::default();
    for answer in answers {
        moments.add(&answer.moments[at]);
    }
    let spikes: u64 = answers.iter().map(|answer| answer.spikes[at]).sum();
    #[expect(clippy::cast_precision_loss, reason = "a rate may be rounded")]
    let turns = (ann.layers[at].neurons() * answers.len()).max(1) as f64 * f64::from(steps);
    #[expect(clippy::cast_precision_loss, reason = "a rate may be rounded")]
    let rate = spikes as f64 / turns;
    let is_active = moments.xx > 0.0;
    LayerFigures { name: ann.layers[at].name.clone(), correlation: moments.correlation(), rate, is_active }
}

impl Test<'_> {
    fn answer(&self, runner: &mut Runner, number: usize) -> Result<Answer, ConvertError> {
        let Self { converted, samples, ends, .. } = self;
        let (network, sample) = (&converted.network, &samples[number]);
        let turn = u32::try_from(number).unwrap_or(u32::MAX);
        let stimulus = present(network, sample, turn, &self.presentation)?;
        let before = runner.ops()?;
        let (spikes, mut scores) = self.run(runner, &stimulus)?;
        let after = runner.ops()?;
        let reaching = reaching(converted, &spikes);
        let by = network.readout.map_or(ReadBy::Spikes, |readout| readout.by);
        let label = sample.label.and_then(|label| usize::try_from(label).ok());
        let reading = |(end, scores): (&u32, &Vec<i64>)| {
            let (answer, reached) = (answer(by, scores), reaching.is_some_and(|first| first < *end));
            Reading { right: label.is_some() && answer == label, answered: answer.is_some(), reached }
        };
        let readings = ends.iter().zip(&scores).map(reading).collect();
        let activations = forward(&self.ready, &samples[number..=number])?;
        let (mut moments, mut counts) = (Vec::new(), Vec::new());
        for (at, (layer, own)) in converted.layers.iter().zip(&activations).enumerate() {
            let mut rates = vec![0.0_f64; own.len()];
            // What comes later does not reach the readout.
            let until = network.steps.saturating_add(layer.first_step);
            let is_own = |spike: &&Spike| spike.population == layer.population && spike.step < until;
            let mut count = 0;
            for spike in spikes.iter().filter(is_own) {
                rates[spike.neuron] += 1.0;
                count += 1;
            }
            counts.push(count);
            if at + 1 == converted.layers.len() && by == ReadBy::Voltage {
                #[expect(clippy::cast_precision_loss, reason = "a voltage is less than 2^24")]
                let voltages = scores.last().map(|scores| scores.iter().map(|own| *own as f64).collect());
                rates = voltages.unwrap_or_default();
            }
            let each = (own.len() / layer.largest.len().max(1)).max(1);
            let scaled = own.iter().enumerate().map(|(at, own)| f64::from(own / layer.largest[at / each]));
            moments.push(Moments::of(scaled.zip(rates)));
        }
        let events = after.synaptic_events.wrapping_sub(before.synaptic_events);
        let all_spikes = after.spikes.wrapping_sub(before.spikes);
        let scores = scores.pop().unwrap_or_default();
        Ok(Answer { scores, readings, moments, spikes: counts, events, all_spikes })
    }

    /// All spikes of a sample, and the scores at each end.
    fn run(&self, runner: &mut Runner, stimulus: &Stimulus) -> Result<(Vec<Spike>, Vec<Vec<i64>>), ConvertError> {
        let Some(readout) = self.converted.network.readout else { return Ok((Vec::new(), Vec::new())) };
        let classes = self.converted.network.populations[readout.population].neurons();
        let (mut spikes, mut scores, mut first) = (Vec::new(), Vec::new(), 0);
        let mut counts = vec![0_i64; classes];
        runner.rest();
        for end in &self.ends {
            let own = stimulus.spikes.iter().filter(|(step, ..)| (first..*end).contains(step));
            let piece = Stimulus {
                steps: end - first,
                spikes: own.map(|(step, input, element)| (step - first, *input, *element)).collect(),
                // Biases and values stay.
                biases: if first == 0 { stimulus.biases.clone() } else { Vec::new() },
                values: if first == 0 { stimulus.values.clone() } else { Vec::new() },
            };
            let more = runner.advance(&piece)?;
            for spike in more.iter().filter(|spike| spike.population == readout.population) {
                counts[spike.neuron] += 1;
            }
            spikes.extend(more);
            scores.push(match readout.by {
                ReadBy::Voltage => runner.read(Register::V, readout.population)?.into_iter().map(i64::from).collect(),
                _ => counts.clone(),
            });
            first = *end;
        }
        Ok((spikes, scores))
    }
}

/// The first step in which something that stands for a sample can reach the readout, by what leads to it.
fn reaching(converted: &Converted, spikes: &[Spike]) -> Option<u32> {
    let network = &converted.network;
    let readout = network.readout?.population;
    let into = network.connections.iter().filter(|own| own.to == readout);
    let arrives = into.filter_map(|connection| {
        let delays = connection.delay.values().iter().map(|delay| delay.get().unsigned_abs());
        let spikes = match connection.from {
            Endpoint::Input(_) => Some(0),
            Endpoint::Population(from) if from == converted.start || from == readout => None,
            Endpoint::Population(from) => spikes.iter().find(|own| own.population == from).map(|own| own.step + 1),
        };
        Some(spikes? + delays.min()?)
    });
    arrives.min()
}

impl Moments {
    fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut own = Self::default();
        for (x, y) in pairs {
            own.add(&Self { count: 1.0, x, y, xx: x * x, yy: y * y, xy: x * y });
        }
        own
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }

    fn correlation(&self) -> Option<f64> {
        let Self { count, x, y, xx, yy, xy } = *self;
        let [of_x, of_y] = [count * xx - x * x, count * yy - y * y];
        (of_x > 0.0 && of_y > 0.0).then(|| (count * xy - x * y) / (of_x * of_y).sqrt())
    }
}

impl Curve {
    /// Share of samples classified correctly at a point; `None` if nothing but biases has reached the readout in any sample.
    pub fn accuracy(&self, point: &Point) -> Option<f64> {
        (point.silent < self.samples).then(|| share(point.right, self.samples))
    }

    /// What users should know: steps after which the readout answers less than half of the samples, with the reason.
    pub fn warnings(&self) -> Vec<String> {
        let Some(point) = self.points.iter().rfind(|point| 2 * point.silent > self.samples) else { return Vec::new() };
        let mut before = self.layers.iter().take(self.layers.len().saturating_sub(1));
        let why = match before.find(|layer| layer.rate == 0.0 && !layer.is_active) {
            Some(layer) => format!(
                "`{}` did not spike, and is not active in the ANN: calibrate with samples like those of the test",
                layer.name
            ),
            None if 2 * point.unreached > self.samples => {
                "the first spikes take longer to it: give more --steps".to_owned()
            }
            None => "what comes to it does not pass its threshold: give more --steps, or --readout voltage".to_owned(),
        };
        let which = if point.silent == self.samples {
            "any sample".to_owned()
        } else {
            format!("{} of {}", point.silent, plural(self.samples, "sample"))
        };
        vec![format!("the readout has no answer to {which} after {}: {why}", plural(point.steps as usize, "step"))]
    }
}
