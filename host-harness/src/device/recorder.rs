//! Probes: reads registers at chosen steps while a session runs.
//!
//! Runs are split at the sampled steps and computed on; what is computed stays the same, bit for bit. A session without a
//! recorder, and every step that no probe asks for, goes the way it always went.

use super::probe::Probe;
use super::session::{Session, SessionError};
use crate::image::ImageFile;
use loihi_core::ops::OpCounts;
use loihi_core::probe::Register;
use loihi_core::wire::message::Record;
use std::io;

/// Takes samples.
pub trait Sink: Send {
    /// A sample that was taken after a step, counted from 0.
    ///
    /// # Errors
    /// Where it is written cannot be written to.
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()>;

    /// There are no more.
    ///
    /// # Errors
    /// Where it is written cannot be written to.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Looks at a run when it likes to.
pub trait Onlooker: Send {
    /// Whether it wants to see what comes next. It changes from yes to no only by [`Onlooker::look`].
    fn wants(&self) -> bool;

    /// What it sees after a step, counted from 0: core and compartment of the core of every spike in turn, and the counts
    /// so far.
    fn look(&mut self, step: u64, spikes: &[i32], ops: &OpCounts);
}

/// Probes, and where their samples go.
#[derive(Default)]
pub struct Recorder {
    probes: Vec<(Probe, Box<dyn Sink>)>,
    spikes: Option<Box<dyn Sink>>,
    onlooker: Option<Box<dyn Onlooker>>,
    begin: Option<Box<dyn Sink>>,
    /// First compartments of the cores of the image that is loaded.
    cores: Vec<u32>,
    /// Steps computed; `None` while only the device knows.
    steps: Option<u64>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let probes: Vec<&Probe> = self.probes.iter().map(|(probe, _)| probe).collect();
        f.debug_struct("Recorder").field("probes", &probes).field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Samples a register.
    pub fn probe(&mut self, probe: Probe, sink: Box<dyn Sink>) {
        self.probes.push((probe, sink));
    }

    /// Records every spike. The sink gets core and compartment of the core in turn, and nothing for a silent step.
    pub fn spikes(&mut self, sink: Box<dyn Sink>) {
        self.spikes = Some(sink);
    }

    /// Lets somebody look at spikes and counts.
    pub fn onlooker(&mut self, onlooker: Box<dyn Onlooker>) {
        self.onlooker = Some(onlooker);
    }

    /// Records the weights with which the first step begins.
    pub fn weights_at_begin(&mut self, sink: Box<dyn Sink>) {
        self.begin = Some(sink);
    }

    /// Closes everything that was recorded.
    ///
    /// # Errors
    /// The first [`SessionError::Record`]; the others are closed all the same.
    pub fn finish(self) -> Result<(), SessionError> {
        let probes = self.probes.into_iter().map(|(_, sink)| sink);
        let finished: Vec<io::Result<()>> = probes.chain(self.spikes).chain(self.begin).map(Sink::finish).collect();
        finished.into_iter().collect::<io::Result<()>>().map_err(SessionError::Record)
    }

