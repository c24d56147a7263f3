//! Who was taken for whom: the confusion of classes and answers, and precision and recall of each class.

use super::html::{note, section, table, wide};
use super::number::{percent, rounded};
use super::text::escaped;
use loihi_run::record::read::CsvTable;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Most classes of a matrix that is drawn.
const CLASSES_MAX: usize = 30;
/// Most confusions that are named.
const NAMED_MAX: usize = 5;

/// How often samples of each class had each answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Confusion {
    /// By class and answer; `None` if there was no answer.
    counts: BTreeMap<(u32, Option<u32>), u64>,
    /// Whether only samples with an answer were counted.
    answered: bool,
}

impl Confusion {
    /// Of a table of metrics that has labels and answers; samples without a label are not counted.
    pub(super) fn of_answers((head, rows): &CsvTable) -> Option<Self> {
        let column = |name: &str| head.iter().position(|own| own == name);
        let (label, answer) = (column("label")?, column("answer")?);
        let mut confusion = Self::default();
        for row in rows {
            let Some(class) = row.get(label).and_then(|cell| cell.parse().ok()) else { continue };
            let answer = row.get(answer).and_then(|cell| cell.parse().ok());
            *confusion.counts.entry((class, answer)).or_insert(0) += 1;
        }
        Some(confusion).filter(|confusion| !confusion.counts.is_empty())
    }

    /// Of a table that was counted by the run: a row per class, a column per answer.
    pub(super) fn of_counts((_, rows): &CsvTable) -> Option<Self> {
        let mut confusion = Self { answered: true, ..Self::default() };
        for (class, row) in (0..).zip(rows) {
            for (answer, cell) in (0..).zip(row.iter().skip(1)) {
                let count = cell.parse().unwrap_or(0);
                if count > 0 {
                    confusion.counts.insert((class, Some(answer)), count);
                }
            }
        }
        Some(confusion).filter(|confusion| !confusion.counts.is_empty())
    }

