//! `loihi place`: what a network takes of the chip.

use super::out;
use clap::Args;
use host_harness::limits::CoreUsage;
use host_harness::network::Network;
use host_harness::place::{self, Placed};
use loihi_args::args::PlaceOptions;
use loihi_args::network::placed;
use loihi_args::what::What;
use loihi_files::plural::plural;
use loihi_terminal::table::print_aligned;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// An experiment (`loihi list` shows them), or a network file
    #[arg(value_name = "NAME|NET.toml")]
    what: String,
    #[command(flatten)]
    options: PlaceOptions,
}

pub(super) fn place_network(args: &PlaceArgs) -> anyhow::Result<()> {
    let (network, placed) = placed(&What::of(&args.what)?, &args.options)?;
    print_aligned(&place::table(&network, &placed))?;
    let (neurons, compartments) = (network.neurons(), network.compartments());
    let image_bytes = placed.image.bytes().len();
    out::line(format_args!(
        "{neurons} neurons, {compartments} compartments on {}; an image of {image_bytes} bytes",
        plural(placed.usage.len(), "core")
    ))?;
    let cores: Vec<_> =
        placed.usage.iter().zip(0..).map(|(used, core)| core_json(&network, &placed, core, used)).collect();
    out::result(
        "loihi-place/1",
        &json!({
            "network": network.name, "neurons": neurons, "compartments": compartments, "image_bytes": image_bytes,
            "cores": cores,
        }),
    )
}

/// What a core holds.
fn core_json(network: &Network, placed: &Placed, core: usize, used: &CoreUsage) -> Value {
    let parts = placed.parts.iter().filter(|part| part.core == core).map(|part| {
        let name = &network.populations[part.population].name;
        json!({ "population": name, "neurons_begin": part.neurons.start, "neurons_end": part.neurons.end })
    });
    json!({
        "core": core, "compartments": used.compartments, "input_axons": used.input_axons,
        "output_axons": used.output_axons, "synaptic_words": used.synaptic_words,
        "populations": parts.collect::<Vec<_>>(),
    })
}
