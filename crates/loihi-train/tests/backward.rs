//! Networks that a backward pass is not made for are refused.

#![allow(clippy::unwrap_used)]

use loihi_core::image::{Join, Profile, StackIn, StackOut, Tree};
use loihi_net::network::{Connection, Each, Endpoint, Network, Population, ReadBy};
use loihi_train::layers::Model;
use loihi_train::settings::TrainForm;

fn form(keys: &str) -> TrainForm {
    toml::from_str(keys).unwrap()
}

#[test]
fn what_has_no_rate_is_refused() {
    let by_rate = form("backward = \"rate\"");
    let said = |form: &TrainForm, connect: &dyn Fn(&mut Network, Endpoint)| {
        let mut network = Network::new("n").steps(4);
        let (input, out) = (network.input("in", 2), network.population(Population::new("out", 2)));
        network.connect(Connection::new(input, out, [2, 2, 2, 2]));
        network.read(out, ReadBy::Spikes);
        connect(&mut network, out);
        Model::new(&network, form).err().map(|error| error.to_string())
    };
    assert_eq!(said(&by_rate, &|_, _| {}), None);
    let recurrent = said(&by_rate, &|network, out| network.connect(Connection::new(out, out, [2, 2, 2, 2])));
    assert!(recurrent.unwrap_or_default().contains("`out` is recurrent, which takes steps"));
    let make_tree = |network: &mut Network, join| {
        let leaf = Profile { tree: Tree { stack_out: StackOut::Push, ..Tree::NONE }, ..Profile::DEFAULT };
        let soma = Profile { tree: Tree { stack_in: StackIn::PopA, join, ..Tree::NONE }, ..Profile::DEFAULT };
        network.populations[0] = Population::new("out", 2).compartments([leaf, soma].map(Each::Same));
    };
    let by_kernel = form("backward = \"kernel\"");
    for (form, key) in [(by_rate, "rate"), (by_kernel, "kernel")] {
        let expected = format!("`out` has several compartments: take out backward = \"{key}\" in [train]");
        assert!(said(&form, &|network, _| make_tree(network, Join::Add)).unwrap_or_default().contains(&expected));
    }
    let by_last_spike = form("surrogate = \"last-spike\"");
    assert_eq!(said(&by_last_spike, &|network, _| make_tree(network, Join::Add)), None);
    let gate = said(&by_last_spike, &|network, _| make_tree(network, Join::Pass));
    assert!(gate.unwrap_or_default().contains("`out` has gates, whose compartments do not spike"));
}
