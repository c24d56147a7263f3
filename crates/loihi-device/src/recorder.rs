//! Probes: reads registers at chosen steps while a session runs.
//!
//! Runs are split at the sampled steps and computed on; what is computed stays the same, bit for bit. A session without a
//! recorder, and every step that no probe asks for, goes the way it always went.

use super::error::SessionError;
use super::link::{Link, Run};
use super::piece::Piece;
use super::spikes;
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use loihi_image::image::ImageFile;
use loihi_net::probe::Probe;
use loihi_place::neuron_map::NeuronMap;
use serde::{Deserialize, Serialize};
use std::io;
use std::ops::Range;

/// How long a file of samples was when everything before was in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Its name in its folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
}

/// Takes samples.
pub trait Sink: Send {
    /// A sample that was taken after a step, counted from 0.
    ///
    /// # Errors
    /// Where it is written cannot be written to.
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()>;

    /// Puts what was taken so far where it outlives this process; says how long its file is then, if it has one that
    /// grows.
    ///
    /// # Errors
    /// Where it is written cannot be written to.
    fn keep(&mut self) -> io::Result<Option<RecordedFile>> {
        Ok(None)
    }

    /// There are no more.
    ///
    /// # Errors
    /// Where it is written cannot be written to.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Looks at a run when it likes to.
pub trait Tap: Send {
    /// Whether it wants to see what comes next. It changes from yes to no only by [`Tap::look`].
    fn wants(&self) -> bool;

    /// What it sees after a step, counted from 0: core and compartment of the core of every spike in turn, and the counts
    /// so far.
    fn look(&mut self, step: u64, spikes: &[i32], ops: &OpCounts);
}

/// A probe, and the elements of its register on the chip that is loaded.
struct Located {
    probe: Probe,
    /// Words of the register to read; `None`: all.
    range: Option<Range<usize>>,
    /// Those of them to keep, counted from the first one that is read, in the order in which they are wanted; `None`: all.
    picked: Option<Vec<usize>>,
    /// Whether each of them is among those to keep.
    held: Vec<bool>,
}

/// Probes, and where their samples go.
#[derive(Default)]
pub struct Recorder {
    probes: Vec<(Located, Box<dyn Sink>)>,
    /// Whose spikes are recorded, and when.
    spikes: Option<(Vec<Located>, Box<dyn Sink>)>,
    tap: Option<Box<dyn Tap>>,
    start: Option<Box<dyn Sink>>,
    /// First compartments of the cores of the image that is loaded.
    cores: Vec<u32>,
    /// Steps computed; `None` while only the device knows.
    steps: Option<u64>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let probes: Vec<&Probe> = self.probes.iter().map(|(located, _)| &located.probe).collect();
        f.debug_struct("Recorder").field("probes", &probes).field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// A device from which a recorder samples.
pub(crate) struct Recorded<'s> {
    pub(crate) recorder: &'s mut Recorder,
    pub(crate) run: &'s mut dyn Run,
}

impl Run for Recorded<'_> {
    fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        self.recorder.run(self.run, steps, spikes)
    }

    fn stream<'r>(
        &mut self,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        self.recorder.stream(self.run, records, visit)
    }

    fn link(&mut self) -> &mut Link {
        self.run.link()
    }
}

impl Recorder {
    /// Samples a register.
    pub fn probe(&mut self, probe: Probe, sink: Box<dyn Sink>) {
        self.probes.push((Located::anywhere(probe), sink));
    }

    /// Records the spikes that one of these probes asks for. The sink gets core and compartment of the core in turn, and
    /// nothing for a silent step.
    pub fn spikes(&mut self, probes: Vec<Probe>, sink: Box<dyn Sink>) {
        self.spikes = Some((probes.into_iter().map(Located::anywhere).collect(), sink));
    }

    /// Lets somebody look at spikes and counts.
    pub fn tap(&mut self, tap: Box<dyn Tap>) {
        self.tap = Some(tap);
    }

