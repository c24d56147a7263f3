//! Arguments whose types come from the libraries, which know no command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use host_harness::Choice;
use host_harness::probe::Probe;
use host_harness::samples::RecordingOptions;

/// Takes the name of a value; help lists all, with a line each.
pub(super) fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let values = T::ALL.iter().map(|value| PossibleValue::new(value.name()).help(value.about().trim()));
    PossibleValuesParser::new(values).try_map(|name| T::of_name(&name).ok_or("no such value"))
}

/// What is recorded besides metrics.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RecordArgs {
    /// Sample a register: [POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N (`loihi list --registers`); needs --out or --resume
    #[arg(long = "probe", value_name = "PROBE", requires = "folder")]
    probes: Vec<Probe>,
    /// Record every spike, as --probe spikes does; needs --out or --resume
    #[arg(long, requires = "folder")]
    spikes: bool,
}

impl RecordArgs {
    /// The same, for a recorder.
    pub(super) fn recording(&self) -> RecordingOptions {
        RecordingOptions { probes: self.probes.clone(), spikes: self.spikes }
    }
}
