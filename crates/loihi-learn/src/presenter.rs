//! From a sample to what the mailboxes and inputs of a placed network take.

use loihi_core::tools::local_error::NO_TARGET;
use loihi_data::{Sample, SampleData};
use loihi_files::plural::plural;
use loihi_net::network::Network;
use loihi_place::place::Placed;
use loihi_run::inference::Stimulus;
use loihi_run::inference::labels::check_labels;
use loihi_run::inference::present::{Presentation, check_recordings, input_of, present};
use loihi_snip::{Port, Programs, StimulusPort, Teaching};
use loihi_task::samples::Samples;
use loihi_task::task::ExperimentError;

/// How samples are shown to a network, and what it is taught.
#[derive(Debug)]
pub struct Presenter<'n> {
    network: &'n Network,
    programs: &'n Programs,
    presentation: Presentation,
    /// The program that makes spikes of the values, if one does.
    encoder: Option<&'n StimulusPort>,
    steps: Option<u32>,
}

impl<'n> Presenter<'n> {
    /// To the input of this name, or the only one.
    ///
    /// # Errors
    /// [`ExperimentError::Present`]; [`ExperimentError::Plan`] for an input whose encoder always has the same value.
    pub fn new(
        network: &'n Network,
        placed: &'n Placed,
        input: Option<&str>,
        steps: Option<u32>,
    ) -> Result<Self, ExperimentError> {
        let input = input_of(network, input)?;
        let programs = &placed.programs;
        let weighted = |at: usize| matches!(network.inputs[at].entry, loihi_net::network::Entry::Weighted(_));
        let encoder = programs.stimuli.iter().find(|port| port.input == input && !weighted(input));
        if encoder.is_some_and(|port| port.held.is_some()) {
            let name = &network.inputs[input].name;
            let what = format!(
                "samples are shown to the input `{name}`, whose encoder always has the same `value`: leave `value` out, or \
                 show them to another input"
            );
            return Err(ExperimentError::Plan(what));
        }
        let mut presentation = Presentation::new(network, input);
        presentation.steps = steps;
        let steps = steps.or(Some(network.steps).filter(|steps| *steps > 0));
        Ok(Self { network, programs, presentation, encoder, steps })
    }

    /// Whether every sample fits what the network takes, and what it can be taught, before anything runs.
    ///
    /// # Errors
    /// [`ExperimentError`] names the first sample that does not.
    pub fn check(&self, network: &Network, samples: &Samples) -> Result<(), ExperimentError> {
        let taught: Vec<usize> = (0..self.programs.ports.len()).collect();
        let legend = samples.legends.first().cloned().unwrap_or_default();
        for sample in samples.training.iter().chain(&samples.test) {
            match self.words(sample, 0) {
                Err(ExperimentError::Unfit { data, what }) => {
                    return Err(ExperimentError::Unfit { data, what: what + &legend.aside() });
                }
                words => drop(words?),
            }
            self.targets(&taught, sample)?;
        }
        if self.encoder.is_none() {
            check_recordings(network, samples.training.iter().chain(&samples.test), &self.presentation, &legend)?;
        }
        if self.programs.ports.is_empty() {
            check_labels(network, &samples.training)?;
            check_labels(network, &samples.test)?;
        }
        Ok(())
    }

    /// Whether the embedded CPU makes all spikes itself: then samples go to the device several at a time.
    pub const fn is_plain(&self) -> bool {
        self.encoder.is_some()
    }

    /// Steps of a sample, where all have as many.
    pub const fn steps(&self) -> Option<u32> {
        self.steps
    }

