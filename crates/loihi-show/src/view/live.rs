//! Between a run and its screen: who looks at the steps, holds them, and keeps their pace.

use super::{RunState, Scene};
use loihi_core::ops::OpCounts;
use loihi_device::recorder::Tap;
use loihi_experiments::{Answer, MetricsRow, Observer, Running};
use loihi_image::image::ImageFile;
use loihi_place::neuron_map::NeuronMap;
use loihi_run::record::RecordError;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time from the start in which every step is looked at: a run that is shorter is seen to its last step.
const EARLY: Duration = Duration::from_millis(500);
/// Steps that are kept before the first frame says how many fit.
const FITS_BEFORE: usize = 1024;
/// Longest wait before it is seen that the user has pressed a key.
const NAP: Duration = Duration::from_millis(20);
/// Slowest pace, steps a second.
pub const PACE_MIN: u32 = 1;
/// Fastest pace that can be chosen, steps a second.
pub const PACE_MAX: u32 = 1 << 20;

/// What run and screen share.
#[derive(Debug)]
pub struct Live {
    scene: Mutex<Scene>,
    start: Instant,
    /// Steps that fit the screen.
    fits: AtomicUsize,
    /// Steps that may still be looked at before the next frame.
    credit: AtomicUsize,
    held: AtomicBool,
    /// Steps that may pass although the run is held.
    single: AtomicUsize,
    /// Most steps a second; 0: any number.
    pace: AtomicU32,
    stop: fn() -> bool,
}

impl Live {
    /// Nothing has been seen yet; `stop` says when nobody wants to see more.
    pub fn new(title: String, pace: Option<u32>, stop: fn() -> bool) -> Self {
        Self {
            scene: Mutex::new(Scene { title, pace, ..Scene::default() }),
            start: Instant::now(),
            fits: AtomicUsize::new(FITS_BEFORE),
            credit: AtomicUsize::new(1),
            held: AtomicBool::new(false),
            single: AtomicUsize::new(0),
            pace: AtomicU32::new(pace.unwrap_or(0)),
            stop,
        }
    }

    /// What is known now.
    pub fn scene(&self) -> MutexGuard<'_, Scene> {
        // After a panic in between the scene is old at worst.
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame was drawn that holds this many steps, the last ones: as many may be looked at for the next one.
    pub fn drawn(&self, fits: usize) {
        self.fits.store(fits.max(1), Ordering::Relaxed);
        self.credit.store(fits.max(1), Ordering::Relaxed);
        self.scene().raster.keep(fits);
    }

