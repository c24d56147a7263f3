//! `loihi convert`: networks of rectified units as spiking ones.

use super::progress::{told, waiting};
use super::train::accuracy_name;
use super::{out, stop};
use anyhow::bail;
use clap::Args;
use host_harness::Choice as _;
use host_harness::convert::ConvertError;
use host_harness::convert::ann::Ready;
use host_harness::convert::calibrate::{By, Calibration, calibrate};
use host_harness::convert::convert::{ConvertOptions, Converted, InputAs, ReadoutBy, Reset};
use host_harness::convert::curve::{Curve, curve};
use host_harness::convert::{Ann, inputs, onnx};
use host_harness::data::Sample;
use host_harness::inference::present::{Presentation, present};
use host_harness::inference::scale;
use host_harness::network::{Network, file};
use host_harness::train::check::{Comparison, compare_shown};
use loihi_args::choice::{choice, one_or_more, whole};
use loihi_args::jobs::threads;
use loihi_args::network::free;
use loihi_files::plural::plural;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The form of the result.
const SCHEMA: &str = "loihi-convert/1";

#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// A network of affine maps and rectifications: an ONNX file
    #[arg(value_name = "NET.onnx")]
    file: PathBuf,
    /// What shows how far activations reach: the name of a data set (`loihi data list`), a file, an archive or a folder
    #[arg(long, value_name = "WHAT")]
    calibrate: PathBuf,
    /// What to test on [default: the test set of --calibrate]
    #[arg(long, value_name = "WHAT")]
    test: Option<PathBuf>,
    /// Test on the samples that `loihi train --validate` holds back: for choosing settings
    #[arg(long, conflicts_with = "test")]
    validate: bool,
    /// Steps of a sample; accuracy is read after each of these
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "16,24,32,64", value_parser = whole::<u32>(1..=10_000))]
    steps: Vec<u32>,
    /// What a spike does to the voltage
    #[arg(long, value_parser = choice::<Reset>(), default_value = Reset::default().name())]
    reset: Reset,
    /// What has a scale of its own
    #[arg(long, value_parser = choice::<By>(), default_value = By::default().name())]
    by: By,
    /// Percentile of the activations above 0 that becomes a spike in every step
    #[arg(long, value_name = "P", default_value_t = 99.9)]
    percentile: f64,
    /// How samples enter
    #[arg(long, value_parser = choice::<InputAs>(), default_value = InputAs::default().name())]
    input: InputAs,
    /// How the answer is read
    #[arg(long, value_parser = choice::<ReadoutBy>(), default_value = ReadoutBy::default().name())]
    readout: ReadoutBy,
    /// Use only the first N samples of the test
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    samples: Option<NonZeroUsize>,
    /// Seed of the choice of samples to calibrate with, and of --input rate [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = whole::<u32>(0..=u32::MAX))]
    seed: u32,
    /// Threads; the result is the same with any number [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Write over the files of a network that is there
    #[arg(long)]
    overwrite: bool,
    /// Write the network here: a TOML file, with its arrays beside it
    #[arg(long, value_name = "NET.toml")]
    out: Option<PathBuf>,
}

pub(super) fn convert(args: &ConvertArgs) -> anyhow::Result<()> {
    if !(args.percentile > 0.0 && args.percentile <= 100.0) {
        bail!("--percentile {} is not above 0 and at most 100", args.percentile);
    }
    if let Some(path) = &args.out {
        free(path, args.overwrite)?;
    }
    let jobs = threads(args.jobs);
    let ann = onnx::read_file(&args.file)?;
    let samples =
        waiting("reading samples", || inputs::open(&args.calibrate, args.test.as_deref(), args.seed, args.validate))?;
    let count = args.samples.map_or(usize::MAX, NonZeroUsize::get);
    let test = &samples.test[..samples.test.len().min(count)];
    if test.is_empty() {
        bail!("{} has no samples to test on: give them by --test", args.calibrate.display());
    }
    inputs::check_labels(&ann, test)?;
    let ready = Ready::new(&ann).map_err(ConvertError::Network)?;
    let right = waiting("answering by the ANN", || inputs::answers(&ready, test, jobs, &stop::requested))?;
    let calibration = waiting("calibrating", || calibrate(&ann, &samples.training, args.percentile, args.by, jobs))?;
    let mut options = ConvertOptions::default();
    (options.reset, options.input, options.readout) = (args.reset, args.input, args.readout);
    options.steps = args.steps.iter().copied().max().unwrap_or(1);
    let mut converted = host_harness::convert::convert::convert(&ann, &calibration, options)?;
    converted.network.seed = args.seed;
    let curve =
        told("running on the emulator", test.len(), |tell| curve(&ann, &converted, test, &args.steps, jobs, tell))?;
    let result = Outcome { ann: &ann, calibration: &calibration, converted: &converted, curve: &curve, right: &right };
    let warnings = result.warnings();
    for warning in &warnings {
        out::complain(warning);
    }
    let table = result.table();
    let mut network = converted.network.clone();
    network.about = format!("Converted from {}:\n{table}", args.file.display());
    samples.scale().into_iter().for_each(|scale| scale::keep(&mut network, 0, scale));
    // Before anything is printed: who reads it may be gone.
    if let Some(path) = &args.out {
        network.save(path)?;
        // What was written is what runs.
        network = file::read(path)?;
    }
    let comparison = compare_whole(&network, test, &curve, jobs)?;
    let mut body = result.body();
    body[accuracy_name(args.validate)] = json!(curve.points.last().and_then(|point| curve.accuracy(point)));
    body["scores_compared"] = comparison.compared.into();
    body["scores_different"] = comparison.different.into();
    body["warnings"] = warnings.into();
    body["out"] = json!(args.out);
    if comparison.different > 0 {
        return Err(out::partial(SCHEMA, body, different(&comparison)));
    }
    out::line(format_args!("{}", table.trim_end()))?;
    out::line(format_args!("all {} scores the same when samples run in one piece", comparison.compared))?;
    if let Some(path) = &args.out {
        out::line(format_args!("the network is in {}", path.display()))?;
    }
    out::result(SCHEMA, &body)
}

