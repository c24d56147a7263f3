//! What NIR has no words for: what a network that was exported computes and a reader of the file will not.

use loihi_core::image::Profile;
use loihi_net::network::{Encoding, Entry, Network, Population};

/// A sentence for every population, input or connection that is not written in full.
pub fn unsaid(network: &Network) -> Vec<String> {
    let mut sentences = Vec::new();
    for population in &network.populations {
        let left = of_population(population);
        if !left.is_empty() {
            sentences.push(format!("`{}`: NIR cannot say {}", population.name, left.join(", ")));
        }
    }
    for input in &network.inputs {
        if matches!(input.entry, Entry::Bias { offset, .. } if offset != 0) {
            sentences.push(format!("`{}`: NIR cannot say what is added to its values", input.name));
        }
        if input.encoding != Encoding::default() {
            sentences.push(format!("`{}`: NIR cannot say how samples become its spikes", input.name));
        }
    }
    let learning = network.connections.iter().filter(|connection| connection.learning.is_some());
    for connection in learning {
        let to = &network.populations[connection.to].name;
        sentences.push(format!("a connection to `{to}`: NIR cannot say how it learns"));
    }
    sentences
}

fn of_population(population: &Population) -> Vec<&'static str> {
    let any = |is: fn(&Profile) -> bool| {
        let neurons = 0..population.neurons();
        population.compartments.iter().any(|part| neurons.clone().any(|at| part.get(at).is_some_and(is)))
    };
    let limits = |profile: &Profile| (profile.v_min, profile.v_max) != (Profile::DEFAULT.v_min, Profile::DEFAULT.v_max);
    [
        (population.compartments.len() > 1, "that a spike takes the threshold off the voltage"),
        (population.reset.is_some(), "their periodic reset"),
        (any(|profile| profile.refractory > 1), "how long they rest after a spike"),
        (any(limits), "the limits of their voltage"),
        (any(|profile| profile.noise.is_some()), "their noise"),
        (any(|profile| profile.homeostasis.is_some()), "that their thresholds adapt"),
    ]
    .into_iter()
    .filter_map(|(is, what)| is.then_some(what))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::file::parse;
    use std::path::Path;

    #[test]
    fn what_is_left_out_is_said_by_population() {
        let text = "name = \"n\"\n\n[[input]]\nname = \"i\"\nshape = [4]\ncoding = \"rate\"\n\n[[population]]\nname = \"a\"\nshape = [2]\nv_th = 80\n\n[[population]]\nname = \"b\"\nshape = [2]\n\
                    v_th = 80\nrefractory = 3\n";
        let network = parse(text, Path::new("n.toml")).unwrap();
        let wanted = [
            "`b`: NIR cannot say how long they rest after a spike",
            "`i`: NIR cannot say how samples become its spikes",
        ];
        assert_eq!(unsaid(&network), wanted);
    }
}
