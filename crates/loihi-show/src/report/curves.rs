//! Figures of a run as curves: which there are, over what, and which share a plot follows from `metrics.csv` alone.
//!
//! A row is a sample, an epoch, a stage, a pass, or, where the state is the same after all of them, a point of what was
//! measured at the end, over its first figure: the window of STDP over the distance of two spikes. Rows of stages stand
//! over the samples that were learned until then.

use super::number::{figure, is_share};
use super::plot::{HEIGHT, Mark, Plot};
use super::text::in_words;
use std::collections::BTreeMap;

/// Most points of a curve.
const POINTS_MAX: usize = 1500;
/// Height of all plots of a run after the first.
const LOW: u32 = 220;
/// Columns that are not figures.
const NO_FIGURES: [&str; 10] =
    ["sample", "epoch", "pass", "stage", "samples", "digest", "label", "answer", "steps", "scores"];
/// The column in which rows of stages say whether weights change.
const UPDATES: &str = "updates_per_sample";
/// Columns that say nothing of a stage in which none do.
const OF_LEARNING: [&str; 3] = [UPDATES, "trigger_rate", "saturation_rate"];

/// A figure over something.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    /// What it stands over.
    pub(super) over: String,
    /// Its column.
    pub(super) figure: String,
    /// Kind of the stages that it is of, or nothing.
    pub(super) stage: String,
    /// Its points.
    pub(super) points: Vec<(f64, f64)>,
}

/// The curves of a table of metrics, in the order of its columns.
pub(super) fn curves(head: &[String], rows: &[Vec<String>]) -> Vec<Curve> {
    let column = |name: &str| head.iter().position(|own| own == name);
    let figures = head.iter().enumerate().filter(|(_, name)| !NO_FIGURES.contains(&name.as_str()));
    let mut figures: Vec<usize> = figures.map(|(at, _)| at).collect();
    let of_moment = column("digest").filter(|digest| rows.len() > 1 && is_same(rows, *digest));
    let by = of_moment.filter(|_| figures.len() > 1).map(|_| figures.remove(0));
    let over = match (by, head.first().map(String::as_str)) {
        (Some(by), _) => Over::Column(by),
        (None, _) if column("stage").is_some() => {
            Over::Learned { samples: column("samples"), updates: column(UPDATES) }
        }
        (None, Some("sample")) => Over::Samples,
        _ => Over::Column(0),
    };
    let places = over.places(rows, column("stage"));
    let mut curves: Vec<Curve> = Vec::new();
    let learns = |row: &[String]| column(UPDATES).is_none_or(|updates| number(row, updates) != Some(0.0));
    for at in figures {
        let is_of_learning = OF_LEARNING.contains(&head[at].as_str());
        for (row, (place, stage)) in rows.iter().zip(&places) {
            let Some(value) = number(row, at).filter(|_| !is_of_learning || learns(row)) else { continue };
            let is_own = |curve: &&mut Curve| curve.figure == head[at] && curve.stage == *stage;
            if let Some(curve) = curves.iter_mut().find(is_own) {
                curve.points.push((*place, value));
            } else {
                let (over, stage) = (over.name(head), stage.clone());
                curves.push(Curve { over, figure: head[at].clone(), stage, points: vec![(*place, value)] });
            }
        }
    }
    curves
}

/// What rows stand over.
enum Over {
    /// The number in a column.
    Column(usize),
    /// Samples shown, a row each.
    Samples,
    /// Samples learned, or stages if their samples were not counted.
    Learned { samples: Option<usize>, updates: Option<usize> },
}

impl Over {
    fn name(&self, head: &[String]) -> String {
        match self {
            Self::Column(at) => head.get(*at).map_or_else(String::new, |name| in_words(name)),
            Self::Samples => "samples shown".to_owned(),
            Self::Learned { samples: Some(_), .. } => "samples learned".to_owned(),
            Self::Learned { samples: None, .. } => "stage".to_owned(),
        }
    }

    /// Where each row stands, and the kind of its stage.
    fn places(&self, rows: &[Vec<String>], stage: Option<usize>) -> Vec<(f64, String)> {
        // Of each part that begins anew.
        let mut learned: BTreeMap<String, f64> = BTreeMap::new();
        let place = |(at, row): (u32, &Vec<String>)| {
            let text = stage.and_then(|column| row.get(column)).map_or("", String::as_str);
            let over = match self {
                Self::Column(column) => number(row, *column).unwrap_or(f64::NAN),
                Self::Samples | Self::Learned { samples: None, .. } => f64::from(at),
                Self::Learned { samples: Some(samples), updates } => {
                    let sum = learned.entry(part(text).to_owned()).or_insert(0.0);
                    let learns = updates.and_then(|updates| number(row, updates)).map(|updates| updates > 0.0);
                    if learns.unwrap_or_else(|| text.contains("learn")) {
                        *sum += number(row, *samples).unwrap_or(0.0);
                    }
                    *sum
                }
            };
            (over, kind(text))
        };
        (1..).zip(rows).map(place).collect()
    }
}

