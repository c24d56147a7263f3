//! Builds the trainer's model from a network and its table `[train]`; refuses what cannot be trained.

use crate::backward;
use crate::beside::DelayForm;
use crate::bias;
use crate::error::TrainError;
use crate::grid::Grid;
use crate::groups::groups;
use crate::layers::{BiasSums, Model, Neurons, Synapses};
use crate::parameter::{Parameters, Place, Register};
use crate::readout::Reading;
use crate::settings::TrainForm;
use crate::sparse;
use crate::ways::Ways;
use loihi_adjoint::arithmetic::Registers;
use loihi_adjoint::branches::branches;
use loihi_core::image::Profile;
use loihi_net::network::{Connection, Each, Endpoint, Entry, Network, Population, size};
use loihi_run::inference::answers::AnswerShape;

impl Model {
    /// Of a network and its table `[train]`.
    ///
    /// # Errors
    /// [`TrainError::Network`] names what is not trained.
    pub fn new(network: &Network, form: &TrainForm) -> Result<Self, TrainError> {
        let refused = |what: String| TrainError::Network { network: network.name.clone(), what };
        let readout =
            network.readout.ok_or_else(|| refused("it has no [readout]: name the population that answers".into()))?;
        if !network.snips.is_empty() {
            return Err(refused("programs of the embedded CPU ([[snip]]) learn on the device: take them out".into()));
        }
        let neurons: Vec<Neurons> =
            network.populations.iter().map(neurons).collect::<Result<_, _>>().map_err(&refused)?;
        let mut parameters = Vec::new();
        let synapses: Vec<Synapses> = network
            .connections
            .iter()
            .enumerate()
            .map(|(place, connection)| {
                let named = |what: &str| {
                    refused(format!("{}: {what}", connection_name(network, connection.from, connection.to)))
                };
                synapses(network, connection, form, place, &mut parameters).map_err(|what| named(&what))
            })
            .collect::<Result<_, _>>()?;
        if parameters.iter().all(|own: &Parameters| !matches!(own.place, Place::Weights(_))) {
            return Err(refused(
                "it has no dense or sparse connection and no convolution that is trained: see `learn` in [train]"
                    .into(),
            ));
        }
        let inputs: Vec<usize> = network.inputs.iter().map(|input| size(&input.shape)).collect();
        let sums = network.inputs.iter().map(|input| sums_of(&input.entry)).collect();
        let groups = groups(&synapses, neurons.len());
        backward::check(form, &neurons, &synapses, &groups).map_err(refused)?;
        let read = neurons.get(readout.population).map_or(0, |own| own.registers.len());
        let readout = Reading { readout, neurons: read };
        let pixels = AnswerShape::of(network, 0).map_or([1, 1], |shape| shape.pixels);
        let mut model = Self { inputs, sums, neurons, synapses, groups, readout, pixels, parameters };
        model.exact(network).map_err(refused)?;
        for (own, is_reached) in model.neurons.iter_mut().zip(form.reached(network)) {
            own.is_reached = is_reached;
        }
        if let Some(own) = model.neurons.get(model.readout.population()).filter(|own| !own.is_reached) {
            let what =
                format!("nothing that is trained leads to `{}`, which answers: see `learn` in [train]", own.name);
            return Err(refused(what));
        }
        model.registers(network, form);
        model.biases(network, form);
        model.fold(network);
        Ok(model)
    }

    /// Biases of populations that are trained.
    fn biases(&mut self, network: &Network, form: &TrainForm) {
        let rate = form.bias.as_ref().map_or(0.0, |form| form.rate);
        for place in (0..self.neurons.len()).filter(|place| form.trains_bias(network, *place)) {
            let own = Parameters::biases(place, bias::begin(&self.neurons, &self.sums, place), rate);
            self.parameters.push(own);
        }
    }

    /// Registers of populations that are trained.
    fn registers(&mut self, network: &Network, form: &TrainForm) {
        for (place, (own, population)) in self.neurons.iter_mut().zip(&network.populations).enumerate() {
            for register in Register::ALL.into_iter().filter(|register| form.trains_register(*register, network, place))
            {
                let (all, rate) = (profiles(population).0, form.register(register).map_or(0.0, |form| form.rate));
                self.parameters.push(Parameters::register(place, register, all.iter(), rate));
                own.trains_decays |= register != Register::VTh;
            }
        }
    }
}

