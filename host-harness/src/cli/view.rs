//! `loihi view`: a run, live in the terminal.

use super::run::print_summary;
use super::{out, stop};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use host_harness::device::recorder::Recorder;
use host_harness::device::session::Session;
use host_harness::experiment::{Outcome, RunOptions};
use host_harness::view::draw::draw;
use host_harness::view::live::{Live, LiveObserver, LiveTap, PACE_MAX};
use loihi_args::args::TaskArgs;
use loihi_args::choice::whole;
use loihi_args::open::DeviceArgs;
use loihi_args::open::{open, with_arena};
use loihi_args::task::{self, Subject};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// An experiment or a network file, with samples by --data
    #[arg(value_name = "NAME|FILE.toml|NET.toml")]
    what: String,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    task: TaskArgs,
    /// Most steps a second, to see them one by one [default: as many as it computes]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=PACE_MAX))]
    pace: Option<u32>,
}

/// Time between two frames.
const PICTURE_EVERY: Duration = Duration::from_millis(80);

pub(super) fn view(args: &ViewArgs) -> anyhow::Result<()> {
    if !(io::stdout().is_terminal() && io::stdin().is_terminal()) {
        bail!("`loihi view` draws in a terminal, which this is not: `loihi run` needs none");
    }
    args.task.check_epochs()?;
    let subject = task::only(&args.task, &args.what)?;
    let mut session = open(&args.device)?;
    let title = format!(
        "{} on {} ({}), seed {}",
        subject.name(),
        session.device_name(),
        session.identity().board,
        args.task.options().seed
    );
    let live = Arc::new(Live::new(title, args.pace, stop::requested));
    let outcome = run(args, &subject, &mut session, &live).map_err(|error| with_arena(&args.device, error))?;
    let Some(outcome) = outcome else {
        let step = live.scene().ops.steps;
        return Ok(out::line(format_args!("{}: left at step {step}, before its end", subject.name()))?);
    };
    print_summary(subject.name(), &session, args.task.options().seed, &outcome)
}

/// Puts the terminal back; one that is gone needs nothing.
fn restore() {
    let _restored = ratatui::try_restore();
}

/// Runs it with the screen on another thread; nothing if the user has left before the end.
fn run(args: &ViewArgs, subject: &Subject, session: &mut Session, live: &Arc<Live>) -> anyhow::Result<Option<Outcome>> {
    let mut recorder = Recorder::default();
    recorder.tap(Box::new(LiveTap::new(Arc::clone(live))));
    session.set_recorder(Some(recorder));
    let options: RunOptions = args.task.options();
    let mut watcher = LiveObserver::new(Arc::clone(live));
    let mut terminal = ratatui::try_init().context("the terminal cannot be drawn on")?;
    stop::screen(Some(restore));
    let is_over = AtomicBool::new(false);
    let (outcome, drawn) = std::thread::scope(|scope| {
        let screen = scope.spawn(|| screen(&mut terminal, live));
        scope.spawn(|| stop_without_terminal(&is_over));
        let outcome = subject.task().run(session, &options, &mut watcher);
        if let Ok(outcome) = &outcome {
            live.scene().said = outcome.metrics.to_string();
        }
        live.over(outcome.as_ref().map(|outcome| outcome.ops).map_err(ToString::to_string));
        let drawn = screen.join();
        is_over.store(true, Ordering::Relaxed);
        (outcome, drawn)
    });
    stop::screen(None);
    let restored = ratatui::try_restore();
    if restored.is_err() {
        // It would try to put back its cursor, and panic if it cannot say that it could not.
        std::mem::forget(terminal);
    }
    restored.context("the terminal cannot be put back: `reset` does it")?;
    drawn.map_err(|_| anyhow!("the screen has failed"))?.context("the terminal cannot be drawn on")?;
    match outcome {
        Ok(outcome) => Ok(Some(outcome)),
        // Leaving a run in progress is not a failure.
        Err(_) if stop::requested() => Ok(None),
        Err(error) => Err(error).context("the run did not finish"),
    }
}

/// Ends the run once its terminal is closed: waiting for a key does not notice that.
fn stop_without_terminal(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        if !io::stdin().is_terminal() {
            return stop::request();
        }
        std::thread::sleep(PICTURE_EVERY);
    }
}

/// Draws and takes keys until the user has seen enough.
fn screen(terminal: &mut ratatui::DefaultTerminal, live: &Live) -> io::Result<()> {
    let drawn = draw_frames(terminal, live);
    // Also after an error: nothing else would end the run. A run that is over stays what it was.
    if live.goes_on() {
        stop::request();
    }
    drawn
}

fn draw_frames(terminal: &mut ratatui::DefaultTerminal, live: &Live) -> io::Result<()> {
    while !stop::requested() {
        let scene = live.scene().clone();
        let mut fits = 1;
        terminal.draw(|frame| fits = draw(frame, &scene))?;
        live.drawn(fits);
        if !event::poll(PICTURE_EVERY)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
            _ if interrupt => return Ok(()),
            KeyCode::Char(' ') => live.hold(!live.held()),
            KeyCode::Right | KeyCode::Char('s') if live.held() => live.single(),
            KeyCode::Char('+' | '=') => live.change_pace(true),
            KeyCode::Char('-') => live.change_pace(false),
            _ => {}
        }
    }
    Ok(())
}