    /// Records the weights with which the first step begins.
    pub fn weights_at_start(&mut self, sink: Box<dyn Sink>) {
        self.start = Some(sink);
    }

    /// Whether anything is sampled, or looked at, while steps are computed.
    pub fn watches(&self) -> bool {
        !self.probes.is_empty() || self.spikes.is_some() || self.tap.is_some()
    }

    /// Whether a step was asked for since the image was loaded.
    pub fn has_begun(&self) -> bool {
        self.steps.is_some()
    }

    /// Puts everything that was recorded so far where it outlives this process; says how long the files are then.
    ///
    /// # Errors
    /// [`SessionError::Record`].
    pub fn keep(&mut self) -> Result<Vec<RecordedFile>, SessionError> {
        let probes = self.probes.iter_mut().map(|(_, sink)| sink);
        let sinks = probes.chain(self.spikes.iter_mut().map(|(_, sink)| sink));
        let kept = sinks.filter_map(|sink| sink.keep().transpose());
        kept.collect::<io::Result<_>>().map_err(SessionError::Record)
    }

    /// Closes everything that was recorded.
    ///
    /// # Errors
    /// The first [`SessionError::Record`]; the others are closed all the same.
    pub fn finish(self) -> Result<(), SessionError> {
        let probes = self.probes.into_iter().map(|(_, sink)| sink);
        let spikes = self.spikes.into_iter().map(|(_, sink)| sink);
        let finished: Vec<io::Result<()>> = probes.chain(spikes).chain(self.start).map(Sink::finish).collect();
        finished.into_iter().collect::<io::Result<()>>().map_err(SessionError::Record)
    }

    /// An image was loaded: where its cores begin, and whether it has what is to be sampled.
    pub(super) fn loaded(
        &mut self,
        link: &mut Link,
        image: &ImageFile,
        neuron_map: &NeuronMap,
    ) -> Result<(), SessionError> {
        let refused = |why| SessionError::Record(io::Error::other(why));
        let spikes = self.spikes.iter_mut().flat_map(|(probes, _)| probes);
        for located in self.probes.iter_mut().map(|(located, _)| located).chain(spikes) {
            located.locate(neuron_map).map_err(refused)?;
            if let Some(why) = located.lacks(link)? {
                return Err(refused(why));
            }
        }
        let first = |core: loihi_core::image::CoreRecord| u32::try_from(core.compartment_first).unwrap_or(u32::MAX);
        self.cores = image.open()?.cores().map(first).collect();
        Ok(())
    }

    /// The number of steps is that of a state which was restored.
    pub(super) fn restored(&mut self) {
        self.steps = None;
    }

    /// Counts steps as computed if there is nothing to sample in them; says whether.
    pub(super) fn passes(&mut self, link: &mut Link, steps: u32) -> Result<bool, SessionError> {
        let computed = self.start(link, steps)?;
        let passes = !self.samples_within(computed, u64::from(steps));
        if passes {
            self.steps = Some(computed + u64::from(steps));
        }
        Ok(passes)
    }

    /// [`Run::run`], split where there is something to sample.
    fn run(&mut self, run: &mut dyn Run, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        let mut computed = self.start(run.link(), steps)?;
        if !self.samples_within(computed, u64::from(steps)) {
            self.steps = Some(computed + u64::from(steps));
            return run.run(steps, spikes);
        }
        let (mut done, mut rest) = (0, spikes);
        while done < steps {
            let part = self.part(computed, steps - done);
            let now = spikes::take(&mut rest, done, part, done + part == steps);
            run.run(part, &now)?;
            (done, computed) = (done + part, computed + u64::from(part));
            self.sample(run.link(), computed)?;
        }
        Ok(())
    }

