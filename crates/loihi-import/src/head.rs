//! A network without its last layer, and a head that learns in its place.
//!
//! ```
//! use loihi_import::head::{Head, replace_last_layer};
//! use loihi_import::quantise::{Exporter, quantise};
//! use std::path::Path;
//!
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/mnist_fc128.nir");
//! let graph = loihi_nir::read(Path::new(file))?;
//! let mut imported = quantise(&graph, "mnist", Exporter::Snntorch.options().with_steps(12))?;
//! replace_last_layer(&mut imported, Head::Clp, None)?;
//! let names: Vec<&str> = imported.network.populations.iter().map(|own| own.name.as_str()).collect();
//! assert_eq!(names.last(), Some(&"head"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use loihi_core::num::WeightExponent;
use loihi_net::network::{Connection, Endpoint, Entry, Network, Population, Section};
use loihi_nir::import::{Imported, NodeError};

loihi_files::choices! {
    /// What learns in the place of the last layer.
    pub enum Head {
        /// Prototypes, one a class, which become the means of what they are shown
        Clp = "clp",
        /// A neuron a class, whose weights the core changes wherever it errs
        Soel = "soel",
        /// Prototypes that stay once they are known, and others beside them that a user adds
        ClpUser = "clp-user",
    }
}

/// Longest prototype that is asked for, in steps of the weights, and the shortest that is precise enough.
const LENGTHS: [f64; 2] = [320.0, 128.0];

/// Prototypes a class of `clp-user`: of what is known, and of the user.
const PROTOTYPES: [usize; 2] = [5, 8];
/// Margin by which a word must be more similar to the user's prototypes than to the known ones, in 256ths, so that
/// others lose less.
const USER_MARGIN_256: i64 = 2;

/// Epochs in which a head of spiking neurons learns a few samples.
const SOEL_EPOCHS: i64 = 10;

/// A part of a head: neurons, the exponent of the weights into them, and the program that teaches them.
struct Part {
    population: Population,
    weights_exp: i32,
    snip: Section,
}

/// Takes the last layer off, and connects a head with weights of 0 to what came before it: a population `head` of `classes`
/// neurons (as many as the last layer had, if it is `None`) and its `[[snip]]`; of [`Head::ClpUser`] two, `known` and `user`, with
/// several neurons a class. What is left keeps its weights.
///
/// # Errors
/// [`NodeError`] if the network has no readout, no steps of a sample, or no single layer of neurons before the last one.
pub fn replace_last_layer(imported: &mut Imported, head: Head, classes: Option<usize>) -> Result<(), NodeError> {
    let network = &mut imported.network;
    let last = network.readout.map(|readout| readout.population);
    let last =
        last.ok_or_else(|| NodeError::whole("no layer is the last one: a head needs a network with one output"))?;
    let steps = network.sample_steps().ok_or_else(|| {
        NodeError::whole("a head learns at the end of a sample, and nothing says when that is: give --steps")
    })?;
    let features = features(network, last)?;
    let old = network.name_of(Endpoint::Population(last)).to_owned();
    let from = network.name_of(Endpoint::Population(features)).to_owned();
    let neurons = network.populations[features].neurons();
    let classes = classes.unwrap_or_else(|| network.populations[last].neurons());
    let head_neurons = classes.saturating_mul(if head == Head::ClpUser { PROTOTYPES.into_iter().sum() } else { 1 });
    if classes == 0 || neurons.checked_mul(head_neurons).is_none_or(|own| own > loihi_net::network::SYNAPSES_MAX) {
        return Err(NodeError::whole(format!("a head of {classes} classes on {neurons} neurons cannot be built")));
    }
    let sources: Vec<Endpoint> = network.connections.iter().filter(|own| own.to == last).map(|own| own.from).collect();
    network.connections.retain(|own| own.to != last);
    network.probes.retain(|probe| probe.of.as_ref().is_none_or(|of| of.population != old));
    network.readout = None;
    let (parts, learns) = parts(network, head, (classes, neurons, steps), last)?;
    for (number, Part { population, weights_exp, snip }) in parts.into_iter().enumerate() {
        let posts = population.neurons();
        let to = if number == 0 {
            network.populations[last] = population;
            Endpoint::Population(last)
        } else {
            network.population(population)
        };
        network.connect(
            Connection::new(Endpoint::Population(features), to, vec![0; neurons * posts])
                .wgt_exp(WeightExponent::saturating(weights_exp)),
        );
        network.snips.push(snip);
    }
    let mut unused: Vec<usize> = sources.into_iter().filter_map(|from| leads_nowhere(network, from)).collect();
    unused.sort_unstable();
    unused.dedup();
    unused.into_iter().rev().for_each(|at| remove(network, at));
    let twin = || Section::new([("float_prototypes", from.clone())]);
    network.run.task = match head {
        Head::Clp => Some(twin()),
        Head::Soel => Some(twin().with("epochs", SOEL_EPOCHS)),
        // Class means are no twin of two layers that answer together.
        Head::ClpUser => None,
    };
    network.run.train = None;
    // Rates that suit few samples are below what the core's own rules can express.
    network.beyond_the_chip |= head == Head::Soel;
    imported
        .said
        .push(format!("The last layer, `{old}`, is left out: {learns} {classes} classes from the spikes of `{from}`."));
    network.check().map_err(|error| NodeError::whole(error.to_string()))
}

