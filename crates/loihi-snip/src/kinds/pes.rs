//! `pes`: decoders of a population, learned from their errors.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::num::Q8_24;
use loihi_core::rules::PesParams;
use loihi_net::network::SectionError;

/// A rate at which no error moves a decoder: the largest is rounded away.
const RATE_SHIFT_NEVER: u32 = 31;

/// Keys of decoders that learn.
const OF_LEARNING: [&str; 3] = ["rate_shift", "pre_synapse", "error_given"];

/// Decoders.
#[derive(Debug)]
pub(super) struct Pes {
    population: usize,
    /// Whether they tell classes apart.
    classes: bool,
    /// Those of the start, Q8.24, an output after the other for each neuron; empty for 0.
    decoders: Vec<i32>,
    /// Whether they learn.
    learns: bool,
    params: PesParams,
}

impl SnipForm for Pes {
    const NAME: &'static str = "pes";
    const ABOUT: &'static str =
        "decoders of a `population` for `classes`, or values of `dimensions`, learned from their errors";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "pes"
population = "hidden"    # whose spikes are decoded
dimensions = 1           # outputs, whose targets are values; default 1
# classes = 10           # instead: an output for each class
rate_shift = 10          # every bit more halves the learning rate, 0..=31; default 10
decay_y = 46             # what the readout loses of its distance to the sum in a step, 256ths, 1..=256; default 46
pre_synapse = "raw"      # what decoders learn from: spikes, their "trace", or a "delayed-error"; default "raw"
error_given = false      # whether targets are the errors themselves; default false
learn = true             # false: a readout whose decoders stay, and that takes no targets; default true
# decoders = [0.5, -0.5] # those of the start, what a spike per step of each neuron is worth: a number for each output of the
                         # first neuron, of the second, ..., -128.0 to 127.9; default 0.0
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let [classes, dimensions] = keys.classes_or_dimensions()?;
        let placed = ["compartment_first", "count", "dimensions", "target_first", "output_first"];
        let learns = keys.take("learn")?.unwrap_or(true);
        let decoders: Option<Vec<f64>> = keys.take("decoders")?;
        if let Some(key) = keys.any_of(&OF_LEARNING).filter(|_| !learns) {
            return Err(keys.error(key, format!("`{key}` does nothing with `learn = false`: leave it out")));
        }
        let params: PesParams = keys.params(&placed)?;
        // Without either key it tells the classes of the data apart, if these have any.
        let of_data = Some(keys.network().classes).filter(|classes| *classes > 0 && dimensions.is_none());
        let classes = classes.or(of_data);
        let dimensions = classes.or(dimensions).unwrap_or(params.dimensions);
        let rate_shift = if learns { params.rate_shift } else { RATE_SHIFT_NEVER };
        let wanted = keys.network().populations[population].neurons().saturating_mul(dimensions as usize);
        let decoders = decoders.map_or_else(|| Ok(Vec::new()), |given| fixed(keys, &given, wanted))?;
        let params = PesParams { dimensions, rate_shift, ..params };
        Ok(Self { population, classes: classes.is_some(), decoders, learns, params })
    }
}

/// Decoders in Q8.24.
fn fixed(keys: &Keys<'_>, given: &[f64], wanted: usize) -> Result<Vec<i32>, SectionError> {
    if given.len() != wanted {
        let found = given.len();
        let what = format!("{found} decoders for {wanted}: give one for each output of each neuron");
        return Err(keys.error("decoders", what));
    }
    if let Some(value) = given.iter().find(|value| !(-128.0..127.99).contains(*value)) {
        return Err(keys.error("decoders", format!("{value} is out of the range of a decoder, -128.0 to 127.9")));
    }
    Ok(given.iter().map(|value| Q8_24::from_num(*value).to_bits()).collect())
}

impl Program for Pes {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let compartments = layout.compartments(self.population)?;
        let words = self.params.dimensions;
        let port = layout.port(if self.learns { words } else { 0 }, words, Teaching::q12(self.classes, 20));
        if !self.learns {
            layout.target_at_least(words);
        }
        if !self.decoders.is_empty() {
            layout.known(self.decoders.clone());
        }
        let params = PesParams {
            compartment_first: compartments.start,
            count: compartments.end - compartments.start,
            target_first: if self.learns { port.target.start } else { 0 },
            output_first: port.output.start,
            ..self.params
        };
        let takes_errors = self.params.error_given;
        let port = Port { populations: vec![self.population], takes_errors, ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