/// The part of a run that a stage is of, as "no replay" in "no replay: learn [0, 1]"; nothing if it names none.
fn part(stage: &str) -> &str {
    stage.split_once(": ").map_or("", |(part, _)| part)
}

/// What a stage is within its part.
fn within_part(stage: &str) -> &str {
    stage.split_once(": ").map_or(stage, |(_, rest)| rest)
}

/// The kind of a stage, which others share: "test after epoch 2" is a "test".
fn kind(stage: &str) -> String {
    let end = [" after ", ", epoch ", ", pass "].iter().filter_map(|mark| stage.find(mark)).min();
    let kind = &stage[..end.unwrap_or(stage.len())];
    // What is learned changes from stage to stage; what is tested is tested again.
    let kind = if kind.contains("learn") { kind.split(" [").next().unwrap_or(kind) } else { kind };
    kind.to_owned()
}

fn number(row: &[String], column: usize) -> Option<f64> {
    row.get(column)?.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn is_same(rows: &[Vec<String>], column: usize) -> bool {
    rows.windows(2).all(|pair| pair[0].get(column) == pair[1].get(column))
}

/// Curves as plots, and figures that never change, each with its value.
pub(super) fn plots(curves: &[Curve]) -> (Vec<Plot>, Vec<(String, String)>) {
    let mut plots: Vec<Plot> = Vec::new();
    let mut constant = Vec::new();
    for group in groups(curves) {
        if let Some(value) = only_value(&group) {
            constant.extend(figures(&group).iter().map(|name| (in_words(name), figure(name, value))));
            continue;
        }
        let mut plot = empty(&group, if plots.is_empty() { HEIGHT } else { LOW });
        let is_one = figures(&group).len() == 1;
        for curve in &group {
            let stage = within_part(&curve.stage);
            let label = if is_one { stage.to_owned() } else { format!("{} {stage}", in_words(&curve.figure)) };
            plot = plot.with(label.trim_end(), Mark::Line, thinned(&curve.points));
        }
        plots.push(fitted(plot));
    }
    (plots, constant)
}

/// The value that all points of a group have, if there are several.
fn only_value(group: &[&Curve]) -> Option<f64> {
    let mut values = group.iter().flat_map(|curve| &curve.points).map(|(_, value)| *value);
    let (first, mut rest) = (values.next()?, values.peekable());
    (rest.peek().is_some() && rest.all(|value| value.to_bits() == first.to_bits())).then_some(first)
}

/// Names of the figures of a group.
fn figures<'a>(group: &[&'a Curve]) -> Vec<&'a str> {
    let mut names: Vec<&str> = group.iter().map(|curve| curve.figure.as_str()).collect();
    names.dedup();
    names
}

/// A plot for curves of a group, yet without any.
pub(super) fn empty(group: &[&Curve], height: u32) -> Plot {
    let over = group.first().map_or("", |curve| curve.over.as_str());
    let name = common_name(group);
    let mut plot = match group.first().map_or("", |curve| part(&curve.stage)) {
        "" => Plot::new(over, name),
        part => Plot::new(over, format!("{name}, {part}")),
    };
    plot.height = height;
    plot.percent = group.iter().all(|curve| is_share(&curve.figure));
    plot
}

/// A plot of accuracies up to 100 %, from where they leave most room.
pub(super) fn fitted(mut plot: Plot) -> Plot {
    if plot.percent && plot.y.starts_with("accuracy") {
        let values = plot.series.iter().flat_map(|series| &series.points).map(|(_, value)| *value);
        let lowest = values.fold(1.0, f64::min);
        plot.y_range = [0.8, 0.5, 0.0].into_iter().find(|start| *start <= lowest).map(|start| start..1.0);
    }
    plot
}

/// Curves that share a plot: figures whose names begin with the same word, and all that was measured at the end.
fn groups(curves: &[Curve]) -> Vec<Vec<&Curve>> {
    let mut groups: Vec<Vec<&Curve>> = Vec::new();
    for curve in curves {
        let shares = |group: &&mut Vec<&Curve>| {
            let of_passes =
                ["pass", "epoch", "stage"].contains(&curve.over.as_str()) || curve.over.starts_with("samples");
            group[0].over == curve.over
                && part(&group[0].stage) == part(&curve.stage)
                && (!of_passes || first_word(&group[0].figure) == first_word(&curve.figure))
        };
        match groups.iter_mut().find(shares) {
            Some(group) => group.push(curve),
            None => groups.push(vec![curve]),
        }
    }
    groups
}