/// The populations and programs of a head, for this many classes, input neurons and steps, and a phrase that says which of them
/// learn.
fn parts(
    network: &Network,
    head: Head,
    (classes, neurons, steps): (usize, usize, u32),
    last: usize,
) -> Result<(Vec<Part>, String), NodeError> {
    let free = |name: &str| free_name(network, name, last);
    match head {
        Head::Clp | Head::Soel => {
            let name = free("head");
            let part =
                if head == Head::Clp { clp(&name, [classes, 1], neurons, steps)? } else { soel(&name, classes, steps) };
            Ok((vec![part], format!("`{name}` learns")))
        }
        Head::ClpUser => {
            let [known_each, user_each] = PROTOTYPES;
            let [known, user] = ["known", "user"].map(free);
            let mut parts = [
                clp(&known, [classes, known_each], neurons, steps)?,
                clp(&user, [classes, user_each], neurons, steps)?,
            ];
            let added = |snip: &Section, name: &str| snip.clone().with("name", name.to_owned());
            // By the default of `clp` only a word unlike all prototypes takes one of its own.
            parts[0].snip = added(&parts[0].snip, &known);
            // Every sample of the user becomes a prototype while one is free.
            parts[1].snip = added(&parts[1].snip, &user)
                .with("similarity_min_256", 256)
                .with("beside", known.clone())
                .with("margin_256", USER_MARGIN_256);
            Ok((parts.into(), format!("`{known}`, and `{user}` beside it, learn")))
        }
    }
}

