//! When inputs spike in a trial: `[[spikes]]`.

use crate::by_row::ByRow;
use loihi_net::network::{Entry, Network, SectionError, size};
use loihi_run::inference::Stimulus;
use loihi_snip::Programs;
use serde::{Deserialize, Serialize};

/// Most spikes of a trial.
const SPIKES_MAX: usize = 1 << 22;

/// Spikes of an input in a trial: those of a row come at `at`, `at + every` and so on, `count` in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SpikesForm {
    /// The input, by its name. All elements of a row, that is of its first extent, spike together.
    pub input: String,
    /// Step of the first spike, from 0.
    pub at: ByRow,
    /// Steps from one spike to the next.
    pub every: ByRow,
    /// Number of spikes.
    pub count: ByRow,
}

impl Default for SpikesForm {
    fn default() -> Self {
        Self { input: String::new(), at: ByRow::Same(0.0), every: ByRow::Same(1.0), count: ByRow::Same(1.0) }
    }
}

/// What a network is shown in a trial. `forms` are those of its `[[spikes]]` tables.
///
/// # Errors
/// [`SectionError`] at the offending key.
pub fn stimulus(network: &Network, programs: &Programs, forms: &[SpikesForm]) -> Result<Stimulus, SectionError> {
    let mut spikes = Vec::new();
    for (number, (form, section)) in forms.iter().zip(&network.run.spikes).enumerate() {
        let error = |key: &str, what: String| section.error(&format!("spikes {}", number + 1), key, what);
        if network.steps == 0 {
            let what = "nothing says how many steps a trial has: give `steps` at the top of the file";
            return Err(error("input", what.to_owned()));
        }
        let encoded = |at: usize| programs.stimuli.iter().any(|port| port.input == at);
        let sends = |at: usize| network.inputs[at].entry == Entry::Spikes && !encoded(at);
        let Some(input) = network.inputs.iter().position(|input| input.name == form.input) else {
            let names: Vec<&str> = network.inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(error("input", format!("unknown input `{}`; there are: {}", form.input, names.join(", "))));
        };
        if !sends(input) {
            let what = format!("`{}` takes values, not spikes: give an input that nothing encodes", form.input);
            return Err(error("input", what));
        }
        let shape = &network.inputs[input].shape;
        let rows = shape.first().copied().unwrap_or(0);
        let each = size(shape) / rows.max(1);
        let whole = |key: &str, numbers: &ByRow| numbers.whole(rows).map_err(|what| error(key, what));
        let firsts = whole("at", &form.at)?;
        let (periods, counts) = (whole("every", &form.every)?, whole("count", &form.count)?);
        for (row, ((first, every), count)) in firsts.into_iter().zip(periods).zip(counts).enumerate() {
            let last = u64::from(first) + u64::from(every) * u64::from(count.saturating_sub(1));
            if count > 0 && last >= u64::from(network.steps) {
                let (steps, key) = (network.steps, if count > 1 { "count" } else { "at" });
                let what = format!("row {row} spikes in step {last}, and a trial has {steps} steps, from 0");
                return Err(error(key, what));
            }
            if (spikes.len() as u64).saturating_add(u64::from(count).saturating_mul(each as u64)) > SPIKES_MAX as u64 {
                return Err(error("count", format!("a trial of more than {SPIKES_MAX} spikes: give fewer")));
            }
            for number in 0..count {
                let step = first + every * number;
                spikes.extend((0..each).map(|element| (step, input, row * each + element)));
            }
        }
    }
    Ok(Stimulus::new(network.steps).spikes(spikes))
}