    /// Holds the run, or resumes it.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
        let mut scene = self.scene();
        match (&scene.state, held) {
            (RunState::Runs, true) => scene.state = RunState::Held,
            (RunState::Held, false) => scene.state = RunState::Runs,
            _ => {}
        }
    }

    /// Whether it is held.
    pub fn held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Lets a run that is held compute one step.
    pub fn single(&self) {
        self.single.fetch_add(1, Ordering::Relaxed);
    }

    /// Half or twice the pace; from no pace at all, that of now.
    pub fn change_pace(&self, faster: bool) {
        let mut scene = self.scene();
        let rate = scene.rate(|ops| ops.steps).unwrap_or(1000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let now = scene.pace.unwrap_or(rate as u32);
        let next = if faster { now.saturating_mul(2) } else { now / 2 };
        // Faster than any pace that can be seen is as fast as it goes.
        scene.pace = if faster && (scene.pace.is_none() || next > PACE_MAX) {
            None
        } else {
            Some(next.clamp(PACE_MIN, PACE_MAX))
        };
        self.pace.store(scene.pace.unwrap_or(0), Ordering::Relaxed);
    }

    /// Whether the run is still under way.
    pub fn goes_on(&self) -> bool {
        matches!(self.scene().state, RunState::Runs | RunState::Held)
    }

    /// The run is over: its counts if it came to its end, else why it did not.
    pub fn over(&self, end: Result<OpCounts, String>) {
        let elapsed = self.elapsed();
        let mut scene = self.scene();
        match end {
            Ok(ops) => {
                scene.counts(&ops, elapsed);
                (scene.done, scene.state) = (scene.total, RunState::Finished);
            }
            Err(why) => scene.state = RunState::Failed(why),
        }
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Looks at the steps.
#[derive(Debug)]
pub struct LiveTap {
    live: Arc<Live>,
    /// When the step that came last was let go.
    last: Instant,
    /// Whether the run was held when it was last looked at.
    held: bool,
}

impl LiveTap {
    /// Looks for this screen.
    pub fn new(live: Arc<Live>) -> Self {
        Self { live, last: Instant::now(), held: false }
    }

    /// Waits until the next step is due.
    fn wait(&mut self) {
        loop {
            let live = &self.live;
            if (live.stop)() {
                return;
            }
            if live.held() {
                let taken = live.single.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                if taken.is_ok() {
                    break;
                }
                std::thread::sleep(NAP);
                continue;
            }
            let pace = live.pace.load(Ordering::Relaxed);
            let due = Duration::from_secs(1).checked_div(pace).map(|between| self.last + between);
            let left = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                let now = Instant::now();
                let earlier = now.checked_sub(NAP).unwrap_or(now);
                // A step that came late does not make the next ones hurry, unless by little.
                self.last = due.map_or(now, |due| due.max(earlier));
                return;
            }
            std::thread::sleep(left.min(NAP));
        }
        self.last = Instant::now();
    }
}

impl Tap for LiveTap {
    fn wants(&self) -> bool {
        let live = &self.live;
        let asked = live.held() || live.pace.load(Ordering::Relaxed) > 0;
        asked || live.credit.load(Ordering::Relaxed) > 0 || live.elapsed() < EARLY
    }

    fn look(&mut self, step: u64, spikes: &[i32], ops: &OpCounts) {
        let live = &self.live;
        let _taken = live.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let elapsed = live.elapsed();
        let mut scene = live.scene();
        let row = |[core, id]: &[i32; 2]| scene.neuron_map.neuron(core.cast_unsigned(), id.cast_unsigned());
        let rows = spikes.as_chunks::<2>().0.iter().filter_map(row).collect();
        let held = live.held();
        // Holding a run at full speed shows what was there, not the one step at which it stands.
        let apart = scene.raster.steps().is_some_and(|(_, next)| next != step);
        if !(held && !self.held && apart) {
            scene.raster.step(step, rows, live.fits.load(Ordering::Relaxed));
        }
        self.held = held;
        scene.counts(ops, elapsed);
        drop(scene);
        self.wait();
    }
}

/// Watches a run for the screen.
#[derive(Debug)]
pub struct LiveObserver {
    live: Arc<Live>,
}

impl LiveObserver {
    /// Watches for this screen.
    pub const fn new(live: Arc<Live>) -> Self {
        Self { live }
    }
}

impl Observer for LiveObserver {
    fn image(&mut self, _image: &ImageFile, neuron_map: &NeuronMap) -> Result<(), RecordError> {
        self.live.scene().neuron_map = neuron_map.clone();
        Ok(())
    }

    fn progress(&mut self, running: &Running<'_>) {
        let elapsed = self.live.elapsed();
        self.live.scene().progress(running, elapsed);
    }

    fn row(&mut self, row: &MetricsRow) -> Result<(), RecordError> {
        self.live.scene().row(row);
        Ok(())
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Result<(), RecordError> {
        self.live.scene().said = answer.to_string();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(pace: Option<u32>) -> Arc<Live> {
        Arc::new(Live::new(String::new(), pace, || false))
    }

    /// A run that started a while ago.
    fn past_early() -> Arc<Live> {
        let start = Instant::now().checked_sub(EARLY).unwrap();
        Arc::new(Live { start, ..Live::new(String::new(), None, || false) })
    }

    #[test]
    fn a_short_run_is_seen_to_its_end() {
        let live = live(None);
        let mut tap = LiveTap::new(Arc::clone(&live));
        for step in 0..40 {
            assert!(tap.wants());
            tap.look(step, &[], &OpCounts { steps: step + 1, ..OpCounts::default() });
        }
        live.scene().progress(&Running { done: 3, total: 4, stage: "", figure: None }, Duration::ZERO);
        live.over(Ok(OpCounts { steps: 40, ..OpCounts::default() }));
        live.drawn(30);
        let scene = live.scene();
        assert_eq!((scene.raster.steps(), scene.ops.steps, scene.done), (Some((10, 40)), 40, 4));
    }

    #[test]
    fn no_more_steps_are_looked_at_than_fit_the_screen() {
        let live = past_early();
        live.drawn(3);
        let mut tap = LiveTap::new(Arc::clone(&live));
        let mut step = 0;
        while tap.wants() {
            tap.look(step, &[], &OpCounts { steps: step + 1, ..OpCounts::default() });
            step += 1;
        }
        assert_eq!(live.scene().raster.steps(), Some((0, 3)));
        live.drawn(3);
        assert!(tap.wants(), "the next frame shows fresh steps");
    }

    #[test]
    fn a_run_that_is_held_goes_on_step_by_step() {
        let live = live(None);
        live.hold(true);
        assert_eq!(live.scene().state, RunState::Held);
        live.single();
        live.single();
        let mut tap = LiveTap::new(Arc::clone(&live));
        for step in 0..2 {
            assert!(tap.wants());
            tap.look(step, &[], &OpCounts::default());
        }
        assert_eq!(live.single.load(Ordering::Relaxed), 0);
        live.hold(false);
        assert_eq!(live.scene().state, RunState::Runs);
    }

    #[test]
    fn the_pace_is_kept_halved_and_doubled() {
        let live = live(Some(200));
        let mut tap = LiveTap::new(Arc::clone(&live));
        let start = Instant::now();
        for step in 0..20 {
            tap.look(step, &[], &OpCounts::default());
        }
        assert!(start.elapsed() >= Duration::from_millis(95), "{:?}", start.elapsed());
        live.change_pace(false);
        assert_eq!(live.scene().pace, Some(100));
        for _ in 0..20 {
            live.change_pace(true);
        }
        assert_eq!(live.scene().pace, None, "as fast as it goes");
        live.change_pace(false);
        assert!(live.scene().pace.is_some());
    }
}
