//! `pes`: decoders of a population, learned from their errors.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::PesParams;
use loihi_net::network::SectionError;

/// Decoders.
#[derive(Debug)]
pub(super) struct Pes {
    population: usize,
    /// Whether they tell classes apart.
    classes: bool,
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
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let [classes, dimensions] = keys.classes_or_dimensions()?;
        let placed = ["compartment_first", "count", "dimensions", "target_first", "output_first"];
        let params: PesParams = keys.params(&placed)?;
        // Without either key it tells the classes of the data apart, if these have any.
        let of_data = Some(keys.network().classes).filter(|classes| *classes > 0 && dimensions.is_none());
        let classes = classes.or(of_data);
        let dimensions = classes.or(dimensions).unwrap_or(params.dimensions);
        Ok(Self { population, classes: classes.is_some(), params: PesParams { dimensions, ..params } })
    }
}

impl Program for Pes {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let compartments = layout.compartments(self.population)?;
        let words = self.params.dimensions;
        let port = layout.port(words, words, Teaching::q12(self.classes, 20));
        let params = PesParams {
            compartment_first: compartments.start,
            count: compartments.end - compartments.start,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let port = Port { populations: vec![self.population], ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
