//! `clp`: prototypes that are recruited, and move with what they recognise.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::ClpParams;
use loihi_net::network::{Learning, SectionError};
use std::ops::Range;

/// Prototypes.
#[derive(Debug)]
pub(super) struct Clp {
    population: usize,
    connection: usize,
    /// Name of the `clp` whose answer it joins.
    beside: Option<String>,
    params: ClpParams,
}

impl SnipForm for Clp {
    const NAME: &'static str = "clp";
    const ABOUT: &'static str =
        "prototypes: a `population` that does not spike, each recruited for a sample of `classes` that none recognised";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "clp"
population = "hidden"    # integrators that never spike: decay_v = 0, and v_th out of reach
# from = "pixels"        # of several connections into it, which one learns
classes = 10             # 1..=32767
steps = 16               # of a sample, 1..=255; default: the network's, or 16
mode = "adaptive"        # or "allocate": prototypes of 7 bits that never move; default "adaptive"
length = 320             # of a prototype, in steps of the weights, 1..=4095; default 320
similarity_min_256 = 225 # below it a sample is new, in 256ths, 0..=256; default 225
# class_prototypes_max = 1 # most prototypes of a class; default: neurons by classes
rate_min_256 = 0         # least rate of a prototype, in 256ths, 0..=256; default 0
repulsion_256 = 256      # share of its rate by which it moves away from a sample of another class, 0..=256; default 256
# beside = "known"       # another `clp` above, of as many classes and steps: they answer together, by the most similar prototype of
                         # both, and learn each for itself; default: it answers alone
# margin_256 = 0         # with `beside`: what its own must be more similar by, in 256ths, 0..=256; default 0
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let classes = keys.classes()?;
        let network = keys.network();
        let steps = keys.take("steps")?.or(network.sample_steps());
        let most: Option<u32> = keys.take("class_prototypes_max")?;
        let beside: Option<String> = keys.take("beside")?;
        let placed = ["group", "axons", "posts", "classes", "target_first", "output_first", "joins"];
        let params: ClpParams = keys.params(&placed)?;
        if beside.is_none() && params.margin_256 != 0 {
            return Err(
                keys.error("margin_256", "it answers alone: name another `clp` by `beside`, or take `margin_256` out")
            );
        }
        let neurons = u32::try_from(network.populations[population].neurons()).unwrap_or(u32::MAX);
        let params = ClpParams {
            classes,
            steps: steps.unwrap_or(params.steps),
            class_prototypes_max: most.unwrap_or(neurons / classes.max(1)).max(1),
            joins: beside.is_some(),
            ..params
        };
        Ok(Self { population, connection, beside, params })
    }
}

impl Clp {
    /// The output words of the `clp` of this name, which must have the same classes and steps.
    fn output_beside(&self, layout: &Layout<'_>, name: &str) -> Result<Range<u32>, String> {
        let ClpParams { classes, steps, .. } = self.params;
        let mut ports = layout.ports().iter().filter(|port| port.kind == Self::NAME);
        let port = ports.find(|port| port.name == name).ok_or_else(|| {
            format!("no `clp` above is called `{name}`: put that one first, with this `name`, or leave out `beside`")
        })?;
        if port.output.end - port.output.start != classes || port.steps_least != steps {
            return Err(format!("it answers beside `{name}`: give both the same `classes` and `steps`"));
        }
        Ok(port.output.clone())
    }
}

impl Program for Clp {
    fn learns(&self) -> Vec<(usize, Learning)> {
        vec![(self.connection, Learning::by_program())]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let group = layout.group(self.connection)?;
        let teaching = Teaching::Classes { right: 1, wrong: 0 };
        let words = self.params.classes;
        let port = match &self.beside {
            None => layout.port(words, words, teaching),
            Some(name) => {
                let output = self.output_beside(layout, name)?;
                Port { output, ..layout.port(words, 0, teaching) }
            }
        };
        let params = ClpParams {
            group: group.first,
            axons: group.axons,
            posts: group.posts,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let port =
            Port { answers_first: true, steps_least: self.params.steps, populations: vec![self.population], ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
