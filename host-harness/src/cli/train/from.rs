//! `loihi train --from`: a network of another framework is where training begins.

use crate::cli::graph::{GraphArgs, about, is_net};
use crate::cli::progress::waiting;
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::import::{Fidelity, Imported};
use host_harness::network::file::{FileOptions, parse_with};
use host_harness::network::{Coding, Network, Section};
use host_harness::quantise::InputAs;
use host_harness::whole;
use loihi_args::choice::choice;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Networks of other frameworks")]
pub(super) struct FromArgs {
    /// Begin with a network of another framework, as `loihi import` reads it; NET.toml then has the table [train] alone, or is
    /// left out
    #[arg(long, value_name = "NET.nir")]
    from: Option<PathBuf>,
    /// How values become spikes
    #[arg(long, requires = "from", value_parser = choice::<Coding>())]
    coding: Option<Coding>,
    /// Samples are values, whose weighted sums the embedded CPU computes; the weights of these stay
    #[arg(long, requires = "from", conflicts_with = "coding")]
    values: bool,
    #[command(flatten)]
    graph: GraphArgs,
}

impl FromArgs {
    /// The network with the table `[train]` of a file, if `--from` asks for it.
    pub(super) fn network(&self, settings: Option<&str>) -> anyhow::Result<Option<Network>> {
        let Some(from) = &self.from else {
            return match self.graph.given() {
                Some(option) => bail!("{option} is for a network of another framework: give that by --from"),
                None => Ok(None),
            };
        };
        let mut imported = waiting("quantising", || self.read(from))?;
        imported.network.about = about(&imported, from);
        imported.network.run.train = settings.map(|file| section(Path::new(file))).transpose()?.flatten();
        Ok(Some(imported.network))
    }

    fn read(&self, from: &Path) -> anyhow::Result<Imported> {
        if self.values && is_net(from) {
            bail!("--values has no meaning for a .net file, which says what its input is");
        }
        let input = if self.values { InputAs::Values } else { InputAs::Spikes };
        let mut imported = self.graph.read(from, input)?;
        let dropped = imported.rows.iter().filter(|row| row.fidelity == Fidelity::Unsupported);
        let dropped: Vec<&str> = dropped.map(|row| row.node.as_str()).collect();
        if !dropped.is_empty() {
            let (file, dropped) = (from.display(), dropped.join(", "));
            bail!("{file} has unsupported nodes, {dropped}: `loihi import {file} --allow` drops them");
        }
        for input in &mut imported.network.inputs {
            input.encoding.coding = self.coding.or(input.encoding.coding);
        }
        Ok(imported)
    }
}

/// The table `[train]` of a file that has nothing else.
fn section(file: &Path) -> anyhow::Result<Option<Section>> {
    let shown = file.display();
    let text = whole::text(file).with_context(|| format!("{shown} cannot be read"))?;
    let keys: toml::Table = text.parse().with_context(|| shown.to_string())?;
    if let Some(key) = keys.keys().find(|key| *key != "train") {
        bail!("{shown} has `{key}` beside [train], and the network is that of --from: take it out");
    }
    Ok(parse_with(&text, file, &FileOptions::default())?.run.train)
}