/// The scores after the most steps, which were read between pieces of a sample, beside those of whole samples, as `loihi run`
/// shows them.
fn compare_whole(
    network: &Network,
    samples: &[Sample],
    curve: &Curve,
    jobs: NonZeroUsize,
) -> anyhow::Result<Comparison> {
    let presentation = Presentation::new(network, 0);
    let shown = |sample: &Sample, number: u32| Ok(present(network, sample, number, &presentation)?);
    let compared = told("comparing with whole samples", samples.len(), |tell| {
        compare_shown(network, samples, &curve.scores, &shown, jobs, tell)
    })?;
    Ok(compared)
}

fn different(comparison: &Comparison) -> String {
    let Comparison { compared, different, first, .. } = comparison;
    format!(
        "{different} of {compared} scores differ between samples in one piece and samples that are read several times, first those \
         of sample {}: this is a fault of the emulator",
        first.as_deref().unwrap_or_default()
    )
}

/// What came out.
struct Outcome<'o> {
    ann: &'o Ann,
    calibration: &'o Calibration,
    converted: &'o Converted,
    curve: &'o Curve,
    right: &'o [bool],
}

impl Outcome<'_> {
    fn ann_accuracy(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share may be rounded")]
        let accuracy = self.right.iter().filter(|right| **right).count() as f64 / self.right.len().max(1) as f64;
        accuracy
    }

    fn warnings(&self) -> Vec<String> {
        let silent = self.calibration.silent.iter();
        let silent = silent
            .map(|name| format!("`{name}` was not active for any sample of the calibration: its scale is a guess"));
        silent.chain(self.curve.warnings()).collect()
    }

    fn table(&self) -> String {
        let mut text = String::new();
        let (ann, curve) = (self.ann_accuracy(), self.curve);
        let name_width = curve.layers.iter().map(|layer| layer.name.chars().count()).max().unwrap_or(0).max(5);
        let _ = writeln!(
            text,
            "{:<name_width$}  {:>9}  {:>9}  {:>11}  correlation",
            "layer", "neurons", "unit", "spikes/step"
        );
        for ((layer, own), of_ann) in curve.layers.iter().zip(&self.converted.layers).zip(&self.ann.layers) {
            let correlation = layer.correlation.map_or_else(|| "-".to_owned(), |own| format!("{own:.4}"));
            let (neurons, unit) = (of_ann.neurons(), own.unit);
            let rate = layer.rate;
            let _ =
                writeln!(text, "{:<name_width$}  {neurons:>9}  {unit:>9.1}  {rate:>11.4}  {correlation}", layer.name);
        }
        let _ = writeln!(text, "\n{:>6}  {:>9}  {:>12}", "steps", "accuracy", "below ANN");
        let _ = writeln!(text, "{:>6}  {:>7.2} %", "ANN", 100.0 * ann);
        for point in &curve.points {
            let _ = match curve.accuracy(point) {
                Some(own) => {
                    writeln!(text, "{:>6}  {:>7.2} %  {:>5.2} points", point.steps, 100.0 * own, 100.0 * (ann - own))
                }
                None => writeln!(text, "{:>6}  {:>9}", point.steps, "no answer"),
            };
        }
        let _ = writeln!(
            text,
            "\n{}, {}, {}; with the most steps {:.0} spikes and {:.0} synaptic events a sample",
            plural(curve.samples, "sample"),
            plural(curve.cores, "core"),
            plural(curve.compartments, "compartment"),
            curve.spikes,
            curve.events,
        );
        text
    }

    fn body(&self) -> Value {
        let curve = self.curve;
        let ann = self.ann_accuracy();
        let point = |point: &host_harness::convert::curve::Point| {
            let accuracy = curve.accuracy(point);
            json!({ "steps": point.steps, "accuracy": accuracy, "loss": accuracy.map(|own| ann - own), "samples_without_answer": point.silent })
        };
        let layers = curve.layers.iter().zip(&self.converted.layers).zip(&self.ann.layers);
        let layer = |((figures, own), of_ann): (
            (&host_harness::convert::curve::LayerFigures, &host_harness::convert::convert::ConvertedLayer),
            &host_harness::convert::ann::Layer,
        )| {
            json!({
                "layer": figures.name, "neurons": of_ann.neurons(), "unit": own.unit,
                "largest_activation": own.largest.iter().copied().fold(0.0_f32, f32::max),
                "weight_error": own.weight_error, "spikes_per_step": figures.rate, "correlation": figures.correlation,
            })
        };
        json!({
            "network": self.ann.name, "parameters": self.ann.parameters(), "samples": curve.samples,
            "samples_calibration": self.calibration.samples, "ann_accuracy": ann,
            "curve": curve.points.iter().map(point).collect::<Vec<_>>(), "layers": layers.map(layer).collect::<Vec<_>>(),
            "late_steps": self.converted.network.late_steps, "cores": curve.cores, "compartments": curve.compartments,
            "spikes_per_sample": curve.spikes, "synaptic_events_per_sample": curve.events,
        })
    }
}
