//! Spikes of a run folder: a raster for every population over the same steps, and how many spikes there were.
//!
//! What is drawn beside the rasters stands over the same steps: their window.

use super::number::rounded;
use super::plot::{Mark, Plot};
use loihi_files::npy::{self, Spike};
use loihi_files::plural::plural;
use loihi_place::neuron_map::NeuronMap;
use loihi_run::record::neurons;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

/// Most dots of a raster; of longer runs the last steps are drawn, as many as have no more spikes.
const DOTS_MAX: usize = 12_000;
/// Most rows of a raster; of more neurons every n-th is drawn.
const ROWS_MAX: usize = 1000;
/// Most rasters; the populations after that are not drawn.
const RASTERS_MAX: usize = 8;
/// Bars of the rate.
const BINS: usize = 60;

/// Rasters with their captions, the steps that they show, and the rate over the whole run.
pub(super) struct Rasters {
    pub(super) window: RangeInclusive<u32>,
    pub(super) plots: Vec<(Plot, String)>,
    pub(super) rates: (Plot, String),
}

/// Rasters; `None` if nothing has spiked. `spiking` are the populations that were recorded, if not all.
///
/// # Errors
/// The spikes cannot be read.
pub(super) fn rasters(folder: &Path, spiking: Option<&BTreeSet<String>>) -> io::Result<Option<Rasters>> {
    let path = folder.join("spikes.npy");
    let recorded = |name: &String| spiking.is_none_or(|spiking| spiking.contains(name));
    let Some(extent) = Extent::of(&path)? else { return Ok(None) };
    let neuron_map = neurons::read(folder)?.unwrap_or_default();
    let ranges: Vec<_> = neuron_map.ranges().collect();
    let mut strips: Vec<Strip> = if ranges.is_empty() {
        vec![Strip::new("all cores", 0, extent.rows)]
    } else {
        let strip = |(population, range): &(&loihi_place::neuron_map::MappedPopulation, std::ops::Range<u32>)| {
            Strip::new(&population.name, range.start, population.neurons)
        };
        ranges.iter().map(strip).collect()
    };
    let mut counts = vec![0_usize; extent.steps().div_ceil(extent.bin())];
    // A run in progress adds spikes in between.
    for spike in npy::spikes(&path)?.take(extent.spikes) {
        let spike = spike?;
        if let Some(count) = counts.get_mut((spike.step - extent.first) as usize / extent.bin()) {
            *count += 1;
        }
        let neuron = if ranges.is_empty() { Some(by_core(spike)) } else { of(&neuron_map, spike) };
        let Some(neuron) = neuron else { continue };
        let at = strips.partition_point(|strip| strip.first <= neuron).saturating_sub(1);
        if let Some(strip) = strips.get_mut(at) {
            strip.add(spike.step, neuron);
        }
    }
    strips.retain(|strip| ranges.is_empty() || recorded(&strip.name));
    let more = strips.len().saturating_sub(RASTERS_MAX);
    strips.truncate(RASTERS_MAX);
    // All rasters begin where the busiest one has to.
    let from = strips.iter().filter_map(|strip| strip.drawn_from).max().unwrap_or(extent.first);
    let mut plots: Vec<(Plot, String)> = strips.into_iter().map(|strip| strip.plot(from, extent.last)).collect();
    if more > 0
        && let Some((_, caption)) = plots.last_mut()
    {
        // Writing to a text does not fail.
        let _ = write!(caption, "; {more} more populations are in the file");
    }
    Ok(Some(Rasters { window: from..=extent.last, plots, rates: extent.rates(&counts) }))
}

fn of(neuron_map: &NeuronMap, spike: Spike) -> Option<u32> {
    neuron_map.neuron(spike.core.into(), spike.id.into())
}

/// Without a neuron map: cores of 1,024 compartments.
fn by_core(spike: Spike) -> u32 {
    u32::from(spike.core) * 1024 + u32::from(spike.id)
}