    /// All samples.
    pub(super) fn samples(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Those with the right answer.
    pub(super) fn right(&self) -> u64 {
        self.counts.iter().filter(|((class, answer), _)| Some(*class) == *answer).map(|(_, count)| count).sum()
    }

    /// Classes that there are, and those that were answered.
    fn classes(&self) -> Vec<u32> {
        let classes: BTreeSet<u32> =
            self.counts.keys().flat_map(|(class, answer)| [Some(*class), *answer]).flatten().collect();
        classes.into_iter().collect()
    }

    fn count(&self, class: u32, answer: Option<u32>) -> u64 {
        self.counts.get(&(class, answer)).copied().unwrap_or(0)
    }

    fn of_class(&self, class: u32) -> u64 {
        self.counts.range((class, None)..=(class, Some(u32::MAX))).map(|(_, count)| count).sum()
    }

    fn of_answer(&self, answer: u32) -> u64 {
        self.counts.iter().filter(|((_, own), _)| *own == Some(answer)).map(|(_, count)| count).sum()
    }

    /// Recall of each class that was shown: the share of its samples that were recognised.
    pub(super) fn recalls(&self) -> Vec<(u32, f64)> {
        let shown = self.classes().into_iter().filter(|class| self.of_class(*class) > 0);
        shown.map(|class| (class, share(self.count(class, Some(class)), self.of_class(class)))).collect()
    }

    /// Confusions, the most frequent first.
    fn most_frequent(&self) -> Vec<String> {
        let wrong = |(class, answer): &(u32, Option<u32>)| answer.filter(|answer| answer != class);
        let mut errors: Vec<(u64, u32, u32)> =
            self.counts.iter().filter_map(|(key, count)| Some((*count, key.0, wrong(key)?))).collect();
        errors.sort_by_key(|(count, class, answer)| (std::cmp::Reverse(*count), *class, *answer));
        let named = errors.iter().take(NAMED_MAX);
        named.map(|(count, class, answer)| format!("{class} for {answer} ({count})")).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}

/// Adds the sections of a confusion.
pub(super) fn sections(body: &mut String, confusion: &Confusion) {
    let (right, samples) = (confusion.right(), confusion.samples());
    let mut inside = format!("<p>{right} of {samples} samples right: {}.", percent(share(right, samples)));
    let errors = confusion.most_frequent();
    if !errors.is_empty() {
        let _ = write!(inside, " Most often mistaken: {}.", errors.join(", "));
    }
    inside += "</p>\n";
    let classes = confusion.classes();
    inside += &if classes.len() <= CLASSES_MAX {
        matrix(confusion, &classes)
    } else {
        note(&format!("The matrix of {} classes is too large to be drawn", classes.len()))
    };
    if confusion.answered {
        inside += &note("Samples without an answer are not counted here");
    }
    section(body, "Who was taken for whom", &inside);
    section(body, "Class by class", &class_by_class(confusion, &classes));
}

fn matrix(confusion: &Confusion, classes: &[u32]) -> String {
    let mut answers: Vec<Option<u32>> = classes.iter().copied().map(Some).collect();
    if confusion.counts.keys().any(|(_, answer)| answer.is_none()) {
        answers.push(None);
    }
    let name = |answer: &Option<u32>| answer.map_or_else(|| "none".to_owned(), |answer| answer.to_string());
    let row = |class: &u32| {
        let all = confusion.of_class(*class);
        let counts = answers.iter().map(|answer| confusion.count(*class, *answer));
        let cells = counts.map(|count| (count.to_string(), if count == 0 { 0.0 } else { share(count, all) }));
        (class.to_string(), cells.collect::<Vec<_>>())
    };
    let rows: Vec<_> = classes.iter().filter(|class| confusion.of_class(**class) > 0).map(row).collect();
    let head: Vec<String> = answers.iter().map(name).collect();
    shaded("Confusion matrix", "class", &head, &rows) + &note("A row is a class, a column an answer")
}

/// A table whose cells are shaded by their share of the row.
fn shaded(name: &str, corner: &str, head: &[String], rows: &[(String, Vec<(String, f64)>)]) -> String {
    let column = |name: &String| format!("<th scope=\"col\">{}</th>", escaped(name));
    let head: String = head.iter().map(column).collect();
    let mut table = format!("<table class=\"cells\">\n<thead><tr><th>{corner}</th>{head}</tr></thead>\n<tbody>\n");
    for (name, cells) in rows {
        let cell = |(text, share): &(String, f64)| {
            let shade = if *share > 0.0 { format!(" style=\"--p:{share:.2}\"") } else { String::new() };
            format!("<td{shade}>{text}</td>")
        };
        let cells: String = cells.iter().map(cell).collect();
        let _ = writeln!(table, "<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(name));
    }
    wide(name, &(table + "</tbody></table>"))
}

fn class_by_class(confusion: &Confusion, classes: &[u32]) -> String {
    let shown = |share: f64| if share.is_nan() { "–".to_owned() } else { percent(share) };
    let row = |class: &u32| {
        let (own, all, answered) =
            (confusion.count(*class, Some(*class)), confusion.of_class(*class), confusion.of_answer(*class));
        [class.to_string(), all.to_string(), own.to_string(), shown(share(own, all)), shown(share(own, answered))]
            .to_vec()
    };
    let head = ["class", "samples", "right", "recall", "precision"].map(str::to_owned);
    table("Recall and precision", &head, &classes.iter().map(row).collect::<Vec<_>>())
        + &note(
            "Recall: the share of the samples of a class that have its answer. Precision: the share of an answer that is right",
        )
}

/// The accuracy on each task (columns) after each (rows), as the run has recorded it.
pub(super) fn of_tasks(name: &str, (_, rows): &CsvTable) -> String {
    let columns = rows.iter().map(|row| row.len().saturating_sub(1)).max().unwrap_or(0);
    let head: Vec<String> = (1..=columns).map(|task| task.to_string()).collect();
    let cell = |text: &String| match text.parse::<f64>() {
        Ok(value) if name.contains("accuracy") => (format!("{:.1}", 100.0 * value), value),
        Ok(value) => (rounded(value), 0.0),
        Err(_) => (String::new(), 0.0),
    };
    let row = |(number, row): (usize, &Vec<String>)| (number.to_string(), row.iter().skip(1).map(cell).collect());
    let rows: Vec<(String, Vec<(String, f64)>)> = (1..).zip(rows).map(row).collect();
    let unit = if name.contains("accuracy") { ", in per cent" } else { "" };
    shaded(name, "after", &head, &rows)
        + &note(&format!("After each stage of learning (rows), tested on each (columns){unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answers(rows: &[(Option<u32>, Option<u32>)]) -> CsvTable {
        let text = |value: &Option<u32>| value.map_or_else(String::new, |value| value.to_string());
        let head = ["sample", "label", "answer"].map(str::to_owned).to_vec();
        (
            head,
            (0..)
                .zip(rows)
                .map(|(at, (label, answer)): (u32, _)| vec![at.to_string(), text(label), text(answer)])
                .collect(),
        )
    }

    #[test]
    fn a_confusion_by_hand() {
        let rows = [(0, Some(0)), (0, Some(1)), (1, Some(1)), (1, Some(1)), (1, None)].map(|(a, b)| (Some(a), b));
        let confusion = Confusion::of_answers(&answers(&rows)).unwrap();
        assert_eq!((confusion.samples(), confusion.right()), (5, 3));
        let mut body = String::new();
        sections(&mut body, &confusion);
        insta::assert_snapshot!("a_confusion", body);
    }

    #[test]
    fn counts_of_a_run_and_answers_of_its_samples_are_the_same_confusion() {
        let counts = (
            Vec::new(),
            vec![
                vec!["0".to_owned(), "1".to_owned(), "2".to_owned()],
                vec!["1".to_owned(), "0".to_owned(), "4".to_owned()],
            ],
        );
        let rows: Vec<_> = [(0, 0, 1), (0, 1, 2), (1, 1, 4)]
            .iter()
            .flat_map(|(class, answer, count)| vec![(Some(*class), Some(*answer)); *count])
            .collect();
        let found = Confusion::of_counts(&counts).map(|confusion| confusion.counts);
        assert_eq!(found, Confusion::of_answers(&answers(&rows)).map(|confusion| confusion.counts));
        assert_eq!(Confusion::of_counts(&(Vec::new(), Vec::new())), None);
    }

    #[test]
    fn many_classes_are_a_table_alone() {
        let rows: Vec<_> = (0..100).map(|class| (Some(class), Some(class / 2))).collect();
        let mut body = String::new();
        sections(&mut body, &Confusion::of_answers(&answers(&rows)).unwrap());
        assert!(body.contains("100 classes is too large") && !body.contains("class=\"cells\""), "{body}");
    }

    proptest! {
        /// It has every sample that has a label, once.
        #[test]
        fn a_confusion_sums_to_its_samples(
            rows in prop::collection::vec((prop::option::of(0..5_u32), prop::option::of(0..7_u32)), 1..60)
        ) {
            let labelled = rows.iter().filter(|(label, _)| label.is_some()).count() as u64;
            let right = rows.iter().filter(|(label, answer)| label.is_some() && label == answer).count() as u64;
            let confusion = Confusion::of_answers(&answers(&rows)).unwrap_or_default();
            prop_assert_eq!((confusion.samples(), confusion.right()), (labelled, right));
            let by_class: u64 = confusion.classes().iter().map(|class| confusion.of_class(*class)).sum();
            prop_assert_eq!(by_class, labelled);
            let answered = rows.iter().filter(|(label, answer)| label.is_some() && answer.is_some()).count() as u64;
            let by_answer: u64 = confusion.classes().iter().map(|answer| confusion.of_answer(*answer)).sum();
            prop_assert_eq!(by_answer, answered);
        }
    }
}
