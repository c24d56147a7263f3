//! The figures of runs through stages: accuracies, errors, what continual learning keeps and forgets.

use loihi_net::network::{Network, SectionError};
use loihi_run::record::checkpoint::RunPosition;
use loihi_run::record::score::{Score, share};
use loihi_task::metrics::Metrics;
use loihi_task::names::Names;
use loihi_task::settings::StageForm;
use loihi_task::stage::Stage;
use loihi_task::task::FigureTable;

/// A sum of squares in units of 2^-20, saturating.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
pub fn q20(squares: f64) -> u64 {
    (squares * 1_048_576.0).round() as u64
}

/// Root mean square of `values` numbers a sample.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn root_mean_square(squared_error_q20: u64, samples: usize, values: usize) -> f64 {
    (squared_error_q20 as f64 / 1_048_576.0 / (samples * values).max(1) as f64).sqrt()
}

/// The figure that tells how a stage goes; `values` are the numbers of an answer that is not a class.
pub fn so_far(values: Option<usize>, position: &RunPosition) -> (&'static str, f64) {
    match values {
        None => ("accuracy", share(position.right.last().copied().unwrap_or(0) as usize, position.items)),
        Some(values) => ("rmse", root_mean_square(position.squared_error_q20, position.items, values)),
    }
}

/// The figure of a stage.
fn figure(values: Option<usize>, score: &Score) -> f64 {
    match values {
        None => score.accuracy(),
        Some(values) => root_mean_square(score.squared_error_q20, score.samples, values),
    }
}

/// Figures of a stage for its row.
pub fn of_stage(values: Option<usize>, score: &Score) -> Metrics {
    let name = if values.is_some() { "rmse" } else { "accuracy" };
    let samples = f64::from(u32::try_from(score.samples).unwrap_or(u32::MAX));
    let mut metrics = Metrics::from([(name, figure(values, score)), ("samples", samples)]);
    // Of a test, too: rows have the same columns.
    metrics.push("trigger_rate", score.trigger_rate());
    metrics.extend(costs(score));
    metrics
}

/// What a stage of learning has cost, and whether it was in order.
fn learning_metrics(score: &Score) -> Metrics {
    let mut metrics = Metrics::new();
    // Of rules that decide whether they learn.
    if score.ops.rule_opportunities > 0 {
        metrics.push("trigger_rate", score.trigger_rate());
    }
    metrics.extend(costs(score));
    metrics
}

