//! Networks of other frameworks, with which `loihi train --from` begins.

use crate::cli::graph::{GraphArgs, about, is_net};
use crate::cli::progress::waiting;
use anyhow::bail;
use clap::Args;
use host_harness::import::{Fidelity, Imported};
use host_harness::network::{Coding, Network};
use host_harness::quantise::InputAs;
use loihi_args::choice::choice;
use std::path::Path;

#[derive(Debug, Default, Args)]
pub(super) struct ImportedArgs {
    /// How values become spikes
    #[arg(long, requires = "from", value_parser = choice::<Coding>())]
    coding: Option<Coding>,
    /// Samples are values, whose weighted sums the embedded CPU computes; the weights of these stay
    #[arg(long, requires = "from", conflicts_with = "coding")]
    values: bool,
    #[command(flatten)]
    graph: GraphArgs,
}

impl ImportedArgs {
    /// The first option that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let own = [("--coding", self.coding.is_some()), ("--values", self.values)];
        own.into_iter().find_map(|(option, given)| given.then_some(option)).or(self.graph.given())
    }

    /// The network of a file, in the chip's integers; its `about` says where it came from.
    pub(super) fn network(&self, from: &Path) -> anyhow::Result<Network> {
        let mut imported = waiting("quantising", || self.read(from))?;
        imported.network.about = about(&imported, from);
        Ok(imported.network)
    }

    fn read(&self, from: &Path) -> anyhow::Result<Imported> {
        if self.values && is_net(from) {
            bail!("--values has no meaning for a .net file, which says what its input is");
        }
        let input = if self.values { InputAs::Values } else { InputAs::Spikes };
        let mut imported = self.graph.read(from, input)?;
        let unsupported = imported.rows.iter().filter(|row| row.fidelity == Fidelity::Unsupported);
        let unsupported: Vec<String> = unsupported.map(|row| format!("`{}` ({})", row.node, row.note)).collect();
        if !unsupported.is_empty() {
            let (file, nodes) = (from.display(), unsupported.join(", "));
            bail!("{file} has nodes that are not supported, {nodes}; `loihi import {file} --allow` drops them");
        }
        for input in &mut imported.network.inputs {
            input.encoding.coding = self.coding.or(input.encoding.coding);
        }
        Ok(imported)
    }
}