/// The neurons of a population.
fn neurons(population: &Population) -> Result<Neurons, String> {
    let named = |what: &str| format!("`{}`: {what}", population.name);
    let of_all = |profiles: &Each<Profile>| -> Vec<Profile> {
        (0..population.neurons()).filter_map(|neuron| profiles.get(neuron).copied()).collect()
    };
    let compartments: Vec<Vec<Profile>> = population.compartments.iter().map(of_all).collect();
    if compartments.iter().flatten().any(|profile| profile.noise.is_some() || profile.homeostasis.is_some()) {
        return Err(named("noise and homeostasis are not trained: take them out"));
    }
    let branches = branches(&compartments).map_err(|what| named(&what))?;
    if population.reset.is_some() {
        return Err(named("a periodic reset is not trained: take out reset_interval_steps"));
    }
    let neurons = 0..population.neurons();
    Ok(Neurons {
        name: population.name.clone(),
        registers: Registers::of(compartments.last().into_iter().flatten()),
        branches,
        biases: neurons.clone().map(|neuron| population.bias.get(neuron).map_or(0, |bias| bias.value())).collect(),
        v_start: neurons.map(|neuron| population.v_start.get(neuron).copied().unwrap_or(0)).collect(),
        profiles: profiles(population).1,
        is_reached: false,
        trains_decays: false,
    })
}

/// Different profiles of the compartments of a population that spike, and by neuron the number of its own.
fn profiles(population: &Population) -> (Vec<Profile>, Vec<usize>) {
    let mut all: Vec<Profile> = Vec::new();
    let each = population.compartments.last();
    let of_neurons = (0..population.neurons()).filter_map(|neuron| each?.get(neuron));
    let number = |profile: &Profile| {
        all.iter().position(|own| own == profile).unwrap_or_else(|| {
            all.push(*profile);
            all.len() - 1
        })
    };
    let numbers = of_neurons.map(number).collect();
    (all, numbers)
}

/// The synapses of a connection; adds what is trained of them.
fn synapses(
    network: &Network,
    connection: &Connection,
    form: &TrainForm,
    place: usize,
    parameters: &mut Vec<Parameters>,
) -> Result<Synapses, String> {
    if connection.learning.is_some() {
        return Err("its weights change on the device: take out [connection.learning]".to_owned());
    }
    let to = network.populations.get(connection.to).ok_or("it leads nowhere")?;
    let ends = [network.shape_of(connection.from), network.shape_of(Endpoint::Population(connection.to))];
    let (ways, mantissas) = Ways::of(&connection.weights, ends)?;
    let grid = Grid::of_weights(connection);
    if form.trains(&connection.weights, to) {
        if grid.low == grid.high {
            return Err(format!("weights of {} bits are all 0: give weight_bits of 1 or more", connection.weight_bits));
        }
        parameters.push(Parameters {
            place: Place::Weights(place),
            values: mantissas.iter().map(|weight| f32::from(*weight)).collect(),
            grid,
            per_unit: f32::powi(2.0, connection.wgt_exp.get()),
            rate: form.rate,
            weight_decay: form.weight_decay,
        });
    }
    let own = usize::from(matches!(connection.from, Endpoint::Population(_)));
    let delay = |source| connection.delay.get(source).map_or(0, |delay| delay.get());
    let more = sparse::delays(&connection.weights, ways.extents()[0])?;
    let delays = form.delay_into(network, connection.to);
    if delays.is_some() && more.iter().any(|delay| *delay != 0) {
        return Err(
            "its synapses have delays of their own, which are not trained: give the connection delays by source"
                .to_owned(),
        );
    }
    let all: Vec<i32> = more.into_iter().enumerate().map(|(source, more)| delay(source) + more).collect();
    if let Some(DelayForm { rate, max_steps, .. }) = delays {
        if let Some(delay) = all.iter().find(|delay| **delay > i32::from(*max_steps)) {
            return Err(format!(
                "it has a delay of {delay} steps, and delays are trained to at most {max_steps}: give larger `max_steps`"
            ));
        }
        parameters.push(Parameters::delays(place, all.iter().copied(), *max_steps, *rate));
    }
    let all: Vec<usize> = all.iter().map(|delay| usize::try_from(*delay).unwrap_or(0)).collect();
    let least = if delays.is_some() { 0 } else { all.iter().copied().min().unwrap_or(0) };
    let differ = delays.is_some() || all.iter().any(|delay| *delay != least);
    Ok(Synapses {
        from: connection.from,
        to: connection.to,
        leaf: Some(connection.compartment).filter(|leaf| leaf + 1 < to.compartments.len()),
        ways,
        lag: own + least,
        delays: differ.then(|| all.iter().map(|delay| delay - least).collect()),
        folded: mantissas.iter().map(|weight| f32::from(connection.folded(*weight))).collect(),
    })
}