/// The only population that leads to the last one.
fn features(network: &Network, last: usize) -> Result<usize, NodeError> {
    let name = network.name_of(Endpoint::Population(last));
    let is_last = Endpoint::Population(last);
    if let Some(back) = network.connections.iter().find(|own| own.from == is_last && own.to != last) {
        let to = network.name_of(Endpoint::Population(back.to));
        return Err(NodeError::whole(format!(
            "the last layer, `{name}`, leads back to `{to}`, and so cannot be left out: import it without --head"
        )));
    }
    let driven = |at: usize| network.inputs.iter().any(|input| input.entry.driven() == Some(at));
    let takes = |at: usize| {
        let own = Endpoint::Population(at);
        driven(at) || network.connections.iter().any(|other| other.to == at && other.from != own)
    };
    let is_source = |from: Endpoint| match from {
        Endpoint::Input(_) => true,
        // What nothing leads to is a bias.
        Endpoint::Population(at) => at != last && takes(at),
    };
    let from = network.connections.iter().filter(|own| own.to == last).map(|own| own.from);
    let mut before: Vec<Endpoint> = from.filter(|from| is_source(*from)).collect();
    let inputs = network.inputs.iter().enumerate().filter(|(_, input)| input.entry.driven() == Some(last));
    before.extend(inputs.map(|(at, _)| Endpoint::Input(at)));
    before.sort_unstable();
    before.dedup();
    match &*before {
        [Endpoint::Population(at)] => Ok(*at),
        [] | [Endpoint::Input(_)] => Err(NodeError::whole(format!(
            "`{name}` is its only layer, and without it nothing is left that a head could learn from: import it without \
             --head"
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|own| network.name_of(*own)).collect();
            Err(NodeError::whole(format!(
                "the last layer, `{name}`, takes spikes from {}, and a head from one population: import it without --head",
                names.join(", ")
            )))
        }
    }
}

/// A population whose spikes nothing uses any more: it only fed the biases of the last layer.
fn leads_nowhere(network: &Network, from: Endpoint) -> Option<usize> {
    let Endpoint::Population(at) = from else { return None };
    network.connections.iter().all(|own| own.from != from && own.to != at).then_some(at)
}

/// Takes out a population without connections.
fn remove(network: &mut Network, at: usize) {
    network.populations.remove(at);
    let moved = |place: &mut usize| *place -= usize::from(*place > at);
    for connection in &mut network.connections {
        moved(&mut connection.to);
        if let Endpoint::Population(from) = &mut connection.from {
            moved(from);
        }
    }
    for input in &mut network.inputs {
        match &mut input.entry {
            Entry::Spikes => {}
            Entry::Bias { population, .. } => moved(population),
            Entry::Weighted(weighted) => moved(&mut weighted.population),
        }
    }
}

/// This name, with a number if a population other than the last layer has it already.
fn free_name(network: &Network, wanted: &str, last: usize) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while network.find(&name).is_some_and(|found| found != Endpoint::Population(last)) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}

/// Integrators that never spike, as many for `each` class, and prototypes as long as their voltages can hold.
fn clp(name: &str, [classes, each]: [usize; 2], features: usize, steps: u32) -> Result<Part, NodeError> {
    if steps > 255 {
        return Err(NodeError::whole(format!(
            "a sample takes {steps} steps, and prototypes learn samples of at most 255: give fewer --steps, or --head soel"
        )));
    }
    let population = Population::new(name, classes * each).decay_v(0).v_th(131_071);
    // A sample in which every neuron fires in every step.
    #[expect(clippy::cast_precision_loss, reason = "a number of neurons")]
    let longest = f64::from(steps) * (features as f64).sqrt();
    let [most, least] = LENGTHS;
    #[expect(clippy::cast_possible_truncation, reason = "between the two")]
    let length = (131_072.0 / longest.max(1.0)).min(most).max(least) as i64;
    let snip = Section::new([("kind", "clp"), ("population", name)])
        .with("classes", i64::try_from(classes).unwrap_or(i64::MAX))
        .with("length", length)
        // The mean of a class is its prototype, whatever others are like.
        .with("repulsion_256", 0);
    Ok(Part { population, weights_exp: -1, snip })
}

/// Neurons that leak; two epochs after a sixth of the sample.
fn soel(name: &str, classes: usize, steps: u32) -> Part {
    let population = Population::new(name, classes).decay_u(819).decay_v(410).v_th(3200);
    let burn_in_steps = steps / 6;
    let epoch_steps = ((steps - burn_in_steps) / 2).max(1);
    let snip = Section::new([("kind", "soel"), ("population", name)])
        .with("target_spikes", i64::from(epoch_steps.div_ceil(4)))
        .with("threshold", 1)
        .with("rate_shift", 10)
        .with("burn_in_steps", i64::from(burn_in_steps))
        .with("epoch_steps", i64::from(epoch_steps));
    Part { population, weights_exp: 0, snip }
}
