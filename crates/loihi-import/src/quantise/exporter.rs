//! What simulators mean by the files they write, where NIR leaves it open: the duration of a step, the integrator, what an
//! input adds, what a spike does to the voltage.
//!
//! Sources: the code that writes the files, and the neurons of the same packages, as they stood in 2026; `docs/import.md`
//! names the files. Files do not say who wrote them, but for those of this project.

use super::neuron::{Neurons, neurons};
use super::step::step;
use super::{Gain, IfInput, Integrator, QuantiseOptions, Reset};
use loihi_files::choice::Choice as _;
use loihi_net::network::size;
use loihi_nir::import::NodeError;
use loihi_nir::{Graph, NirNode};
use std::fmt::Write as _;

loihi_files::choices! {
    /// What has written a file.
    #[non_exhaustive]
    pub enum Exporter {
        /// snnTorch
        Snntorch = "snntorch",
        /// Norse
        Norse = "norse",
        /// Sinabs
        Sinabs = "sinabs",
        /// SpikingJelly
        Spikingjelly = "spikingjelly",
        /// Spyx
        Spyx = "spyx",
        /// Rockpool
        Rockpool = "rockpool",
        /// Nengo: the scripts in NIR's repository
        Nengo = "nengo",
        /// lava-dl: the script in NIR's documentation that converts .net files
        LavaDl = "lava-dl",
        /// hxtorch, for BrainScaleS-2
        Hxtorch = "hxtorch",
        /// SpiNNaker2, which only reads files
        Spinnaker2 = "spinnaker2",
    }
}

impl Exporter {
    /// What it means, as options.
    pub const fn options(self) -> QuantiseOptions {
        let plain = QuantiseOptions {
            dt: None,
            dt_else: None,
            integrator: Integrator::Euler,
            gain: Gain::File,
            reset: Reset::AsFile,
            if_input: IfInput::Step,
            input: super::InputAs::Spikes,
            steps: 0,
            known: true,
        };
        let exp = Integrator::Exp;
        match self {
            Self::Snntorch => QuantiseOptions { dt_else: Some(1e-4), reset: Reset::Subtract, ..plain },
            Self::Norse | Self::Hxtorch => QuantiseOptions { dt_else: Some(1e-3), gain: Gain::WholeCurrent, ..plain },
            Self::Sinabs => QuantiseOptions {
                dt_else: Some(1.0),
                integrator: exp,
                gain: Gain::WholeSilent,
                reset: Reset::Subtract,
                ..plain
            },
            Self::Spikingjelly => QuantiseOptions { dt_else: Some(1e-4), if_input: IfInput::Time, ..plain },
            Self::Spyx => QuantiseOptions { dt_else: Some(1.0), gain: Gain::Whole, reset: Reset::Subtract, ..plain },
            Self::Rockpool => QuantiseOptions {
                dt_else: Some(1e-3),
                integrator: Integrator::Impulse,
                gain: Gain::Decayed,
                reset: Reset::Subtract,
                ..plain
            },
            Self::Nengo => QuantiseOptions { dt_else: Some(1e-3), integrator: exp, reset: Reset::Zero, ..plain },
            Self::LavaDl => QuantiseOptions { dt_else: Some(1e-4), reset: Reset::Zero, ..plain },
            Self::Spinnaker2 => {
                QuantiseOptions { dt_else: Some(1.0), integrator: exp, reset: Reset::Subtract, ..plain }
            }
        }
    }

    /// What the simulator does and the chip does not, for a sentence; nothing if that is nothing.
    pub const fn differs(self) -> Option<&'static str> {
        match self {
            Self::Snntorch | Self::Norse | Self::LavaDl => None,
            Self::Sinabs | Self::Rockpool => {
                Some("it fires from the threshold on, several times a step if need be; the chip above it, and once")
            }
            Self::Spikingjelly => Some("it fires from the threshold on, the chip above it"),
            Self::Spyx => Some("its spikes come a step later from each layer"),
            Self::Nengo => Some("its voltages do not go below 0, and start at random"),
            Self::Hxtorch => Some("its voltage sees the current a step later"),
            Self::Spinnaker2 => Some("it only reads files: so does its reader take them"),
        }
    }
}

/// How a graph would be read as each exporter means it, a line for each that gives another network;
/// `taken` is how it is read. Nothing for a file that this project wrote, which alone has late steps.
///
/// # Errors
/// As [`super::quantise`], of how it is read.
pub(super) fn otherwise(graph: &Graph, taken: QuantiseOptions) -> Result<Vec<String>, NodeError> {
    if graph.late_steps.is_some() {
        return Ok(Vec::new());
    }
    let Some((name, node)) = graph.nodes.iter().find(|(_, node)| super::neuron::is_neuron(node)) else {
        return Ok(Vec::new());
    };
    let Some(own) = Reading::of(graph, name, node, taken)? else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for exporter in Exporter::ALL {
        let options = QuantiseOptions { dt: taken.dt, input: taken.input, steps: taken.steps, ..exporter.options() };
        let Ok(Some(other)) = Reading::of(graph, name, node, options) else { continue };
        let differences = other.against(&own);
        if !differences.is_empty() {
            lines.push(format!("  --as {:12} {}", exporter.name(), differences.join(", ")));
        }
    }
    if !lines.is_empty() {
        let title = format!("Files do not say who wrote them. `{name}` ({}) would otherwise have:", node.type_name());
        lines.insert(0, title);
    }
    Ok(lines)
}

