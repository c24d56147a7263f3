//! A session with a device: what it can be asked, and what it answers.

mod registers;

pub use super::RetryPolicy;
pub use super::error::SessionError;
pub use super::link::Identity;
use super::link::{Link, Run, length};
use super::meter::{Meter, Metered};
use super::recorder::{Recorded, RecordedFile, Recorder};
use super::{Device, Waiting, qemu, spikes};
use loihi_boards::{Board, Counts};
use loihi_core::wire::message::{Record, Report};
use loihi_image::image::ImageFile;
use loihi_place::neuron_map::NeuronMap;
pub use registers::count_as;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What [`Session::counted_unit`] says of a device whose counter is not known.
pub const TICKS: &str = "ticks";

/// An open session. It can be moved to another thread.
pub struct Session {
    pub(super) link: Link,
    /// Whether state was restored whose steps were counted elsewhere.
    restored: bool,
    meter: Option<Meter>,
    recorder: Option<Recorder>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("identity", self.identity()).finish_non_exhaustive()
    }
}

impl Session {
    /// Greets a device. `number` should differ from session to session; `stop` ends every wait once it returns true.
    ///
    /// # Errors
    /// [`SessionError`] if the device is silent, gone, or of another version.
    pub fn open(
        device: Box<dyn Device>,
        retry: RetryPolicy,
        number: u32,
        stop: fn() -> bool,
    ) -> Result<Self, SessionError> {
        let link = Link::open(device, Waiting { retry, stop }, number)?;
        Ok(Self { link, restored: false, meter: None, recorder: None })
    }

    /// A session with another device of the same kind and size, if there can be one. Nothing is recorded or metered in it.
    ///
    /// # Errors
    /// [`SessionError`], as [`Session::open`].
    pub fn another(&mut self) -> Option<Result<Self, SessionError>> {
        let Waiting { retry, stop } = self.link.waiting;
        let device = self.link.device.another()?;
        Some(device.map_err(SessionError::from).and_then(|device| Self::open(device, retry, new_number(), stop)))
    }

    /// What the device says of itself.
    pub fn identity(&self) -> &Identity {
        &self.link.identity
    }

    /// What users call the device.
    pub fn device_name(&self) -> &str {
        self.link.device.name()
    }

    /// What ends every wait once it returns true: for whatever else is waited for in a run.
    pub fn stop(&self) -> fn() -> bool {
        self.link.waiting.stop
    }

    /// Whether reading registers costs next to nothing.
    pub fn is_near(&self) -> bool {
        self.link.device.is_near()
    }

    /// Requests that were sent again.
    pub fn repetitions(&self) -> u64 {
        self.link.device.repetitions()
    }

    /// Instructions that all steps so far have taken, if the device counts them and has computed all of them.
    pub fn instructions(&self) -> Option<u64> {
        self.link.instructions.filter(|_| !self.restored)
    }