    /// [`Run::stream`], of which those records are split in which there is something to sample.
    fn stream<'r>(
        &mut self,
        run: &mut dyn Run,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        let mut waiting = Vec::new();
        for record in records {
            let computed = self.start(run.link(), u32::from(record.steps))?;
            if self.samples_within(computed, u64::from(record.steps)) {
                run.stream(&mut waiting.drain(..), visit)?;
                self.record(run, computed, &record, visit)?;
            } else {
                self.steps = Some(computed + u64::from(record.steps));
                waiting.push(record);
            }
        }
        run.stream(&mut waiting.into_iter(), visit)
    }

    fn record(
        &mut self,
        run: &mut dyn Run,
        mut computed: u64,
        record: &Record<'_>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        let (mut output, mut rest) = (Vec::new(), Some(Piece::of(record)));
        while let Some(piece) = rest {
            let part = self.part(computed, u32::from(piece.steps()));
            let (now, later) = piece.split(u16::try_from(part).unwrap_or(u16::MAX));
            run.stream(&mut [now.record()].into_iter(), &mut |words| output = words.to_vec())?;
            computed += u64::from(now.steps());
            rest = later;
            self.sample(run.link(), computed)?;
        }
        if !output.is_empty() {
            visit(&output);
        }
        Ok(())
    }

    /// Steps computed so far; records the weights before the first ones.
    fn start(&mut self, link: &mut Link, steps: u32) -> Result<u64, SessionError> {
        let computed = match self.steps {
            Some(computed) => computed,
            None => link.ops()?.steps,
        };
        self.steps = Some(computed);
        if steps > 0
            && let Some(mut sink) = self.start.take()
        {
            let words = link.weights()?;
            sink.sample(computed, &words).and_then(|()| sink.finish()).map_err(SessionError::Record)?;
        }
        Ok(computed)
    }

    /// The next step after which something is sampled.
    fn next(&self, computed: u64) -> Option<u64> {
        let looks = self.tap.as_ref().is_some_and(|tap| tap.wants());
        let looks = looks.then_some(computed);
        let spikes = self.spikes.iter().flat_map(|(probes, _)| probes);
        let all = self.probes.iter().map(|(located, _)| located).chain(spikes);
        all.filter_map(|located| located.probe.next(computed)).chain(looks).min()
    }

    fn samples_within(&self, computed: u64, steps: u64) -> bool {
        self.next(computed).is_some_and(|next| next - computed < steps)
    }

    /// How many of `most` steps are computed at once.
    fn part(&self, computed: u64, most: u32) -> u32 {
        let until = self.next(computed).map_or(u64::MAX, |next| next - computed + 1);
        u32::try_from(until).unwrap_or(u32::MAX).min(most)
    }

    /// Samples what is due after the last one of `computed` steps.
    fn sample(&mut self, link: &mut Link, computed: u64) -> Result<(), SessionError> {
        self.steps = Some(computed);
        let step = computed.saturating_sub(1);
        for (located, sink) in self.probes.iter_mut().filter(|(located, _)| located.is_due(step)) {
            let words = link.read_part(located.probe.register, located.range.clone())?;
            sink.sample(step, &located.pick(words)).map_err(SessionError::Record)?;
        }
        let looks = self.tap.as_ref().is_some_and(|tap| tap.wants());
        let records = self.spikes.iter().flat_map(|(probes, _)| probes).any(|located| located.is_due(step));
        if !looks && !records {
            return Ok(());
        }
        let fired = link.read(Register::Spikes)?;
        if let Some((probes, sink)) = &mut self.spikes {
            let wanted = |spike: &&i32| probes.iter().any(|located| located.is_due(step) && located.holds(**spike));
            let wanted = spikes_by_core(&self.cores, fired.iter().filter(wanted));
            if !wanted.is_empty() {
                sink.sample(step, &wanted).map_err(SessionError::Record)?;
            }
        }
        if let Some(tap) = self.tap.as_mut().filter(|_| looks) {
            tap.look(step, &spikes_by_core(&self.cores, fired.iter()), &link.ops()?);
        }
        Ok(())
    }
}