#[expect(clippy::cast_precision_loss, reason = "a place on a plot, or a count far below 2^52")]
pub(super) const fn real(value: usize) -> f64 {
    value as f64
}

/// The steps in which something spiked.
struct Extent {
    first: u32,
    last: u32,
    spikes: usize,
    /// Rows by core.
    rows: usize,
}

impl Extent {
    fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut extent: Option<Self> = None;
        for spike in npy::spikes(path)? {
            let spike = spike?;
            let Spike { step, .. } = spike;
            let all = extent.get_or_insert(Self { first: step, last: step, spikes: 0, rows: 0 });
            (all.first, all.last) = (all.first.min(step), all.last.max(step));
            all.rows = all.rows.max(by_core(spike) as usize + 1);
            all.spikes += 1;
        }
        Ok(extent)
    }

    const fn steps(&self) -> usize {
        (self.last - self.first) as usize + 1
    }

    /// Steps of a bar.
    fn bin(&self) -> usize {
        self.steps().div_ceil(BINS).max(1)
    }

    fn rates(&self, counts: &[usize]) -> (Plot, String) {
        let bin = self.bin();
        let rate = |(at, count): (usize, &usize)| {
            (f64::from(self.first) + real(at * bin) + real(bin) / 2.0 - 0.5, real(*count) / real(bin))
        };
        let mut rates = Plot::new("step", "spikes per step");
        (rates.x_range, rates.height) = (Some(f64::from(self.first) - 0.5..f64::from(self.last) + 0.5), 190);
        rates = rates.with("", Mark::Bars, counts.iter().enumerate().map(rate).collect());
        (rates, format!("All {} spikes of the run, over bins of {}", rounded(real(self.spikes)), plural(bin, "step")))
    }
}

/// The raster of a population.
struct Strip {
    name: String,
    /// Its first neuron.
    first: u32,
    neurons: usize,
    /// Neurons from one that is drawn to the next.
    every: usize,
    spikes: usize,
    /// The last dots.
    dots: VecDeque<(u32, u32)>,
    /// The first step with all of its dots, if some were forgotten.
    drawn_from: Option<u32>,
}

impl Strip {
    fn new(name: &str, first: u32, neurons: usize) -> Self {
        let every = neurons.div_ceil(ROWS_MAX).max(1);
        Self { name: name.to_owned(), first, neurons, every, spikes: 0, dots: VecDeque::new(), drawn_from: None }
    }

    fn add(&mut self, step: u32, neuron: u32) {
        self.spikes += 1;
        let row = neuron - self.first;
        if !(row as usize).is_multiple_of(self.every) {
            return;
        }
        self.dots.push_back((step, row));
        if self.dots.len() > DOTS_MAX
            && let Some((forgotten, _)) = self.dots.pop_front()
        {
            self.drawn_from = Some(forgotten + 1);
        }
    }

    fn plot(self, from: u32, last: u32) -> (Plot, String) {
        let dots = self.dots.iter().filter(|(step, _)| *step >= from);
        let mut plot = Plot::new("step", "neuron");
        plot.x_range = Some(f64::from(from) - 0.5..f64::from(last) + 0.5);
        plot.y_range = Some(-0.5..real(self.neurons) - 0.5);
        plot.height = if self.neurons > 40 { 300 } else { 190 };
        plot = plot.with("", Mark::Dots, dots.map(|(step, row)| (f64::from(*step), f64::from(*row))).collect());
        let every = if self.every > 1 { format!("; one neuron of {} is drawn", self.every) } else { String::new() };
        let from = self.drawn_from.map_or_else(String::new, |_| format!("; those from step {from} on are drawn"));
        let spikes = if self.spikes == 1 { "1 spike".to_owned() } else { rounded(real(self.spikes)) + " spikes" };
        let caption = format!("{}: {spikes} of {}{every}{from}", self.name, plural(self.neurons, "neuron"));
        (plot, caption)
    }
}