    /// What [`Session::instructions`] counts, in the plural: executed instructions in QEMU, on hardware what the board says,
    /// and [`TICKS`] where that is not known.
    pub fn counted_unit(&self) -> &'static str {
        if self.device_name() == qemu::TRANSPORT.name {
            return Counts::Instructions.unit();
        }
        self.identity().known_board().and_then(|board| board.counts).map_or(TICKS, Counts::unit)
    }

    /// Makes sure that the device is a board of this name, with the programs that it comes with or with others.
    ///
    /// # Errors
    /// [`SessionError::OtherBoard`].
    pub fn expect_board(&self, wanted: &Board) -> Result<(), SessionError> {
        if self.identity().board_name() == wanted.name {
            return Ok(());
        }
        Err(SessionError::OtherBoard {
            device: self.device_name().to_owned(),
            found: self.identity().board.clone(),
            wanted: wanted.name.clone(),
        })
    }

    /// Whether anything is sampled or metered while it computes, or somebody looks at it.
    pub fn is_watched(&self) -> bool {
        self.meter.is_some() || self.recorder.as_ref().is_some_and(Recorder::watches)
    }

    /// Samples registers from now on; `None`: nothing.
    pub fn set_recorder(&mut self, recorder: Option<Recorder>) {
        self.recorder = recorder;
    }

    /// The recorder, which samples no more.
    pub fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// Puts what was recorded so far where it outlives this process; says how long its files are then.
    ///
    /// # Errors
    /// [`SessionError::Record`].
    pub fn recorded_files(&mut self) -> Result<Vec<RecordedFile>, SessionError> {
        self.recorder.as_mut().map_or(Ok(Vec::new()), Recorder::keep)
    }

    /// Meters what the cores do from the next image on that is loaded; `None`: nothing.
    pub fn set_meter(&mut self, meter: Option<Meter>) {
        self.meter = meter;
    }

    /// What was metered.
    pub fn take_meter(&mut self) -> Option<Meter> {
        self.meter.take()
    }

    /// Log lines of the device since this was last called.
    pub fn take_logs(&mut self) -> Vec<String> {
        self.link.device.take_logs()
    }

    /// Loads an image, unless the board carries it, and starts its chip at step 0. Sends nothing if it would not fit.
    ///
    /// # Errors
    /// [`SessionError::DoesNotFit`] with both sizes, or why the device refused.
    pub fn load(&mut self, file: &ImageFile) -> Result<(), SessionError> {
        self.load_as(file, &NeuronMap::of_cores(file)?)
    }

    /// The same with populations, by whose names a recorder finds what it samples.
    ///
    /// # Errors
    /// As [`Session::load`], or [`SessionError::Record`] if there is not what is to be sampled.
    pub fn load_as(&mut self, file: &ImageFile, neuron_map: &NeuronMap) -> Result<(), SessionError> {
        self.link.load(file)?;
        self.restored = false;
        if let Some(meter) = &mut self.meter {
            meter.loaded(file);
        }
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.loaded(&mut self.link, file, neuron_map))
    }

    /// Computes steps. `spikes` are pairs of step (from 0) and external input, ascending by step.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        self.with(|run| run.run(steps, spikes))
    }

    /// Computes steps and returns a hash of registers after each, as
    /// [`Report::Hashes`](loihi_core::wire::message::Report) says. Nothing is sampled or metered in between.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn hashes(&mut self, steps: u32, spikes: &[(u16, u16)], registers: u32) -> Result<Vec<u64>, SessionError> {
        let mut hashes = Vec::with_capacity(steps as usize);
        let most = length(self.link.data_bytes() / 8).max(1);
        let mut rest = spikes;
        while hashes.len() < steps as usize {
            let done = length(hashes.len());
            let part = most.min(steps - done);
            let now = spikes::take(&mut rest, done, part, done + part == steps);
            for part in spikes::parts(part, &now, self.link.data_bytes()) {
                self.link.run_part(part, Report::Hashes { registers }, &mut |report| {
                    hashes.extend(report.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
                })?;
            }
        }
        Ok(hashes)
    }

    /// Computes records, as many at a time as a message holds, and hands each one's outputs to `visit`, if the image has
    /// any.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn stream<'r>(
        &mut self,
        records: impl IntoIterator<Item = Record<'r>>,
        mut visit: impl FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        self.with(|run| run.stream(&mut records.into_iter(), &mut visit))
    }

    /// Hands on what computes steps: the device, metered and sampled as far as that is wanted.
    fn with<R>(&mut self, compute: impl FnOnce(&mut dyn Run) -> R) -> R {
        let Self { link, meter, recorder, .. } = self;
        match (recorder, meter) {
            (None, None) => compute(link),
            (None, Some(meter)) => compute(&mut Metered { meter, link }),
            (Some(recorder), None) => compute(&mut Recorded { recorder, run: link }),
            (Some(recorder), Some(meter)) => compute(&mut Recorded { recorder, run: &mut Metered { meter, link } }),
        }
    }

    /// Whether something is sampled or metered within the next steps; if not, they count as computed.
    pub(super) fn looks_within(&mut self, steps: u32) -> Result<bool, SessionError> {
        if self.meter.is_some() {
            return Ok(true);
        }
        let Self { link, recorder, .. } = self;
        recorder.as_mut().map_or(Ok(false), |recorder| recorder.passes(link, steps).map(|passes| !passes))
    }

    /// Counts start anew, if they do.
    fn forget_metered(&mut self, anew: bool) {
        if let Some(meter) = self.meter.as_mut().filter(|_| anew) {
            meter.forget();
        }
    }
}

/// A number that differs from session to session, so that a device tells a new session from a repeated greeting.
pub fn new_number() -> u32 {
    static SESSIONS: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let own = SESSIONS.fetch_add(1, Ordering::Relaxed).rotate_left(24);
    since.subsec_nanos() ^ std::process::id().rotate_left(16) ^ own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framed::Framed;
    use crate::inproc::{InProcess, InProcessLine};
    use crate::lossy::Lossy;
    use crate::qemu::Qemu;

    const fn is_send<T: Send>() {}

    #[test]
    fn sessions_and_devices_move_between_threads() {
        const {
            is_send::<Session>();
            is_send::<InProcess>();
            is_send::<Framed<InProcessLine>>();
            is_send::<Framed<Lossy<Qemu>>>();
        }
    }

    #[test]
    fn numbers_of_sessions_differ() {
        assert_ne!(new_number() >> 24, new_number() >> 24);
    }
}
