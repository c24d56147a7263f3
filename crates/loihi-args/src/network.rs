//! Networks from files: placed, with the samples of each input.

use crate::args::{NetworkArgs, PlaceOptions, TaskArgs};
use crate::what::{advice, wrong_kind};
use anyhow::{Context as _, bail};
use loihi_data::{DataOptions, open};
use loihi_files::plural::plural;
use loihi_learn::trained::Trained;
use loihi_net::network::{Network, file};
use loihi_place::place::{self, Placed, place_shown};
use loihi_run::inference::present::{Presentation, check_labels, input_of};
use loihi_run::inference::span::Beyond;
use loihi_terminal::out;
use loihi_terminal::progress::{shown, waiting};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The split that is shown if none is named.
const TEST: &str = "test";

/// Whether a network can be written to a file, with its arrays beside it, without losing what is there.
pub fn free(path: &Path, overwrite: bool) -> anyhow::Result<()> {
    if path.exists() && !overwrite {
        bail!("{} is there already: give another --out, or --overwrite", path.display());
    }
    let arrays = path.with_extension("npz");
    if arrays.exists() && !path.exists() {
        bail!("{} is there, and not of {}: choose another name", arrays.display(), path.display());
    }
    Ok(())
}

/// The network of a file.
fn read(path: &Path) -> anyhow::Result<Network> {
    let read = file::read(path).map_err(|error| advice(path).map_or_else(|| error.into(), anyhow::Error::msg))?;
    with_populations(read, path)
}

fn with_populations(network: Network, path: &Path) -> anyhow::Result<Network> {
    if network.populations.is_empty() {
        bail!("{} has no populations: `loihi list --network` prints a network file with every key", path.display());
    }
    Ok(network)
}

/// The network of a file on its cores.
pub fn placed(path: &Path, options: &PlaceOptions) -> anyhow::Result<(Network, Placed)> {
    let network = read(path)?;
    let placed = shown("placing", |after| place_shown(&network, options.options(1), after))
        .with_context(|| format!("{} cannot be placed", path.display()))?;
    Ok((network, placed))
}

/// The samples of each input, by its place: of the only one, of the one that was named, or `NAME=PATH` for all.
fn fed(network: &Network, data: &[PathBuf], named: Option<&str>) -> anyhow::Result<Vec<(usize, PathBuf)>> {
    let split = |path: &PathBuf| {
        let (name, path) = path.to_str()?.split_once('=')?;
        Some((network.inputs.iter().position(|input| input.name == name)?, PathBuf::from(path)))
    };
    let mut unknown = data.iter().filter(|path| split(path).is_none() && !path.exists());
    if let Some((name, _)) = unknown.find_map(|path| path.to_str()?.split_once('=')) {
        let inputs: Vec<&str> = network.inputs.iter().map(|input| input.name.as_str()).collect();
        bail!("unknown input `{name}`; there are: {}", inputs.join(", "));
    }
    let mut fed = match data {
        [only] if split(only).is_none() => vec![(input_of(network, named)?, only.clone())],
        _ => {
            let each: Option<Vec<_>> = data.iter().map(split).collect();
            each.filter(|_| named.is_none()).context("give --data NAME=PATH for each input, without --input")?
        }
    };
    fed.sort_by_key(|(input, _)| *input);
    for (at, input) in network.inputs.iter().enumerate() {
        match fed.iter().filter(|(own, _)| *own == at).count() {
            0 => bail!("the input `{}` has no samples: give each input its own, --data NAME=PATH", input.name),
            1 => {}
            _ => bail!("the input `{}` has samples twice: give each input its own, --data NAME=PATH", input.name),
        }
    }
    Ok(fed)
}

/// A network of a file with this text, placed, with samples.
pub fn trained(
    network: &Path,
    text: &str,
    data: &[PathBuf],
    args: &TaskArgs,
    options: place::PlacementOptions,
) -> anyhow::Result<Trained> {
    let read = with_populations(file::parse(text, network)?, network)?;
    let NetworkArgs { input, coding, steps, time, threshold, learn, split, step_us, .. } = &args.network;
    let fed = fed(&read, data, input.as_deref()).with_context(|| network.display().to_string())?;
    let most = args.samples.map_or(usize::MAX, NonZeroUsize::get);
    let presentation = |input| {
        let own = Presentation::new(&read, input);
        Presentation {
            coding: coding.or(own.coding),
            steps: *steps,
            step_us: step_us.unwrap_or(own.step_us),
            time: time.unwrap_or(own.time),
            threshold: threshold.unwrap_or(own.threshold),
            // The seed of the run is added.
            seed: if args.seed.is_some() { 0 } else { read.inputs[input].encoding.seed.unwrap_or(0) },
            ..own
        }
    };
    let mut all = Vec::new();
    for (input, data) in fed {
        let options = DataOptions::default().seed(args.seed.unwrap_or(0));
        let read_all = || {
            let data = open(&data, &options)?;
            data.samples(data.split(split.as_deref(), TEST)?, most)
        };
        let samples = waiting("reading samples", read_all);
        let items = samples.map_err(|error| wrong_kind(&data).map_or_else(|| error.into(), anyhow::Error::msg))?;
        let unfit = || format!("{} does not fit {}", data.display(), network.display());
        check_labels(&read, &items).with_context(unfit)?;
        let presentation = presentation(input);
        let beyond = Beyond::of(&read, &items, &presentation).with_context(unfit)?;
        if beyond.any() {
            out::complain_once(&beyond.to_string());
        }
        all.push((presentation, items));
    }
    // Classes are those of the first input whose samples have any.
    let labelled = all.iter().position(|(_, items)| items.iter().any(|item| item.label.is_some())).unwrap_or(0);
    let (presentation, items) = all.remove(labelled);
    if let Some((other, there)) = all.iter().find(|(_, there)| there.len() != items.len()) {
        let [one, two] = [&presentation, other].map(|shown| &read.inputs[shown.input].name);
        bail!("`{one}` has {} and `{two}` {}: give both the same number", plural(items.len(), "sample"), there.len());
    }
    let placed = shown("placing", |after| place_shown(&read, options, after))
        .with_context(|| format!("{} cannot be placed", network.display()))?;
    Ok(Trained { network: read, placed, items, presentation, also: all, learn: *learn })
}
