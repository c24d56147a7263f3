//! Networks from files: placed, with the samples of each input.

use crate::args::{NetworkArgs, PlaceOptions, TaskArgs};
use crate::untrained;
use crate::what::{What, wrong_kind};
use anyhow::{Context as _, anyhow, bail};
use loihi_data::{DataOptions, Legend, Sample, open};
use loihi_files::plural::plural;
use loihi_infer::Trained;
use loihi_learn::{Learner, LearnerOptions};
use loihi_net::network::{Network, file};
use loihi_place::place::{self, Placed, place_shown};
use loihi_run::inference::fed::Fed;
use loihi_run::inference::labels::{check_labels, regression};
use loihi_run::inference::present::{PresentError, Presentation, check_recordings};
use loihi_run::inference::scale;
use loihi_run::inference::span::Beyond;
use loihi_task::{ExperimentError, RunOptions};
use loihi_terminal::out;
use loihi_terminal::progress::{shown_in_stages, waiting};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The split that is shown if none is named.
const TEST: &str = "test";

/// Whether a network can be written to a file, with its arrays beside it, without losing what is there.
pub fn free(path: &Path, overwrite: bool) -> anyhow::Result<()> {
    if path.exists() && !overwrite {
        bail!("{} is there already: give another --out, or --overwrite", path.display());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        bail!("{} cannot be written: make the folder {} first", path.display(), folder.display());
    }
    let arrays = path.with_extension("npz");
    if arrays.exists() && !path.exists() {
        bail!("{} is there, and not of {}: choose another name", arrays.display(), path.display());
    }
    Ok(())
}

fn with_populations(network: Network, path: &Path) -> anyhow::Result<Network> {
    if network.populations.is_empty() {
        bail!("{} has no populations: `loihi list --network` prints a network file with every key", path.display());
    }
    Ok(network)
}

/// A network on its cores. One that learns has the sizes that it takes from its own samples.
pub fn placed(what: &What, options: &PlaceOptions) -> anyhow::Result<(Network, Placed)> {
    let What { path, text, learns, .. } = what;
    if *learns {
        let mut own = LearnerOptions::default();
        own.placement = options.options(1);
        match Learner::parse(text, path)?.options(own)?.placed(&RunOptions::default()) {
            // Its sizes are those of the file.
            Err(ExperimentError::NoTrainingData) => {}
            placed => return Ok(placed?),
        }
    }
    let network = with_populations(file::parse(text, path)?, path)?;
    let placed = shown_in_stages("placing", |after| place_shown(&network, options.options(1), after))
        .with_context(|| format!("{} cannot be placed", path.display()))?;
    Ok((network, placed))
}

/// Refuses samples that do not fit the input and the classes of a network, and warns of probable mistakes.
fn check_samples(
    network: &Network,
    items: &[Sample],
    presentation: &Presentation,
    legend: &Legend,
) -> Result<(), PresentError> {
    // Sizes first: of other data than were meant, the classes say little.
    check_recordings(network, items, presentation, legend)?;
    check_labels(network, items)?;
    if let Some(what) = regression(network, items) {
        out::complain_once(&what);
    }
    let beyond = Beyond::of(network, items, presentation)?;
    if beyond.any() {
        out::complain_once(&beyond.to_string());
    }
    Ok(())
}

/// A network of a file with this text, placed, with samples.
pub fn trained(
    network: &Path,
    text: &str,
    data: &[PathBuf],
    args: &TaskArgs,
    options: place::PlacementOptions,
) -> anyhow::Result<Trained> {
    let read = file::parse(text, network).map_err(|error| match untrained::refused(text, network, data) {
        Some(refused) => anyhow!("{refused} ({error})"),
        None => error.into(),
    });
    let read = with_populations(read?, network)?;
    if let Some(command) = untrained::command(text, network, data) {
        let begins = "has a table [train], and runs with the weights that it begins with";
        out::complain_once(&format!("{} {begins}: {command}", network.display()));
    }
    let NetworkArgs { input, coding, steps, time, threshold, learn, split, step_us, .. } = &args.network;
    let fed = Fed { data, input: input.as_deref(), option: "--data" };
    let fed = fed.inputs(&read).with_context(|| network.display().to_string())?;
    // Learned state keeps the scale of one input.
    let is_only = fed.len() == 1;
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
    let (mut all, mut scales) = (Vec::new(), Vec::new());
    for (input, data) in fed {
        let scale = scale::of(&read, input)?.or(args.scale.filter(|_| is_only));
        let options = DataOptions::default().seed(args.seed.unwrap_or(0)).scale(scale);
        let presentation = presentation(input);
        let samples = waiting("reading samples", || {
            let data = open(&data, &options)?;
            data.samples_and_legend(data.split(split.as_deref(), TEST)?, most)
        });
        let (items, legend) =
            samples.map_err(|error| wrong_kind(&data).map_or_else(|| error.into(), anyhow::Error::msg))?;
        check_samples(&read, &items, &presentation, &legend)
            .with_context(|| format!("{} does not fit {}", data.display(), network.display()))?;
        if let Some(what) = &legend.misfit {
            out::complain_once(&format!("{}: {what}", data.display()));
        }
        scales.push(legend.scale);
        all.push((presentation, items));
    }
    let (presentation, items, also) = labelled_first(&read, all)?;
    let scale = scales.first().copied().flatten().filter(|_| is_only);
    let placed = shown_in_stages("placing", |after| place_shown(&read, options, after))
        .with_context(|| format!("{} cannot be placed", network.display()))?;
    let jobs = Some(NonZeroUsize::MIN);
    Ok(Trained { network: read, placed, items, presentation, also, scale, learn: *learn, jobs })
}

/// Samples by input, with how they are shown.
type Shown = (Presentation, Vec<Sample>);

/// Those of the first input whose samples have classes or targets, and those of the others.
///
/// # Errors
/// Inputs have different numbers of samples.
fn labelled_first(network: &Network, mut all: Vec<Shown>) -> anyhow::Result<(Presentation, Vec<Sample>, Vec<Shown>)> {
    let is_labelled = |item: &Sample| item.label.is_some() || !item.targets.is_empty();
    let labelled = all.iter().position(|(_, items)| items.iter().any(is_labelled)).unwrap_or(0);
    let (presentation, items) = all.remove(labelled);
    if let Some((other, there)) = all.iter().find(|(_, there)| there.len() != items.len()) {
        let [one, two] = [&presentation, other].map(|shown| &network.inputs[shown.input].name);
        bail!("`{one}` has {} and `{two}` {}: give both the same number", plural(items.len(), "sample"), there.len());
    }
    Ok((presentation, items, all))
}