fn costs(score: &Score) -> [(&'static str, f64); 3] {
    [
        ("updates_per_sample", score.updates_per_sample()),
        ("saturation_rate", score.saturation_rate()),
        ("spike_rate", score.spike_rate()),
    ]
}

/// Figures of a run through stages that no stage names.
const NAMES: [&str; 6] =
    ["trigger_rate", "updates_per_sample", "saturation_rate", "spike_rate", "accuracy_test_float", "rmse_test_float"];

/// Whether all `[[stage]]` tables that name a figure name one of their own.
///
/// # Errors
/// [`SectionError`] at the offending `metric`.
pub fn check_names(network: &Network, forms: &[StageForm]) -> Result<(), SectionError> {
    let mut names = Names::of_run(&NAMES);
    for (number, form) in forms.iter().enumerate() {
        if let Some(name) = &form.metric {
            let section = network.run.stages.get(number).cloned().unwrap_or_default();
            let error = |what| section.error(&format!("stage {}", number + 1), "metric", what);
            names.add(name).map_err(error)?;
        }
    }
    Ok(())
}

/// Figures of a whole run.
pub fn of_run(
    order: &[String],
    stages: &[Stage],
    values: Option<usize>,
    scores: &[Score],
) -> (Metrics, Vec<FigureTable>) {
    let mut metrics = Metrics::new();
    let mut tables = Vec::new();
    let named = stages.iter().any(|stage| stage.metric.is_some());
    let in_tasks = stages.iter().any(|stage| stage.task.is_some());
    if named {
        // The last epoch of a stage counts.
        let is_there = |name: &&String| stages.iter().any(|stage| stage.metric.as_ref() == Some(name));
        let mut names: Vec<&String> = order.iter().filter(is_there).collect();
        for name in stages.iter().filter_map(|stage| stage.metric.as_ref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let of = stages.iter().zip(scores).rev().find(|(stage, _)| stage.metric.as_ref() == Some(name));
            if let Some((_, score)) = of {
                metrics.push(name.clone(), figure(values, score));
            }
        }
    } else if in_tasks {
        continual(stages, values, scores, &mut metrics, &mut tables);
    } else {
        let (test, online) =
            if values.is_some() { ("rmse_test", "rmse_online") } else { ("accuracy_test", "accuracy_online") };
        let last = |learns: bool| {
            let is_last = |(stage, own): &(&Stage, &Score)| stage.learns == learns && own.samples > 0;
            stages.iter().zip(scores).rev().find(is_last).map(|(_, own)| own)
        };
        metrics.extend(last(false).map(|score| (test, figure(values, score))));
        metrics.extend(last(true).map(|score| (online, figure(values, score))));
        // Of several readouts of classes each has its own.
        let of_layers = last(false).filter(|score| score.right.len() > 1 && values.is_none());
        let accuracies = of_layers.into_iter().flat_map(Score::accuracies);
        metrics.extend((1..).zip(accuracies).map(|(layer, own)| (format!("accuracy_test_layer_{layer}"), own)));
    }
    let learned = stages.iter().zip(scores).rev().find(|(stage, _)| stage.learns).map(|(_, score)| score);
    metrics.extend(learned.map(learning_metrics).unwrap_or_default());
    // All tests after the last stage of learning: of several tasks each has its own.
    let tested = stages.iter().zip(scores).rev().take_while(|(stage, _)| !stage.learns).map(|(_, score)| score);
    let tested = tested.take(if in_tasks { usize::MAX } else { 1 }).filter(|score| score.samples > 0);
    let confusion = tested.fold(Vec::new(), |sum: Vec<u32>, score| match sum.len() {
        0 => score.confusion.clone(),
        _ => sum.iter().zip(&score.confusion).map(|(a, b)| a + b).collect(),
    });
    if !confusion.is_empty() {
        tables.push(FigureTable::new("confusion", square(&confusion)));
    }
    (metrics, tables)
}

/// The figure that a run lacks since it had no samples to test on.
pub fn untested(stages: &[Stage], values: Option<usize>) -> Option<&'static str> {
    let has_own = |own: &Stage| own.metric.is_some() || own.task.is_some() || !(own.learns || own.items.is_empty());
    let name = if values.is_some() { "rmse_test" } else { "accuracy_test" };
    (!stages.iter().any(has_own)).then_some(name)
}

fn square(cells: &[u32]) -> Vec<Vec<f64>> {
    let side = cells.len().isqrt().max(1);
    cells.chunks(side).map(|row| row.iter().copied().map(f64::from).collect()).collect()
}

