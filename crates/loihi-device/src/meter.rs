//! Meters what every core does, step by step, while a session runs.
//!
//! A request that is metered is computed one step at a time, and after each step the device is asked what every core
//! has done: the steps are the same, bit for bit, only slower. So a long run is metered in part: one request after every
//! `stride` steps.

use super::error::SessionError;
use super::link::{Link, Run};
use super::piece::Piece;
use loihi_core::meter::CoreCounts;
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use loihi_image::image::ImageFile;

/// What a session's cores do.
#[derive(Debug)]
pub struct Meter {
    /// Steps from one metered request to the next; 0: every step is metered.
    stride: u64,
    /// Steps computed, metered or not.
    steps: u64,
    /// The step from which on a request is metered.
    due: u64,
    /// What the device has counted until the metered request under way.
    open: Option<Baseline>,
    /// By image, in the order in which they were loaded.
    runs: Vec<MeteredRun>,
}

/// The steps of one image that were metered.
#[derive(Clone, Debug)]
pub struct MeteredRun {
    /// The image.
    pub image: ImageFile,
    /// The steps.
    pub steps: Vec<MeteredStep>,
    /// What the chip counted in these steps.
    pub ops: OpCounts,
    /// Instructions of the embedded CPU's programs in these steps, if the device counts them.
    pub snip_instructions: Option<u64>,
}

/// A step that was metered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeteredStep {
    /// What every core did.
    pub cores: Vec<CoreCounts>,
    /// Compartments whose spikes of the step before were delivered in this one, ascending.
    pub delivered: Vec<u32>,
}

/// What a device had counted when a metered request began.
#[derive(Clone, Debug)]
struct Baseline {
    counts: Vec<CoreCounts>,
    ops: OpCounts,
}

/// A device whose cores are metered.
pub(crate) struct Metered<'s> {
    pub(crate) meter: &'s mut Meter,
    pub(crate) link: &'s mut Link,
}

impl Run for Metered<'_> {
    fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        self.meter.run(self.link, steps, spikes)
    }

    fn stream<'r>(
        &mut self,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        self.meter.stream(self.link, records, visit)
    }

    fn link(&mut self) -> &mut Link {
        self.link
    }
}

impl Meter {
    /// Steps between two requests that are metered; 0: every step.
    pub const fn new(stride: u64) -> Self {
        Self { stride, steps: 0, due: 0, open: None, runs: Vec::new() }
    }

    /// What was metered, by image.
    pub fn into_runs(self) -> Vec<MeteredRun> {
        self.runs
    }

    /// An image was loaded.
    pub(super) fn loaded(&mut self, image: &ImageFile) {
        self.open = None;
        let ops = OpCounts::default();
        self.runs.push(MeteredRun { image: image.clone(), steps: Vec::new(), ops, snip_instructions: None });
    }

    /// What the device has counted is no longer what it was.
    pub(super) fn forget(&mut self) {
        self.open = None;
    }

    const fn is_due(&self) -> bool {
        self.steps >= self.due
    }

    const fn count(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// [`Run::run`], metered if it is time.
    fn run(&mut self, link: &mut Link, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        // Those of the step after the last one wait on the chip.
        let (now, later) = spikes.split_at(spikes.partition_point(|(at, _)| u32::from(*at) < steps));
        if !self.is_due() {
            self.count(u64::from(steps));
            link.run_at_once(steps, spikes)?;
            if !later.is_empty() {
                // They were not metered, so neither is the step in which they count.
                self.due = self.due.max(self.steps.saturating_add(1));
            }
            return Ok(());
        }
        self.start(link)?;
        let mut delivered = spikes_of(link)?;
        let mut rest = now;
        for step in 0..steps {
            let now = rest.iter().take_while(|(at, _)| u32::from(*at) <= step).count();
            let (due, later) = rest.split_at(now);
            let due: Vec<(u16, u16)> = due.iter().map(|(_, input)| (0, *input)).collect();
            rest = later;
            let snip = link.run_at_once(1, &due)?;
            delivered = self.step(link, delivered, snip)?;
        }
        if steps > 0 && later.is_empty() {
            return self.end(link);
        }
        // The step in which they count is metered too.
        let later: Vec<(u16, u16)> = later.iter().map(|(_, input)| (0, *input)).collect();
        link.run_at_once(0, &later)?;
        Ok(())
    }

    /// [`Run::stream`], of which those records are metered for which it is time.
    fn stream<'r>(
        &mut self,
        link: &mut Link,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        let mut waiting = Vec::new();
        for record in records {
            if !self.is_due() || record.steps == 0 {
                self.count(u64::from(record.steps));
                waiting.push(record);
                continue;
            }
            link.stream_at_once(waiting.drain(..), visit)?;
            self.record(link, &record, visit)?;
        }
        link.stream_at_once(waiting, visit)?;
        Ok(())
    }

    /// Computes a record step by step.
    fn record(
        &mut self,
        link: &mut Link,
        record: &Record<'_>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        self.start(link)?;
        let mut delivered = if record.reset { Vec::new() } else { spikes_of(link)? };
        let (mut output, mut rest) = (Vec::new(), Some(Piece::of(record)));
        while let Some(piece) = rest {
            let (now, later) = piece.split(1);
            let snip = link.stream_at_once([now.record()], &mut |words| output = words.to_vec())?;
            delivered = self.step(link, delivered, snip)?;
            rest = later;
        }
        if !output.is_empty() {
            visit(&output);
        }
        self.end(link)
    }

    /// Switches the device's meter on, and asks for what it has counted so far.
    fn start(&mut self, link: &mut Link) -> Result<(), SessionError> {
        if self.open.is_none() {
            link.switch_meter(true)?;
            self.open = Some(Baseline { counts: counts_of(link)?, ops: link.ops()? });
        }
        Ok(())
    }

    /// A metered step was computed: what it has done. Returns the spikes of this step.
    fn step(
        &mut self,
        link: &mut Link,
        delivered: Vec<u32>,
        snip_instructions: Option<u64>,
    ) -> Result<Vec<u32>, SessionError> {
        let counts = counts_of(link)?;
        self.count(1);
        if let (Some(open), Some(run)) = (&mut self.open, self.runs.last_mut()) {
            let cores = counts.iter().zip(&open.counts).map(|(after, before)| after.since(before)).collect();
            run.steps.push(MeteredStep { cores, delivered });
            if let Some(took) = snip_instructions {
                run.snip_instructions = Some(run.snip_instructions.unwrap_or(0) + took);
            }
            open.counts = counts;
        }
        spikes_of(link)
    }

    /// Ends a metered request.
    fn end(&mut self, link: &mut Link) -> Result<(), SessionError> {
        let ops = link.ops()?;
        if let (Some(open), Some(run)) = (&mut self.open, self.runs.last_mut()) {
            run.ops = run.ops.plus(&ops.since(&open.ops));
            open.ops = ops;
        }
        self.due = self.steps.saturating_add(self.stride);
        if self.stride > 0 {
            self.open = None;
            link.switch_meter(false)?;
        }
        Ok(())
    }
}

fn counts_of(link: &mut Link) -> Result<Vec<CoreCounts>, SessionError> {
    let words = link.read(Register::CoreCounts)?;
    let cores = words.as_chunks::<{ CoreCounts::WORDS }>().0.iter();
    Ok(cores.map(|words| CoreCounts::from_words(words.map(i32::cast_unsigned))).collect())
}

fn spikes_of(link: &mut Link) -> Result<Vec<u32>, SessionError> {
    Ok(link.read(Register::Spikes)?.into_iter().map(i32::cast_unsigned).collect())
}