/// What values of an input do.
fn sums_of(entry: &Entry) -> Option<BiasSums> {
    let Entry::Weighted(weighted) = entry else { return None };
    let values = weighted.gains.len() / weighted.offsets.len().max(1);
    let row = |row: &[i32]| row.iter().copied().enumerate().filter(|(_, gain)| *gain != 0).collect();
    Some(BiasSums {
        population: weighted.population,
        gains: weighted.gains.chunks(values.max(1)).map(row).collect(),
        offsets: weighted.offsets.clone(),
        exponent: weighted.exponent.get().unsigned_abs(),
    })
}

/// What a connection is called in errors.
fn connection_name(network: &Network, from: Endpoint, to: usize) -> String {
    format!("the connection from `{}` to `{}`", network.name_of(from), network.name_of(Endpoint::Population(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::{BiasMantissa, Delay, WeightExponent};
    use loihi_net::network::{Bias, Each, ReadBy, Signs};

    /// Whether sums are exact of `sources` weights each by connections of these exponents into one population; of `weight` if
    /// they are fixed, else trained.
    fn is_exact(sources: usize, signs: Signs, exponents: &[i32], weight: Option<i16>) -> bool {
        let mut network = Network::new("n").steps(4);
        let (input, to) = (network.input("in", sources), network.population(Population::new("p", 1)));
        for exponent in exponents {
            let weights = vec![weight.unwrap_or(0); sources];
            let exponent = WeightExponent::saturating(*exponent);
            network.connect(Connection::new(input, to, weights).signs(signs).wgt_exp(exponent));
        }
        let out = network.population(Population::new("out", 1));
        network.connect(Connection::new(to, out, [2]));
        network.read(out, ReadBy::Spikes);
        let learn = vec!["out".to_owned()];
        let form = if weight.is_some() { TrainForm { learn, ..TrainForm::default() } } else { TrainForm::default() };
        match Model::new(&network, &form) {
            Ok(_) => true,
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("sums into `p` can be larger than single precision holds exactly"), "{said}");
                false
            }
        }
    }

    #[test]
    fn sums_that_single_precision_does_not_hold_are_refused() {
        for signs in [Signs::Mixed, Signs::Split, Signs::Excitatory, Signs::Inhibitory] {
            assert!(is_exact(600, signs, &[7, 7], None), "{signs:?}");
            assert!(!is_exact(600, signs, &[7, 0], None), "{signs:?}");
            assert!(is_exact(500, signs, &[7, 0], None), "{signs:?}");
        }
        // Clamped to 16 bits, the least weight at the largest exponent is not a multiple of 128.
        assert!(!is_exact(600, Signs::Mixed, &[7], Some(-256)));
        assert!(is_exact(600, Signs::Mixed, &[7], Some(-254)));
        assert!(is_exact(500, Signs::Mixed, &[7], Some(-256)));
    }

    #[test]
    fn a_readout_that_nothing_trained_leads_to_is_refused() {
        let mut network = Network::new("n").steps(4);
        let input = network.input("in", 2);
        let (side, out) =
            (network.population(Population::new("side", 2)), network.population(Population::new("out", 2)));
        network.connect(Connection::new(input, side, [2, 2, 2, 2]));
        network.connect(Connection::new(input, out, [2, 2, 2, 2]));
        network.read(out, ReadBy::Spikes);
        let model =
            |learn: &str| Model::new(&network, &TrainForm { learn: vec![learn.to_owned()], ..TrainForm::default() });
        assert!(model("out").is_ok());
        assert!(model("side").unwrap_err().to_string().contains("nothing that is trained leads to `out`"));
    }

    /// A chain from an input: the second population has a bias, and the fourth has no outgoing connections.
    #[test]
    fn something_arrives_as_soon_as_the_shortest_way_takes() {
        let mut network = Network::new("n");
        let input = network.input("in", 1);
        let all: Vec<Endpoint> =
            (0..4).map(|number| network.population(Population::new(format!("p{number}"), 1))).collect();
        network.connect(Connection::new(input, all[0], [2]).delay(Delay::saturating(5)));
        network.connect(Connection::new(all[0], all[1], [2]));
        network.connect(Connection::new(all[1], all[2], [2]).delay(Delay::saturating(2)));
        network.connect(Connection::new(all[2], all[0], [2]));
        network.read(all[2], ReadBy::Spikes);
        let first = |network: &Network| Model::new(network, &TrainForm::default()).unwrap().first_steps(network);
        assert_eq!(first(&network), [Some(5), Some(6), Some(9), None]);
        network.populations[1].bias = Each::Same(Bias { mantissa: BiasMantissa::saturating(1), ..Bias::ZERO });
        assert_eq!(first(&network), [Some(4), Some(0), Some(3), None]);
    }
}