    /// An image was loaded: where its cores begin, and whether it has what is to be sampled.
    pub(super) fn loaded(&mut self, session: &mut Session, image: &ImageFile) -> Result<(), SessionError> {
        for (probe, _) in &self.probes {
            let elements = probe.elements.clone().unwrap_or(0..1);
            let there = session.read_part(probe.register, Some(elements.clone()))?.len();
            if there < elements.len() {
                let why = match session.read(probe.register)?.len() {
                    0 => format!("--probe {}: this network has no such register", probe.label()),
                    all => format!(
                        "--probe {} asks for elements up to {}, the register has {all}",
                        probe.label(),
                        elements.end
                    ),
                };
                return Err(SessionError::Record(io::Error::other(why)));
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

    /// [`Session::run`], split where there is something to sample.
    pub(super) fn run(&mut self, session: &mut Session, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        let mut computed = self.begin(session, steps)?;
        if !self.samples_within(computed, u64::from(steps)) {
            self.steps = Some(computed + u64::from(steps));
            return session.run(steps, spikes);
        }
        let (mut done, mut rest) = (0, spikes);
        while done < steps {
            let part = self.part(computed, steps - done);
            let end = if done + part == steps {
                rest.len()
            } else {
                rest.partition_point(|(at, _)| u32::from(*at) < done + part)
            };
            let (now, later) = rest.split_at(end);
            let shift = |at: u16| u16::try_from(u32::from(at).saturating_sub(done)).unwrap_or(u16::MAX);
            let now: Vec<(u16, u16)> = now.iter().map(|(at, input)| (shift(*at), *input)).collect();
            session.run(part, &now)?;
            (done, rest, computed) = (done + part, later, computed + u64::from(part));
            self.sample(session, computed)?;
        }
        Ok(())
    }

    /// [`Session::stream`], of which those records are split in which there is something to sample.
    pub(super) fn stream<'r>(
        &mut self,
        session: &mut Session,
        records: impl IntoIterator<Item = Record<'r>>,
        output_words: usize,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        let mut waiting = Vec::new();
        for record in records {
            let computed = self.begin(session, u32::from(record.steps))?;
            if self.samples_within(computed, u64::from(record.steps)) {
                session.stream(waiting.drain(..), output_words, &mut *visit)?;
                self.record(session, computed, &record, output_words, visit)?;
            } else {
                self.steps = Some(computed + u64::from(record.steps));
                waiting.push(record);
            }
        }
        session.stream(waiting, output_words, visit)
    }

    fn record(
        &mut self,
        session: &mut Session,
        mut computed: u64,
        record: &Record<'_>,
        output_words: usize,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        let (mut done, mut output) = (0, Vec::new());
        while done < record.steps {
            let part = self.part(computed, u32::from(record.steps - done));
            let part = u16::try_from(part).unwrap_or(u16::MAX);
            let later = Record { learn: record.learn, steps: part, ..Record::PLAIN };
            let now = if done == 0 { Record { steps: part, ..*record } } else { later };
            session.stream([now], output_words, |words| output = words.to_vec())?;
            (done, computed) = (done + part, computed + u64::from(part));
            self.sample(session, computed)?;
        }
        if output_words > 0 {
            visit(&output);
        }
        Ok(())
    }

    /// Steps computed so far; records the weights before the first ones.
    fn begin(&mut self, session: &mut Session, steps: u32) -> Result<u64, SessionError> {
        let computed = match self.steps {
            Some(computed) => computed,
            None => session.ops()?.steps,
        };
        self.steps = Some(computed);
        if steps > 0
            && let Some(mut sink) = self.begin.take()
        {
            let words = session.weights()?;
            sink.sample(computed, &words).and_then(|()| sink.finish()).map_err(SessionError::Record)?;
        }
        Ok(computed)
    }

    /// The next step after which something is sampled.
    fn next(&self, computed: u64) -> Option<u64> {
        let looks = self.onlooker.as_ref().is_some_and(|onlooker| onlooker.wants());
        let spikes = (looks || self.spikes.is_some()).then_some(computed);
        self.probes.iter().filter_map(|(probe, _)| probe.next(computed)).chain(spikes).min()
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
    fn sample(&mut self, session: &mut Session, computed: u64) -> Result<(), SessionError> {
        self.steps = Some(computed);
        let step = computed.saturating_sub(1);
        for (probe, sink) in self.probes.iter_mut().filter(|(probe, _)| probe.next(step) == Some(step)) {
            let words = session.read_part(probe.register, probe.elements.clone())?;
            sink.sample(step, &words).map_err(SessionError::Record)?;
        }
        let looks = self.onlooker.as_ref().is_some_and(|onlooker| onlooker.wants());
        if !looks && self.spikes.is_none() {
            return Ok(());
        }
        let spikes = self.spikes_by_core(&session.read(Register::Spikes)?);
        if let Some(sink) = &mut self.spikes
            && !spikes.is_empty()
        {
            sink.sample(step, &spikes).map_err(SessionError::Record)?;
        }
        if let Some(onlooker) = self.onlooker.as_mut().filter(|_| looks) {
            onlooker.look(step, &spikes, &session.ops()?);
        }
        Ok(())
    }

    /// Core and compartment of the core, in turn, of compartments of the chip.
    fn spikes_by_core(&self, compartments: &[i32]) -> Vec<i32> {
        let place = |compartment: &i32| {
            let compartment = compartment.cast_unsigned();
            let core = self.cores.partition_point(|first| *first <= compartment).saturating_sub(1);
            let first = self.cores.get(core).copied().unwrap_or(0);
            [i32::try_from(core).unwrap_or(i32::MAX), (compartment - first).cast_signed()]
        };
        compartments.iter().flat_map(place).collect()
    }
}
