//! A scene as a frame of a terminal: progress, raster, curve, counts, keys.

use super::text::{clock, cut, folded, number, short};
use super::{RunState, Scene};
use loihi_experiments::figure;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::canvas::{Canvas, Points};
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph, Row, Table, Widget};
use std::ops::Range;

/// The smallest terminal in which there is something to see.
const LEAST: (u16, u16) = (40, 10);
/// Height from which there is room below the raster.
const TALL: u16 = 20;
/// Height of curve and counts.
const BELOW: u16 = 9;
/// Most lines of the message, if there is room below the raster.
const SAID_MAX: usize = 3;
/// Most columns of the names of lanes.
const LABEL_MAX: u16 = 14;
/// Dots of a Braille cell.
const DOTS: (u16, u16) = (2, 4);
/// Colours of the lanes in turn.
const COLOURS: [Color; 4] = [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta];

/// Draws a scene; how many steps fit its raster.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene) -> usize {
    let all = frame.area();
    if all.width < LEAST.0 || all.height < LEAST.1 {
        let (width, height) = LEAST;
        let text = format!("{} x {} is too small; at least {width} x {height}", all.width, all.height);
        frame.render_widget(Paragraph::new(text), all);
        return 1;
    }
    let below = if all.height >= TALL { BELOW } else { 0 };
    let (text, style) = match &scene.state {
        RunState::Failed(why) => (why, Style::new().fg(Color::Red)),
        _ => (&scene.said, Style::new()),
    };
    let most = if below > 0 { SAID_MAX } else { 1 };
    let text = folded(text, usize::from(all.width).saturating_sub(1), most);
    let [title, gauge, middle, bottom, said, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(4),
        Constraint::Length(below),
        Constraint::Length(u16::try_from(text.len()).unwrap_or(1)),
        Constraint::Length(1),
    ])
    .areas(all);
    frame.render_widget(heading(scene, title.width), title);
    progress(frame, gauge, scene);
    let fits = raster(frame, middle, scene);
    if below > 0 {
        let [left, right] = Layout::horizontal([Constraint::Min(20), Constraint::Length(36)]).areas(bottom);
        curve(frame, left, scene);
        counts(frame, right, scene);
    }
    let text: Vec<Line<'_>> = text.iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    frame.render_widget(Paragraph::new(text), said);
    let help = match scene.state {
        RunState::Runs => " q quit  space hold  + faster  - slower",
        RunState::Held => " q quit  space resume  → one step",
        RunState::Finished | RunState::Failed(_) => " q quit",
    };
    frame.render_widget(Line::styled(help, Style::new().add_modifier(Modifier::DIM)), keys);
    fits
}

