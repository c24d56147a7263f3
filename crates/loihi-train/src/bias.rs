//! Biases that are trained: those of the neurons' registers, or what the embedded CPU adds to its sums of values.

use crate::beside::{BiasForm, place_of};
use crate::grid::Grid;
use crate::layers::{BiasSums, Neurons};
use crate::parameter::{Parameters, Place};
use loihi_core::num::{BiasExponent, BiasMantissa};
use loihi_net::network::{Bias, Each, Entry, Network, nearest_bias};

/// Largest bias, either way.
const MOST: i32 = BiasMantissa::MAX << BiasExponent::MAX;

impl BiasForm {
    /// Whether the biases of a population are trained; `is_reached` says whether incoming weights are.
    pub(crate) fn trains(&self, network: &Network, place: usize, is_reached: bool) -> bool {
        match self.of.as_slice() {
            [] => !is_set(network, place) && (is_reached || summed(network, place).is_some()),
            names => network.populations.get(place).is_some_and(|own| names.contains(&own.name)),
        }
    }

    /// The reason why it cannot be used in a network, if there is one.
    pub(crate) fn refusal(&self, network: &Network) -> Option<String> {
        if !(1e-6..=65_536.0).contains(&self.rate) {
            return Some("give a `rate` above 0, at most 65,536, in units of the voltage".to_owned());
        }
        let without = |name: &String| match place_of(network, name) {
            Ok(place) if is_set(network, place) => {
                Some(format!("samples set the biases of `{name}`, which are not trained: take it out"))
            }
            other => other.err(),
        };
        self.of.iter().find_map(without)
    }
}

/// Whether the values of samples are the biases of a population.
fn is_set(network: &Network, place: usize) -> bool {
    let sets = |entry: &Entry| matches!(entry, Entry::Bias { population, .. } if *population == place);
    network.inputs.iter().any(|input| sets(&input.entry))
}

/// The input whose values the embedded CPU sums for a population.
fn summed(network: &Network, place: usize) -> Option<usize> {
    let sums = |entry: &Entry| matches!(entry, Entry::Weighted(own) if own.population == place);
    network.inputs.iter().position(|input| sums(&input.entry))
}

impl Parameters {
    /// Biases of a population at a place, one a neuron.
    #[expect(clippy::cast_precision_loss, reason = "at most 20 bits")]
    pub(crate) fn biases(population: usize, biases: &[i32], rate: f32) -> Self {
        Self {
            place: Place::Bias(population),
            values: biases.iter().map(|bias| (*bias).clamp(-MOST, MOST) as f32).collect(),
            grid: Grid::whole(-MOST, MOST),
            per_unit: 1.0,
            rate,
            weight_decay: 0.0,
        }
    }
}

/// The biases of a population as training begins from them.
pub(crate) fn begin<'m>(neurons: &'m [Neurons], sums: &'m [Option<BiasSums>], population: usize) -> &'m [i32] {
    let sums = sums.iter().flatten().find(|own| own.population == population);
    sums.map_or(&neurons[population].biases, |own| &own.offsets)
}

/// Puts biases, as they are rounded to, into the model.
pub(crate) fn fold(neurons: &mut [Neurons], sums: &mut [Option<BiasSums>], population: usize, biases: &[i32]) {
    if let Some(own) = sums.iter_mut().flatten().find(|own| own.population == population) {
        return own.offsets.copy_from_slice(biases);
    }
    let all = neurons[population].biases.iter_mut().zip(biases);
    all.for_each(|(own, bias)| *own = held(*bias).value());
}

/// Puts biases into the network.
pub(crate) fn write(network: &mut Network, population: usize, biases: &[i32]) {
    let sums = summed(network, population).and_then(|input| network.inputs.get_mut(input));
    match (sums.map(|input| &mut input.entry), network.populations.get_mut(population)) {
        (Some(Entry::Weighted(own)), _) => own.offsets.copy_from_slice(biases),
        (_, Some(own)) => own.bias = Each::of(biases.iter().map(|bias| held(*bias)).collect()),
        _ => {}
    }
}

/// The register that holds a bias best.
fn held(bias: i32) -> Bias {
    nearest_bias(f64::from(bias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Model;
    use crate::settings::TrainForm;
    use loihi_net::network::{Connection, Input, Population, ReadBy, Weighted};

    /// An input whose values are summed for `summed`, one that sets the biases of `set`, and `plain` with biases of its
    /// own.
    fn network() -> Network {
        let mut network = Network::new("n").steps(4);
        let [summed, set, plain] = ["summed", "set", "plain"].map(|name| {
            let own = Population::new(name, 2).bias(nearest_bias(40.0));
            network.population(own)
        });
        network.add_input(Input::new("values", 1, Entry::Weighted(Weighted::new(0, vec![9, 9], vec![-20, 70]))));
        network.bias_input("biases", set);
        network.connect(Connection::new(summed, plain, [2, 2, 2, 2]));
        network.connect(Connection::new(set, plain, [2, 2, 2, 2]));
        network.read(plain, ReadBy::Spikes);
        network
    }

    #[test]
    fn biases_begin_from_the_file_and_end_in_it() {
        let form: TrainForm = toml::from_str("bias = { rate = 8.0 }").unwrap();
        let mut network = network();
        let mut model = Model::new(&network, &form).unwrap();
        let trained = |model: &Model| -> Vec<(Place, Vec<f32>)> {
            let biases = model.parameters.iter().filter(|own| matches!(own.place, Place::Bias(_)));
            biases.map(|own| (own.place, own.values.clone())).collect()
        };
        let [summed, plain] = [Place::Bias(0), Place::Bias(2)];
        assert_eq!(
            trained(&model),
            [(summed, vec![-20.0, 70.0]), (plain, vec![40.0, 40.0])],
            "not those that samples set"
        );
        for own in model.parameters.iter_mut().filter(|own| matches!(own.place, Place::Bias(_))) {
            own.values = vec![-300.4, 8191.0];
        }
        model.fold(&network);
        // 8191 cannot be stored as a 12-bit mantissa and an exponent; 8190 can.
        assert_eq!(model.neurons[2].biases, [-300, 8190]);
        model.write_to(&mut network);
        let Entry::Weighted(own) = &network.inputs[0].entry else { panic!("sums") };
        assert_eq!(own.offsets, [-300, 8191]);
        assert_eq!([0, 1].map(|at| network.populations[2].bias.get(at).unwrap().value()), [-300, 8190]);
    }

    #[test]
    fn biases_that_samples_set_are_refused() {
        let said = |keys: &str| toml::from_str::<BiasForm>(keys).unwrap().refusal(&network());
        assert_eq!(said("rate = 1.0\nof = [\"summed\"]"), None);
        assert!(said("rate = 1.0\nof = [\"set\"]").unwrap().contains("samples set the biases of `set`"));
        assert!(said("rate = 1.0\nof = [\"se\"]").unwrap().contains("unknown population `se`"));
        assert!(said("rate = 0.0").unwrap().contains("give a `rate` above 0"));
    }
}