/// After task i the accuracy on task j is `R_ij`, with learning off. Of T tasks, counted from 1: accuracy `mean_j R_Tj`,
/// backward transfer `mean_{j<T} (R_Tj − R_jj)`, forgetting `mean_{j<T} (max_i R_ij − R_Tj)`.
fn continual(
    stages: &[Stage],
    values: Option<usize>,
    scores: &[Score],
    metrics: &mut Metrics,
    tables: &mut Vec<FigureTable>,
) {
    const NAMES: [[&str; 4]; 2] = [
        ["accuracy", "backward_transfer", "forgetting", "accuracy_matrix"],
        ["accuracy_replay", "backward_transfer_replay", "forgetting_replay", "accuracy_matrix_replay"],
    ];
    let all: Vec<(&Stage, &Score)> = stages.iter().zip(scores).collect();
    let starts: Vec<usize> = (0..all.len()).filter(|at| all[*at].0.fresh).collect();
    for (number, (start, names)) in starts.iter().zip(NAMES).enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(all.len());
        let mut matrix: Vec<Vec<f64>> = Vec::new();
        for (stage, score) in all.get(*start..end).unwrap_or_default() {
            let Some([after, tested]) = stage.task.filter(|_| !stage.learns) else { continue };
            if matrix.len() <= after {
                matrix.resize(after + 1, Vec::new());
            }
            if matrix[after].len() == tested {
                matrix[after].push(figure(values, score));
            }
        }
        if values.is_some() {
            // Of errors only what is left at the end: what is forgotten is in the table.
            let last = matrix.last().map_or(&[][..], Vec::as_slice);
            #[expect(clippy::cast_precision_loss, reason = "a few tasks")]
            metrics.push("rmse_test", last.iter().sum::<f64>() / last.len().max(1) as f64);
            tables.push(FigureTable::new("rmse_matrix", matrix));
            continue;
        }
        let figures = summary(&matrix);
        if let [_] = &*starts {
            metrics.push("accuracy_test", accuracy_of_all(all.get(*start..end).unwrap_or_default(), matrix.len()));
        }
        metrics.extend(names.iter().copied().zip(figures));
        tables.push(FigureTable::new(names[3], matrix));
    }
    if values.is_some() {
        return;
    }
    let learned: Vec<&Score> = all.iter().filter(|(stage, _)| stage.learns).map(|(_, score)| *score).collect();
    let right: u64 = learned.iter().map(|score| u64::from(score.right.last().copied().unwrap_or(0))).sum();
    let shown: u64 = learned.iter().map(|score| score.samples as u64).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    metrics.push("accuracy_online", right as f64 / shown.max(1) as f64);
}

/// Share of right answers to all that is tested after the last task.
fn accuracy_of_all(stages: &[(&Stage, &Score)], tasks: usize) -> f64 {
    let last =
        stages.iter().filter(|(stage, _)| !stage.learns && stage.task.is_some_and(|[after, _]| after + 1 == tasks));
    let of = |(right, samples), (_, score): &(&Stage, &Score)| {
        (right + score.right.last().copied().unwrap_or(0), samples + score.samples)
    };
    let (right, samples) = last.fold((0, 0), of);
    share(right as usize, samples)
}

/// Accuracy, backward transfer, forgetting.
#[expect(clippy::cast_precision_loss, reason = "a few tasks")]
fn summary(matrix: &[Vec<f64>]) -> [f64; 3] {
    let Some(last) = matrix.last() else { return [0.0; 3] };
    let before = last.len().saturating_sub(1);
    let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| values.sum::<f64>() / count.max(1) as f64;
    let at = |row: usize, task: usize| matrix.get(row).and_then(|row| row.get(task)).copied().unwrap_or(0.0);
    let best = |task: usize| (0..matrix.len()).map(|row| at(row, task)).fold(0.0, f64::max);
    let accuracy = mean(&mut last.iter().copied(), last.len());
    let transfer = mean(&mut (0..before).map(|task| last[task] - at(task, task)), before);
    let forgetting = mean(&mut (0..before).map(|task| best(task) - last[task]), before);
    [accuracy, transfer, forgetting]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_matrix_by_hand() {
        let figures = summary(&[vec![1.0, 0.0], vec![0.5, 0.75]]).map(|figure| format!("{figure:.3}"));
        assert_eq!(figures, ["0.625", "-0.500", "0.500"]);
    }

    #[test]
    fn squares_add_up_in_whole_units() {
        assert_eq!(q20(0.25), 1 << 18);
        assert!((root_mean_square(q20(0.5), 1, 2) - 0.5).abs() < 1e-9);
        assert_eq!(q20(f64::INFINITY), u64::MAX);
    }
}