fn heading(scene: &Scene, width: u16) -> Line<'_> {
    let (word, colour) = match scene.state {
        RunState::Runs => ("running", Color::Green),
        RunState::Held => ("held", Color::Yellow),
        RunState::Finished => ("finished", Color::Blue),
        RunState::Failed(_) => ("stopped", Color::Red),
    };
    // How the run stands is seen in any width; of the title the beginning is.
    let room = usize::from(width).saturating_sub(word.len() + 2);
    let title = cut(&format!(" {}", scene.title), room);
    let gap = " ".repeat(room + 1 - title.chars().count());
    Line::from(vec![
        Span::styled(title, Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(gap),
        Span::styled(word, Style::new().fg(colour)),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn progress(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let Scene { done, total, stage, .. } = scene;
    let share = if *total == 0 { 0.0 } else { (*done as f64 / *total as f64).clamp(0.0, 1.0) };
    let left = scene.left().filter(|_| scene.state == RunState::Runs && done < total);
    let left = left.map_or_else(String::new, |left| format!(", {} left", clock(left)));
    let stage = if stage.is_empty() { String::new() } else { format!("{stage}, ") };
    let label = format!("{stage}{:.0} %{left}", 100.0 * share);
    let gauge = Gauge::default().ratio(share).label(label).gauge_style(Style::new().fg(Color::Blue));
    frame.render_widget(gauge, area);
}

/// The raster, lanes from the top, steps from the left; how many steps fit.
fn raster(frame: &mut Frame<'_>, area: Rect, scene: &Scene) -> usize {
    let title = scene.raster.steps().map_or_else(
        || " spikes ".to_owned(),
        |(first, end)| format!(" spikes, steps {} to {} ", number(first), number(end - 1)),
    );
    let block = Block::bordered().title(title);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let longest = scene.neuron_map.populations.iter().map(|lane| lane.name.chars().count()).max().unwrap_or(0);
    let width = u16::try_from(longest).unwrap_or(LABEL_MAX).min(LABEL_MAX) + 1;
    let [names, dots] = Layout::horizontal([Constraint::Length(width), Constraint::Min(1)]).areas(inside);
    let fits = usize::from(dots.width) * usize::from(DOTS.0);
    let rows: Vec<usize> = scene.neuron_map.populations.iter().map(|lane| lane.neurons).collect();
    let heights = heights(&rows, usize::from(inside.height));
    let (mut line, mut first) = (0, 0);
    for ((lane, height), colour) in scene.neuron_map.populations.iter().zip(&heights).zip(COLOURS.iter().cycle()) {
        if *height > 0 {
            let part = |area: Rect| Rect { y: area.y + line, height: *height, ..area };
            frame.render_widget(Line::styled(lane.name.as_str(), Style::new().fg(*colour)), part(names));
            let points = points(scene, first..first + lane.neurons, *height);
            frame.render_widget(dotted(&points, fits, *height, *colour), part(dots));
        }
        (line, first) = (line + height, first + lane.neurons);
    }
    fits
}

/// Lines of each lane: one as long as there are enough, and of the others as many as the roots of their rows are shares;
/// so the ten neurons of an output can be seen beside the thousands of a convolution.
#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn heights(rows: &[usize], lines: usize) -> Vec<u16> {
    let weights: Vec<f64> = rows.iter().map(|rows| (*rows as f64).sqrt()).collect();
    let sum: f64 = weights.iter().sum::<f64>().max(1.0);
    let there = rows.iter().filter(|rows| **rows > 0).count();
    let spare = lines.saturating_sub(there) as f64;
    let (mut left, mut ideal, mut given) = (lines, 0.0_f64, 0_usize);
    let height = |(rows, weight): (&usize, f64)| {
        if *rows == 0 || left == 0 {
            return 0;
        }
        ideal += spare * weight / sum;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, at most the lines")]
        let more = (ideal.round() as usize).saturating_sub(given);
        given += more;
        let height = (1 + more).min(left);
        left -= height;
        u16::try_from(height).unwrap_or(u16::MAX)
    };
    rows.iter().zip(weights).map(height).collect()
}

/// Where the dots of some rows are: steps from the left, dots from below. Of more rows than dots every n-th is shown, and
/// fewer have several dots each.
#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn points(scene: &Scene, rows: Range<usize>, height: u16) -> Vec<(f64, f64)> {
    let dots = usize::from(height) * usize::from(DOTS.1);
    let every = rows.len().div_ceil(dots).max(1);
    let shown = rows.len().div_ceil(every).max(1);
    let each = (dots / shown).max(1);
    // A gap between rows where there is room for one.
    let tall = if each > 2 { each - 1 } else { each };
    let mut points = Vec::new();
    for (step, row) in scene.raster.spikes() {
        let Some(own) = (row as usize).checked_sub(rows.start).filter(|own| *own < rows.len()) else { continue };
        if own.is_multiple_of(every) {
            let top = own / every * dots / shown;
            points.extend((top..top + tall).map(|dot| (step as f64 + 0.5, dots as f64 - dot as f64 - 0.5)));
        }
    }
    points
}

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn dotted(points: &[(f64, f64)], fits: usize, height: u16, color: Color) -> impl Widget {
    Canvas::default()
        .marker(Marker::Braille)
        .x_bounds([0.0, fits.max(1) as f64])
        .y_bounds([0.0, f64::from(height) * f64::from(DOTS.1)])
        .paint(move |context| context.draw(&Points { coords: points, color }))
}

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn curve(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let Some((_, last)) = scene.curve.last() else {
        let words = if scene.is_over() { "no figure" } else { "no figure yet" };
        let nothing = Paragraph::new(words).alignment(Alignment::Center).block(Block::bordered());
        return frame.render_widget(nothing, area);
    };
    let values = || scene.curve.iter().map(|(_, value)| *value);
    let share = scene.figure.contains("accuracy");
    let low = if share { 0.0 } else { values().fold(f64::INFINITY, f64::min).min(0.0) };
    let high = if share { 1.0 } else { values().fold(0.0, f64::max) };
    let high = if high > low { high } else { low + 1.0 };
    let end = (scene.total as f64).max(1.0);
    let data = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(Style::new().fg(Color::Green))
        .data(&scene.curve);
    let title = format!(" {} {} ", scene.figure, figure(&scene.figure, *last));
    let bound = |value: f64| if share { format!("{:.0} %", 100.0 * value) } else { format!("{value:.2}") };
    let chart = Chart::new(vec![data])
        .block(Block::bordered().title(title))
        .x_axis(Axis::default().bounds([0.0, end]))
        .y_axis(Axis::default().bounds([low, high]).labels([bound(low), bound(high)]));
    frame.render_widget(chart, area);
}

fn counts(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let ops = &scene.ops;
    let row = |name: &'static str, count: u64, rate: Option<f64>| {
        let rate = rate.map_or_else(|| "–".to_owned(), short);
        let right = |text: String| Line::from(text).alignment(Alignment::Right);
        Row::new(vec![Line::from(name), right(number(count)), right(rate)])
    };
    let learned = |ops: &loihi_core::ops::OpCounts| {
        ops.learning_updates.saturating_add(ops.rule_updates).saturating_add(ops.decoder_updates)
    };
    let rows = [
        row("steps", ops.steps, scene.rate(|ops| ops.steps)),
        row("spikes", ops.spikes, scene.rate(|ops| ops.spikes)),
        row("axon events", ops.axon_events, scene.rate(|ops| ops.axon_events)),
        row("synaptic", ops.synaptic_events, scene.rate(|ops| ops.synaptic_events)),
        row("updates", ops.compartment_updates, scene.rate(|ops| ops.compartment_updates)),
        row("learning", learned(ops), scene.rate(learned)),
    ];
    let pace = scene.pace.filter(|_| !scene.is_over()).map_or_else(
        || " counts, a second ".to_owned(),
        |pace| format!(" at most {} steps a second ", number(pace.into())),
    );
    let widths = [Constraint::Length(11), Constraint::Min(13), Constraint::Length(8)];
    frame.render_widget(Table::new(rows, widths).block(Block::bordered().title(pace)), area);
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::word;
    use loihi_core::ops::OpCounts;
    use loihi_experiments::Running;
    use loihi_place::neuron_map::{MappedPopulation, NeuronMap};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use std::time::Duration;

    /// Two populations, the first a large one, and 300 steps of a run.
    fn scene() -> Scene {
        let lane = |name: &str, neurons| MappedPopulation { name: name.to_owned(), neurons, compartments: 1 };
        let neuron_map = NeuronMap::new(vec![lane("hidden", 512), lane("out", 10)], Vec::new(), Vec::new());
        let mut scene = Scene { title: "digits on host, seed 0".to_owned(), neuron_map, ..Scene::default() };
        for step in 0..300_u32 {
            let hidden = (0..512).filter(|row| word(1, step, *row, 0).is_multiple_of(40));
            let out = (512..522).filter(|row| (step + 7 * row).is_multiple_of(16));
            scene.raster.step(1000 + u64::from(step), hidden.chain(out).collect(), 120);
            let steps = u64::from(step);
            let ops = OpCounts { steps, spikes: steps * 14, synaptic_events: steps * 1400, ..OpCounts::default() };
            scene.counts(&ops, Duration::from_millis(10 * steps));
            let figure = Some(("accuracy", 0.9 - 0.8 / f64::from(step + 1)));
            let running = Running { done: steps, total: 400, stage: "pass 1", figure };
            scene.progress(&running, Duration::from_millis(10 * steps));
        }
        scene
    }

    fn drawn_scene(scene: &Scene, width: u16, height: u16) -> (TestBackend, usize) {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut fits = 0;
        terminal.draw(|frame| fits = draw(frame, scene)).unwrap();
        (terminal.backend().clone(), fits)
    }

    #[test]
    fn a_run_is_drawn() {
        let (drawn, fits) = drawn_scene(&scene(), 72, 24);
        assert_eq!(fits, 126, "two steps a column");
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn a_low_terminal_shows_the_raster_alone_and_a_tiny_one_says_so() {
        let mut scene = scene();
        scene.state = RunState::Failed("the device is gone".to_owned());
        insta::assert_snapshot!(drawn_scene(&scene, 48, 10).0);
        assert!(drawn_scene(&scene, 39, 10).0.to_string().contains("39 x 10 is too small; at least 40 x 10"));
    }

    #[test]
    fn a_narrow_terminal_shows_the_state_and_all_keys() {
        let mut scene = scene();
        scene.title = "digits-pes on host (host process), seed 0".to_owned();
        for (state, word, key) in [
            (RunState::Runs, "… running ", "- slower"),
            (RunState::Held, "… held ", "→ one step"),
            (RunState::Finished, "… finished ", "q quit"),
        ] {
            scene.state = state;
            let drawn = drawn_scene(&scene, 40, 24).0.to_string();
            assert!(drawn.contains(word) && drawn.contains(key), "{drawn}");
        }
    }

    #[test]
    fn a_run_at_its_end_waits_for_no_figure_and_has_mean_rates() {
        let mut scene = Scene { state: RunState::Finished, ..Scene::default() };
        scene.counts(&OpCounts { steps: 1280, ..OpCounts::default() }, Duration::from_millis(10));
        let drawn = drawn_scene(&scene, 80, 24).0.to_string();
        assert!(drawn.contains("no figure") && !drawn.contains("yet") && drawn.contains("128 k"), "{drawn}");
    }

    #[test]
    fn every_lane_has_a_line_as_long_as_there_are_enough() {
        assert_eq!(heights(&[512, 10], 20), [17, 3]);
        assert_eq!(heights(&[16_384, 1024, 0, 512, 11], 30), [19, 5, 0, 5, 1]);
        assert_eq!(heights(&[5, 5, 5], 2), [1, 1, 0]);
        assert!(heights(&[], 7).is_empty());
        for lines in 0..60 {
            let given: u16 = heights(&[1000, 3, 70, 2], lines).iter().sum();
            assert_eq!(usize::from(given), lines, "all lines are given away");
        }
    }

    #[test]
    fn a_dot_is_where_its_row_and_step_are() {
        let populations = vec![MappedPopulation { name: "a".to_owned(), neurons: 2, compartments: 1 }];
        let neuron_map = NeuronMap::new(populations, Vec::new(), Vec::new());
        let mut scene = Scene { neuron_map, ..Scene::default() };
        scene.raster.step(5, vec![1], 10);
        // Two rows on one line: two dots each, the second row below.
        assert_eq!(points(&scene, 0..2, 1), [(0.5, 1.5), (0.5, 0.5)]);
    }
}