    /// Words of the stimulus mailbox: the values, then the key that names the showing.
    ///
    /// # Errors
    /// [`ExperimentError::Unfit`] if the sample does not fit the input.
    pub fn words(&self, sample: &Sample, key: u32) -> Result<Vec<i16>, ExperimentError> {
        let Some(port) = self.encoder else { return Ok(Vec::new()) };
        let unfit = |what: String| ExperimentError::Unfit { data: format!("sample {}", sample.name), what };
        let mut values: Vec<i16> = match (&sample.data, port.is_q12) {
            (SampleData::Values { values, .. }, false) => values.iter().map(|value| i16::from(*value)).collect(),
            (SampleData::Values { values, .. }, true) => {
                values.iter().map(|value| q12(f64::from(*value) / 255.0)).collect()
            }
            (SampleData::Reals { values, .. }, true) => values.iter().map(|value| q12(f64::from(*value))).collect(),
            _ => {
                return Err(unfit(
                    "its input takes values, which a program encodes, and it is something else".to_owned(),
                ));
            }
        };
        values.extend(port.constant);
        if values.len() != port.words.len() {
            let input = &self.network.inputs[port.input];
            let constant = usize::from(port.constant.is_some());
            let [found, expected] = [values.len(), port.words.len()].map(|count| count.saturating_sub(constant));
            let (name, shape) = (&input.name, &input.shape);
            let what = format!("it has {found} values, and the input `{name}` takes {expected}, of shape {shape:?}");
            return Err(unfit(what));
        }
        let mut words = self.programs.stimulus();
        let mut put = |first: u32, values: &[i16]| {
            words.iter_mut().skip(first as usize).zip(values).for_each(|(word, value)| *word = *value);
        };
        put(port.words.start, &values);
        if let Some(first) = port.key_first {
            let [a, b, c, d] = key.to_le_bytes();
            put(first, &[i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])]);
        }
        Ok(words)
    }

    /// The input that a program encodes, and the words that it takes of a sample.
    ///
    /// # Errors
    /// As [`Presenter::words`].
    pub fn values(&self, sample: &Sample, key: u32) -> Result<(usize, Vec<i16>), ExperimentError> {
        let words = self.words(sample, key)?;
        let Some(port) = self.encoder else { return Ok((0, words)) };
        Ok((port.input, words.get(port.words.start as usize..port.end() as usize).unwrap_or_default().to_vec()))
    }

    /// What the network is shown, spikes and biases included; `number` names the showing.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn stimulus(&self, sample: &Sample, number: u32) -> Result<Stimulus, ExperimentError> {
        Ok(present(self.network, sample, number, &self.presentation)?)
    }

    /// Words of the target mailbox: those of the programs that learn; the others are told nothing.
    ///
    /// # Errors
    /// [`ExperimentError::Unfit`] if the sample lacks the class or the values that a program learns.
    pub fn targets(&self, taught: &[usize], sample: &Sample) -> Result<Vec<i16>, ExperimentError> {
        let mut targets = vec![NO_TARGET; self.programs.words[1] as usize];
        for port in taught.iter().filter_map(|at| self.programs.ports.get(*at)) {
            let own = target_of(port, sample)?;
            targets.iter_mut().skip(port.target.start as usize).zip(own).for_each(|(word, own)| *word = own);
        }
        Ok(targets)
    }
}

/// What a program is told of a sample.
fn target_of(port: &Port, sample: &Sample) -> Result<Vec<i16>, ExperimentError> {
    let unfit = |what: String| ExperimentError::Unfit { data: format!("sample {}", sample.name), what };
    let words = port.target.len();
    if words == 0 {
        return Ok(Vec::new());
    }
    match port.teaching {
        Teaching::Classes { right, wrong } => {
            let label = sample.label.ok_or_else(|| {
                unfit(format!(
                    "it has no class, and `{}` learns classes: give one in `y`, or a column `label`",
                    port.name
                ))
            })?;
            if label as usize >= words {
                return Err(unfit(format!("it is of class {label}, and `{}` has {words} classes, from 0", port.name)));
            }
            Ok((0..words).map(|class| if class == label as usize { right } else { wrong }).collect())
        }
        Teaching::Values { target_fraction_bits, .. } => {
            let (found, each) = (sample.targets.len(), port.words_per_target.max(1) as usize);
            if found != words / each {
                let wanted = words / each;
                return Err(unfit(format!(
                    "it has {}, and `{}` learns {wanted}: give as many in `y`",
                    plural(found, "target"),
                    port.name
                )));
            }
            let values = sample.targets.iter().map(|target| fixed(f64::from(*target), target_fraction_bits));
            Ok(values.flat_map(|value| std::iter::repeat_n(value, each)).collect())
        }
        _ => Ok(vec![NO_TARGET; words]),
    }
}

/// Q3.12, saturating.
fn q12(value: f64) -> i16 {
    fixed(value, 12)
}

/// A number in units of 2^-`bits`, rounded half away from 0, saturating; never the word that says nothing.
#[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
pub(crate) fn fixed(value: f64, bits: u32) -> i16 {
    ((value * f64::from(1_u32 << bits)).round() as i16).max(NO_TARGET + 1)
}
