//! `loihi train --from`: a network that was trained before, here or by another framework, is where training begins.

use super::NETWORK;
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
use loihi_args::what::What;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Networks that were trained before")]
pub(super) struct FromArgs {
    /// Begin with a network that was trained before: the folder of a training, a network file, or one of another framework, as
    /// `loihi import` reads it; NET.toml then has the table [train] alone, or is left out
    #[arg(long, value_name = "DIR|NET.toml|NET.nir")]
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

/// Where training begins.
pub(super) enum Begin {
    /// With a network file.
    File(What),
    /// With a network of another framework.
    Imported(Box<Network>),
}

impl FromArgs {
    /// Where training begins, if `--from` says it, and the table `[train]` of a file in the place of the network's own.
    pub(super) fn begin(&self, settings: Option<&str>) -> anyhow::Result<Option<(Begin, Option<Section>)>> {
        let Some(from) = &self.from else {
            return match self.graph.given() {
                Some(option) => bail!("{option} is for a network of another framework: give that by --from"),
                None => Ok(None),
            };
        };
        let begin = match self.file(from)? {
            Some(file) => Begin::File(What::of(&file.to_string_lossy())?),
            None => {
                let mut imported = waiting("quantising", || self.read(from))?;
                imported.network.about = about(&imported, from);
                Begin::Imported(Box::new(imported.network))
            }
        };
        let settings = settings.map(|file| section(Path::new(file))).transpose()?.flatten();
        Ok(Some((begin, settings)))
    }

    /// The network file that `--from` means, unless it is one of another framework.
    fn file(&self, from: &Path) -> anyhow::Result<Option<PathBuf>> {
        let shown = from.display();
        let file = if from.is_dir() { from.join(NETWORK) } else { from.to_owned() };
        if !file.exists() && from.is_dir() {
            bail!(
                "{shown} has no {NETWORK}, which a training writes at its end: give the folder of one that has finished"
            );
        }
        match file.extension().and_then(|end| end.to_str()) {
            Some("toml") => {}
            Some("nir" | "net") => return Ok(None),
            _ => bail!(
                "training cannot begin with {shown}: give the folder of a training, a .toml, a .nir or a .net file"
            ),
        }
        let own = [("--coding", self.coding.is_some()), ("--values", self.values)];
        let own = own.into_iter().find_map(|(option, given)| given.then_some(option));
        if let Some(option) = own.or(self.graph.given()) {
            bail!("{option} is for a network of another framework, and {} says it itself: take it out", file.display());
        }
        Ok(Some(file))
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

/// The table `[train]` of a file that has nothing else; without one the network's own holds.
fn section(file: &Path) -> anyhow::Result<Option<Section>> {
    let shown = file.display();
    let text = whole::text(file).with_context(|| format!("{shown} cannot be read"))?;
    let keys: toml::Table = text.parse().with_context(|| shown.to_string())?;
    if let Some(key) = keys.keys().find(|key| *key != "train") {
        bail!("{shown} has `{key}` beside [train], and the network is that of --from: take it out");
    }
    Ok(parse_with(&text, file, &FileOptions::default())?.run.train)
}
