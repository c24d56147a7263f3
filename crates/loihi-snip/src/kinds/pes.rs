//! `pes`: decoders of a population, learned from their errors.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::{Layout, Ported};
use crate::ports::Teaching;
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

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let classes: Option<u32> = keys.take("classes")?;
        let dimensions: Option<u32> = keys.take("dimensions")?;
        if classes.is_some() && dimensions.is_some() {
            return Err(keys.error("classes", "give either `classes` or `dimensions`"));
        }
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
        let teaching = if self.classes {
            // 1.0 in Q3.12.
            Teaching::Classes { right: 4096, wrong: 0 }
        } else {
            Teaching::Values { target_fraction_bits: 12, output_fraction_bits: 20 }
        };
        let words = self.params.dimensions;
        let (target, output) = (layout.target(words, teaching), layout.output(words));
        let params = PesParams {
            compartment_first: compartments.start,
            count: compartments.end - compartments.start,
            target_first: target.start,
            output_first: output.start,
            ..self.params
        };
        let rate = layout.program(table, &params);
        layout.port(Ported {
            target,
            output,
            teaching,
            rates: vec![rate],
            answers_first: false,
            populations: vec![self.population],
        });
        Ok(())
    }
}