/// What one way of reading makes of a neuron.
struct Reading {
    /// Duration of a step, if it matters.
    dt: Option<f64>,
    reset: Reset,
    fires: bool,
    neurons: Neurons,
}

impl Reading {
    /// `None` if the node has no neurons.
    fn of(graph: &Graph, name: &str, node: &NirNode, options: QuantiseOptions) -> Result<Option<Self>, NodeError> {
        let step = step(graph, options)?;
        let arrays = node.arrays();
        let shapes = arrays.iter().map(|(_, array)| array.shape());
        let shape = shapes.max_by_key(|shape| size(shape)).unwrap_or_default();
        let Some(neurons) = neurons(name, node, shape, &step, options)? else { return Ok(None) };
        let dt = arrays.iter().any(|(field, _)| field.starts_with("tau")).then_some(step.dt);
        // A file without a voltage to reset to has 0.
        let to_zero = node.array("v_reset").is_none_or(|reset| reset.real().iter().all(|own| *own == 0.0));
        let reset = if options.reset == Reset::AsFile && to_zero { Reset::Zero } else { options.reset };
        Ok(Some(Self { dt, reset, fires: neurons.threshold.is_some(), neurons }))
    }

    /// In which it is another one, in words.
    fn against(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut number = |what: &str, own: f64, other: f64| {
            if (own - other).abs() > 1e-3 * other.abs() {
                let mut text = String::new();
                let own = super::step::short(own);
                let _ = if own.abs() < 1e-4 { write!(text, "{what} {own:e}") } else { write!(text, "{what} {own}") };
                differences.push(text);
            }
        };
        let first = |values: &[f64]| values.first().copied().unwrap_or(0.0);
        if let Some((own, other)) = self.dt.zip(other.dt) {
            number("dt", own, other);
        }
        number("v keeps", first(&self.neurons.keep_v), first(&other.neurons.keep_v));
        number("u keeps", first(&self.neurons.keep_u), first(&other.neurons.keep_u));
        number("an input of 1 adds", first(&self.neurons.gain), first(&other.neurons.gain));
        if self.fires && self.reset != other.reset {
            differences.push(match self.reset {
                Reset::Zero => "a spike sets v to 0".to_owned(),
                Reset::Subtract => "a spike takes the threshold off".to_owned(),
                Reset::AsFile => "a spike sets v to v_reset".to_owned(),
            });
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of the documentation's table.
    fn line(word: &str, options: QuantiseOptions) -> String {
        let keeps = match options.integrator {
            Integrator::Euler => "1 - dt/τ",
            Integrator::Exp | Integrator::Impulse => "e^(-dt/τ)",
        };
        let share = match options.integrator {
            Integrator::Euler | Integrator::Impulse => "dt/τ",
            Integrator::Exp => "(1 - e^(-dt/τ))",
        };
        let [lif, current] = match options.gain {
            Gain::File | Gain::WholeSilent => [format!("r {share}"), format!("w_in {}", share.replace('τ', "τ_syn"))],
            Gain::WholeCurrent => [format!("r {share}"), "w_in".to_owned()],
            Gain::Whole => ["1".to_owned(), "1".to_owned()],
            Gain::Decayed => ["1".to_owned(), "e^(-dt/τ_syn)".to_owned()],
        };
        let charge = if options.if_input == IfInput::Time { "r dt" } else { "r" };
        let spike = match options.reset {
            Reset::AsFile => "sets v to `v_reset`",
            Reset::Zero => "sets v to 0",
            Reset::Subtract => "takes the threshold off",
        };
        let dt = options.dt_else.map_or_else(String::new, |dt| format!("{dt}"));
        format!("| `{word}` | {dt} | {keeps} | {lif} | {current} | {charge} | {spike} |")
    }

    #[test]
    fn the_documentation_says_what_is_assumed() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/import.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table: Vec<&str> =
            page.split("<!-- ").nth(1).unwrap().lines().filter(|line| line.starts_with('|')).skip(2).collect();
        let exporters = Exporter::ALL;
        let wanted: Vec<String> = exporters.iter().map(|exporter| line(exporter.name(), exporter.options())).collect();
        assert_eq!(table, wanted, "docs/import.md should have:\n{}", wanted.join("\n"));
    }
}