/// Core and compartment of the core, in turn, of compartments of the chip; `cores` are the first ones of the cores.
fn spikes_by_core<'s>(cores: &[u32], compartments: impl Iterator<Item = &'s i32>) -> Vec<i32> {
    let place = |compartment: &i32| {
        let compartment = compartment.cast_unsigned();
        let core = cores.partition_point(|first| *first <= compartment).saturating_sub(1);
        let first = cores.get(core).copied().unwrap_or(0);
        [i32::try_from(core).unwrap_or(i32::MAX), (compartment - first).cast_signed()]
    };
    compartments.flat_map(place).collect()
}

impl Located {
    const fn anywhere(probe: Probe) -> Self {
        Self { probe, range: None, picked: None, held: Vec::new() }
    }

    /// Finds the elements among the populations of a chip; else why there are none.
    fn locate(&mut self, neuron_map: &NeuronMap) -> Result<(), String> {
        let Self { probe, range, picked, held } = self;
        let Some(target) = &probe.of else {
            range.clone_from(&probe.elements);
            return Ok(());
        };
        let Some(found) = neuron_map.populations.iter().find(|found| found.name == target.population) else {
            let names: Vec<&str> = neuron_map.populations.iter().map(|found| found.name.as_str()).collect();
            let names = names.join(", ");
            return Err(format!("probe {probe}: unknown population `{}`; there are: {names}", target.population));
        };
        let Some(all) = neuron_map.compartments(&found.name, target.compartment) else {
            return Err(format!("probe {probe}: a neuron has {} compartments, counted from 0", found.compartments));
        };
        let wanted = probe.elements.clone().unwrap_or(0..all.len());
        let Some(places) = all.get(wanted.clone()).filter(|places| !places.is_empty()) else {
            let (asked, there) = (wanted.end, all.len());
            return Err(format!("probe {probe} asks for neurons up to {asked}, `{}` has {there}", found.name));
        };
        let first = places.iter().copied().min().unwrap_or(0);
        let end = places.iter().copied().max().unwrap_or(0) + 1;
        *range = Some(first as usize..end as usize);
        *held = vec![false; (end - first) as usize];
        let places = places.iter().map(|place| (place - first) as usize);
        *picked = Some(places.inspect(|place| held[*place] = true).collect());
        Ok(())
    }

    /// Why the loaded chip lacks some of the elements; `None` if it has all.
    fn lacks(&self, link: &mut Link) -> Result<Option<String>, SessionError> {
        let Self { probe, range, .. } = self;
        if probe.register == Register::Spikes {
            return Ok(None);
        }
        let wanted = range.clone().unwrap_or(0..1);
        if link.read_part(probe.register, Some(wanted.clone()))?.len() == wanted.len() {
            return Ok(None);
        }
        Ok(Some(match link.read(probe.register)?.len() {
            0 => format!("probe {probe}: this network has no such register"),
            all => format!("probe {probe} asks for elements up to {}, the register has {all}", wanted.end),
        }))
    }

    /// Whether a sample is taken after a step.
    fn is_due(&self, step: u64) -> bool {
        self.probe.next(step) == Some(step)
    }

    /// What is wanted of the words that were read.
    fn pick(&self, words: Vec<i32>) -> Vec<i32> {
        match &self.picked {
            Some(picked) => picked.iter().filter_map(|at| words.get(*at).copied()).collect(),
            None => words,
        }
    }

    /// Whether spikes of a compartment are wanted.
    fn holds(&self, compartment: i32) -> bool {
        let Some(range) = &self.range else { return true };
        let place = usize::try_from(compartment).ok().and_then(|place| place.checked_sub(range.start));
        place.and_then(|place| self.held.get(place)).is_some_and(|held| *held)
    }
}
