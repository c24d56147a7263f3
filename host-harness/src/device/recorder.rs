//! Probes: reads registers at chosen steps while a session runs.
//!
//! Runs are split at the sampled steps and computed on; what is computed stays the same, bit for bit. A session without a
//! recorder, and every step that no probe asks for, goes the way it always went.

use super::session::{Session, SessionError};
use crate::image::ImageFile;
use loihi_core::probe::Register;
use loihi_core::wire::message::Record;
use std::io;
use std::ops::Range;
use std::str::FromStr;

/// Every register that can be probed, in the order in which users see them.
pub fn registers() -> impl Iterator<Item = Register> {
    Register::ALL.into_iter().chain([Register::VReadout])
}

/// What is sampled, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The register.
    pub register: Register,
    /// Elements of it; `None`: all.
    pub elements: Option<Range<usize>>,
    /// Steps from one sample to the next, at least 1.
    pub every: u64,
    /// The steps, counted from 0, after which it is sampled, the first one included.
    pub window: Range<u64>,
}

/// What is wrong with the text of a probe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no such register.
    #[error("there is no register `{0}`; there are {known}", known = names())]
    Register(String),
    /// Spikes are no dense samples.
    #[error("spikes are recorded by --spikes")]
    Spikes,
    /// The range of elements is none.
    #[error("`{0}` is no range of elements: write FIRST..END, as in v[0..16], or one number")]
    Elements(String),
    /// Something after `@` is unknown.
    #[error("`{0}` is not understood: after @ come every=N, from=N and to=N, with commas between them")]
    Option(String),
    /// There is no step in the window, or `every` is 0.
    #[error("the probe samples no step: `every` must be at least 1 and `from` less than `to`")]
    Empty,
}

fn names() -> String {
    let names: Vec<&str> = registers().filter(|register| *register != Register::Spikes).map(Register::name).collect();
    names.join(", ")
}

impl FromStr for Probe {
    type Err = ProbeError;

    /// `REGISTER[FIRST..END]@every=N,from=N,to=N`; everything after the register may be left out.
    fn from_str(text: &str) -> Result<Self, ProbeError> {
        let (target, options) = text.split_once('@').unwrap_or((text, ""));
        let (name, elements) = match target.split_once('[') {
            Some((name, rest)) => (name, Some(range(rest).ok_or_else(|| ProbeError::Elements(format!("[{rest}")))?)),
            None => (target, None),
        };
        let register = registers().find(|register| register.name() == name);
        let register = register.ok_or_else(|| ProbeError::Register(name.to_owned()))?;
        if register == Register::Spikes {
            return Err(ProbeError::Spikes);
        }
        let mut probe = Self { register, elements, every: 1, window: 0..u64::MAX };
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let unknown = || ProbeError::Option(option.to_owned());
            let (key, value) = option.split_once('=').ok_or_else(unknown)?;
            let value = value.parse().map_err(|_| unknown())?;
            match key {
                "every" => probe.every = value,
                "from" => probe.window.start = value,
                "to" => probe.window.end = value,
                _ => return Err(unknown()),
            }
        }
        if probe.every == 0 || probe.window.is_empty() { Err(ProbeError::Empty) } else { Ok(probe) }
    }
}

/// What stands between the brackets, and the closing one.
fn range(text: &str) -> Option<Range<usize>> {
    let inside = text.strip_suffix(']')?;
    let range = match inside.split_once("..") {
        Some((first, end)) => first.parse().ok()?..end.parse().ok()?,
        None => inside.parse().ok().and_then(|first: usize| Some(first..first.checked_add(1)?))?,
    };
    (!range.is_empty()).then_some(range)
}

impl Probe {
    /// What the files are called: the register, and the elements if they are some of it.
    pub fn label(&self) -> String {
        match &self.elements {
            Some(elements) => format!("{}-{}-{}", self.register.name(), elements.start, elements.end),
            None => self.register.name().to_owned(),
        }
    }

    /// The first step from `step` on after which it is sampled.
    fn next(&self, step: u64) -> Option<u64> {
        let since = step.saturating_sub(self.window.start);
        let next = since.div_ceil(self.every).checked_mul(self.every)?.checked_add(self.window.start)?;
        self.window.contains(&next).then_some(next)
    }
}

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

/// Probes, and where their samples go.
#[derive(Default)]
pub struct Recorder {
    probes: Vec<(Probe, Box<dyn Sink>)>,
    spikes: Option<Box<dyn Sink>>,
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

    pub(super) fn loaded(&mut self, image: &ImageFile) -> Result<(), SessionError> {
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
        let spikes = self.spikes.as_ref().map(|_| computed);
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
        if let Some(sink) = &mut self.spikes {
            let mut words = Vec::new();
            for compartment in session.read(Register::Spikes)? {
                let compartment = compartment.cast_unsigned();
                let core = self.cores.partition_point(|first| *first <= compartment).saturating_sub(1);
                let first = self.cores.get(core).copied().unwrap_or(0);
                words.push(i32::try_from(core).unwrap_or(i32::MAX));
                words.push((compartment - first).cast_signed());
            }
            if !words.is_empty() {
                sink.sample(step, &words).map_err(SessionError::Record)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_probe_is_read_and_a_wrong_one_says_what_there_is() {
        let probe: Probe = "v[0..16]@every=10,from=5,to=2000".parse().unwrap();
        assert_eq!(probe, Probe { register: Register::V, elements: Some(0..16), every: 10, window: 5..2000 });
        assert_eq!(probe.label(), "v-0-16");
        assert_eq!("x1[3]".parse::<Probe>().unwrap().elements, Some(3..4));
        let error = "voltage".parse::<Probe>().unwrap_err().to_string();
        assert!(error.contains("`voltage`") && error.contains("v_readout") && error.contains("y3"), "{error}");
        for wrong in ["v[4..4]", "v[a..b]", "v[1", "v@each=3", "v@every", "v@every=0", "v@from=9,to=3", "spikes"] {
            assert!(wrong.parse::<Probe>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_next_sample_is_the_first_that_fits(every in 1_u64..20, from in 0_u64..40, long in 1_u64..60, at in 0_u64..120) {
            let probe = Probe { register: Register::V, elements: None, every, window: from..from + long };
            let fits = |step: &u64| probe.window.contains(step) && (step - from).is_multiple_of(every);
            prop_assert_eq!(probe.next(at), (at..200).find(fits));
        }
    }
}
