//! The experiments that are built in: a name, a line that says what it is, a file of parameters, and what reads it.

use super::{ExperimentError, Options, Outcome, Task, Watch, parameters};
use crate::device::session::Session;

macro_rules! experiments {
    ($($variant:ident, $name:literal, $task:ty, $summary:literal;)*) => {
        /// An experiment that is built in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Experiment {
            $(#[doc = $summary] $variant,)*
        }

        impl Experiment {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it is, in a line.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }

            /// Its parameters, as a file that can be copied and changed.
            pub const fn parameters(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../experiments/", $name, ".toml")),)*
                }
            }

            /// The experiment with these parameters.
            ///
            /// # Errors
            /// [`toml::de::Error`] points at the line.
            pub fn task(self, parameters: &str) -> Result<Box<dyn Task>, toml::de::Error> {
                match self {
                    $(Self::$variant => parameters::read::<$task>(parameters),)*
                }
            }
        }
    };
}

experiments! {
    DigitsPes, "digits-pes", super::digits_pes::DigitsPes,
        "8x8 handwritten digits, learned one at a time from raw spikes (PES)";
    DigitsDecolle, "digits-decolle", super::decolle::DecolleTask,
        "8x8 digits, a layer of 128 that learns from its own readout (DECOLLE)";
    DigitsDecolle2, "digits-decolle-2", super::decolle::DecolleTask,
        "8x8 digits, two layers of 128, each with a readout of its own (DECOLLE)";
    DigitsEmstdp, "digits-emstdp", super::emstdp::EmstdpTask,
        "8x8 digits, two layers that learn from spikes of their errors (EMSTDP)";
    DigitsSoelFewshot, "digits-soel-fewshot", super::fewshot::FewShot,
        "three new digits from twenty samples each, on frozen features (SOEL)";
    DigitsContinual, "digits-continual", super::continual::Continual,
        "8x8 digits, two classes after the other, with and without replay (DECOLLE)";
    PesChannel, "pes-channel", super::pes_function::PesFunction,
        "a sine, passed on by 100 compartments whose decoders are learned (PES)";
    PesSquare, "pes-square", super::pes_function::PesFunction,
        "the square of a sine, learned by 100 compartments (PES)";
    PesCore, "pes-core", super::pes_core::PesCore,
        "the sine of pes-channel, its weights learned by the core itself (PES, third factor)";
    StdpPair, "stdp-pair", super::stdp_pair::StdpPair,
        "the window of pairwise STDP: weight change against the distance of two spikes";
    StdpTriplet, "stdp-triplet", super::stdp_triplet::StdpTriplet,
        "triplet STDP: weight change against the rate of pairs of spikes";
    StdpReward, "stdp-reward", super::stdp_reward::StdpReward,
        "two choices, learned from a delayed reward by tags at the synapses";
}

impl Experiment {
    /// The experiment of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|experiment| experiment.name() == name)
    }

    /// Runs it with its own parameters on the device of a session.
    ///
    /// # Errors
    /// [`ExperimentError`]; rows that were handed to `watch` before stay valid.
    pub fn run(
        self,
        session: &mut Session,
        options: &Options,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, ExperimentError> {
        self.task(self.parameters())?.run(session, options, watch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{digits_pes, pes_core, pes_function, stdp_pair, stdp_reward, stdp_triplet};
    use serde::de::DeserializeOwned;

    #[test]
    fn every_file_of_parameters_is_for_its_experiment_and_can_be_read() {
        for experiment in Experiment::ALL {
            let text = experiment.parameters();
            assert_eq!(parameters::experiment(text).unwrap(), experiment.name());
            experiment.task(text).unwrap_or_else(|error| panic!("{}: {error}", experiment.name()));
            let extra = text.replacen('\n', "\nnot_a_parameter = 1\n", 1);
            let error = experiment.task(&extra).unwrap_err().to_string();
            assert!(error.contains("not_a_parameter") && error.contains("line 2"), "{}: {error}", experiment.name());
        }
    }

    fn read<T: DeserializeOwned>(experiment: Experiment) -> T {
        let text = experiment.parameters();
        let line = text.lines().find(|line| line.starts_with("experiment")).unwrap();
        toml::from_str(&text.replacen(line, "", 1)).unwrap()
    }

    #[test]
    fn files_of_parameters_say_what_the_library_begins_with() {
        assert_eq!(read::<digits_pes::DigitsPes>(Experiment::DigitsPes), digits_pes::DigitsPes::default());
        assert_eq!(read::<pes_function::PesFunction>(Experiment::PesChannel), pes_function::PesFunction::channel());
        assert_eq!(read::<pes_function::PesFunction>(Experiment::PesSquare), pes_function::PesFunction::square());
        assert_eq!(read::<pes_core::PesCore>(Experiment::PesCore), pes_core::PesCore::default());
        assert_eq!(read::<stdp_pair::StdpPair>(Experiment::StdpPair), stdp_pair::StdpPair::default());
        assert_eq!(read::<stdp_triplet::StdpTriplet>(Experiment::StdpTriplet), stdp_triplet::StdpTriplet::default());
        assert_eq!(read::<stdp_reward::StdpReward>(Experiment::StdpReward), stdp_reward::StdpReward::default());
    }
}