fn first_word(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

/// The words with which all names of a group begin; all names if there are none.
fn common_name(group: &[&Curve]) -> String {
    let names = figures(group);
    let Some(first) = names.first() else { return String::new() };
    let words: Vec<&str> = first.split('_').collect();
    let shared = |count: &usize| {
        let start = &words[..*count];
        names.iter().all(|name| name.split('_').take(*count).eq(start.iter().copied()))
    };
    let count = (1..=words.len()).rev().find(shared);
    count.map_or_else(|| in_words(&names.join(", ")), |count| words[..count].join(" "))
}

/// Every n-th point and the last, so that there are not too many.
pub(super) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let every = points.len().div_ceil(POINTS_MAX).max(1);
    let is_drawn = |at: usize| at.is_multiple_of(every) || at + 1 == points.len();
    points.iter().enumerate().filter(|(at, _)| is_drawn(*at)).map(|(_, point)| *point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Curve> {
        let mut lines = text.lines().map(|line| line.split('|').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().unwrap();
        curves(&head, &lines.collect::<Vec<_>>())
    }

    fn said(curves: &[Curve]) -> Vec<String> {
        plots(curves).0.iter().map(Plot::in_words).collect()
    }

    #[test]
    fn stages_stand_over_the_samples_that_were_learned_until_then() {
        let curves = of("pass|stage|accuracy|samples|updates_per_sample|digest\n\
                         1|learn, epoch 1|0.5|100|9|a\n2|test after epoch 1|0.25|30|0|b\n\
                         3|learn, epoch 2|0.75|100|9|c\n4|test after epoch 2|0.5|30|0|d");
        let accuracy = |stage: &str| curves.iter().find(|own| own.figure == "accuracy" && own.stage == stage).unwrap();
        assert_eq!(accuracy("learn").points, [(100.0, 0.5), (200.0, 0.75)]);
        assert_eq!(accuracy("test").points, [(100.0, 0.25), (200.0, 0.5)]);
        let expected = "accuracy over samples learned: learn from 50.00 % to 75.00 %; test from 25.00 % to 50.00 %";
        assert_eq!(said(&curves), [expected], "a test has no updates, and all of learning are the same");
        assert_eq!(plots(&curves).1, [("updates per sample".to_owned(), "9".to_owned())]);
    }

    #[test]
    fn parts_of_a_run_begin_anew_and_have_plots_of_their_own() {
        let curves = of("pass|stage|accuracy|samples|digest\n1|no replay: learn [0, 1]|1|40|a\n\
                         2|no replay: test [0, 1] after [0, 1]|1|9|b\n3|no replay: learn [2, 3]|1|40|c\n\
                         4|no replay: test [0, 1] after [2, 3]|0|9|d\n5|replay: learn [0, 1]|0.5|40|e");
        assert_eq!(
            said(&curves),
            [
                "accuracy, no replay over samples learned: learn from 100.00 % to 100.00 %; test [0, 1] from 100.00 % to 0.00 %",
                "accuracy, replay over samples learned: learn 50.00 %"
            ]
        );
    }

    #[test]
    fn what_is_measured_at_the_end_stands_over_its_first_figure() {
        let curves = of("pass|distance|change|change_float|digest\n1|-1|-3.5|-3.25|a\n2|1|3|3.25|a");
        assert_eq!(said(&curves), ["change over distance: change from -3.5 to 3; change float from -3.25 to 3.25"]);
        let two = of("pass|rate_hz|triplets|pairs|digest\n1|5|24|20|a\n2|10|33|18|a");
        assert_eq!(said(&two), ["triplets, pairs over rate hz: triplets from 24 to 33; pairs from 20 to 18"]);
    }

    #[test]
    fn figures_of_passes_share_a_plot_by_their_first_word_and_constant_ones_need_none() {
        let curves =
            of("pass|rms_error|rms_error_pd|reduction|saturation_rate|digest\n1|0.5|0.5|0|0|a\n2|0.25|0.5|0.5|0|b");
        assert_eq!(
            said(&curves),
            [
                "rms error over pass: rms error from 0.5 to 0.25; rms error pd from 0.5 to 0.5",
                "reduction over pass: from 0 to 0.5"
            ]
        );
        assert_eq!(plots(&curves).1, [("saturation rate".to_owned(), "0.00 %".to_owned())]);
    }

    #[test]
    fn samples_of_a_test_are_counted_from_one_and_answers_are_no_figures() {
        let curves = of("sample|steps|label|answer|accuracy|scores\n0|18|8|8|1|0 1\n1|18|3|5|0.5|0 0");
        assert_eq!(said(&curves), ["accuracy over samples shown: from 100.00 % to 50.00 %"]);
        assert_eq!(curves[0].points, [(1.0, 1.0), (2.0, 0.5)]);
    }

    #[test]
    fn accuracies_are_drawn_up_to_all_of_them() {
        for (lowest, start) in [(0.1, 0.0), (0.5, 0.5), (0.94, 0.8)] {
            let curves = of(&format!("epoch|accuracy|loss\n1|{lowest}|1\n2|0.96|{lowest}"));
            let ranges: Vec<_> = plots(&curves).0.into_iter().map(|plot| plot.y_range).collect();
            assert_eq!(ranges, [Some(start..1.0), None]);
        }
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let points: Vec<_> = (0..10_001_u32).map(|at| (f64::from(at), 1.0)).collect();
        let thin = thinned(&points);
        assert!(thin.len() <= POINTS_MAX + 1 && thin.first() == points.first() && thin.last() == points.last());
    }
}
