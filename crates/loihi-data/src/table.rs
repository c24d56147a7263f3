//! CSV: a sample a row, its features as numbers, its class, its targets and its stage in columns of their own.
//!
//! A first row that has a word in it names the columns. The class is in the column `label` (or `class`), targets are in
//! `target` and in all that begin with `target_`, in their order, and the stage is in the column that
//! [`DataOptions::stage_column`] names. Where no column is called as a class or a target, the last one is the class. All
//! others are features: scaled to 0 to 255 by the smallest and the largest number of all of them, the same scale for all,
//! so that their proportions stay ([`DataOptions::scale`] sets another); or real numbers as they are, if
//! [`DataOptions::reals`] asks for them.

use super::cell::Cell;
use super::columns::{narrow, single, stage_of};
use super::error::{FormatError, quoted};
use super::format::{Content, Format};
use super::legend::{Headings, Legend};
use super::options::DataOptions;
use super::sample::Sample;
use super::scale::{Scale, TOO_WIDE, extremes};
use csv::StringRecord;
use loihi_files::plural::plural;

/// Tables of features.
pub const FORMAT: Format = Format::new("csv", &["csv"], "tables, a sample a row", |bytes, _, options| {
    read(bytes, options).map(|(samples, legend)| Content::Many(samples, legend))
})
.of_many("in the column `label` or `class`, else in the last one if there are no targets")
.with_targets("in the columns `target` or `target_...`");

/// What the columns of a table are.
#[derive(Default)]
struct Columns {
    /// How many there are.
    count: usize,
    /// Their names; empty: they have none.
    names: Vec<String>,
    label: Option<usize>,
    /// Whether that is the last column, which is the class because no column is called so.
    is_last: bool,
    targets: Vec<usize>,
    stage: Option<usize>,
    /// All others.
    features: Vec<usize>,
}

/// A row of a table.
struct Row {
    features: Vec<f64>,
    label: Option<u32>,
    targets: Vec<f32>,
    stage: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// [`FormatError`] says the line.
pub fn parse(bytes: &[u8], options: &DataOptions) -> Result<Vec<Sample>, FormatError> {
    Ok(read(bytes, options)?.0)
}

/// The line in which a record begins, from 1. The reader's own count is one short where lines end in CR LF: there a record
/// begins at the LF of the line before.
fn line_of(bytes: &[u8], position: &csv::Position) -> usize {
    let first = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(first..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let before = bytes.get(..first.saturating_add(blank)).unwrap_or(bytes);
    before.split(|byte| *byte == b'\n').count()
}

/// Samples, what their columns are, and their scale if they have values.
fn read(bytes: &[u8], options: &DataOptions) -> Result<(Vec<Sample>, Legend), FormatError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| FormatError::in_line(number + 1, format!("it cannot be read: {error}")))?;
        let line = record.position().map_or(number + 1, |position| line_of(bytes, position));
        let invalid = |what| FormatError::in_line(line, what);
        if let Some(separator) = other_separator(&record) {
            let what = format!("its cells are separated by {separator}: separate them by commas");
            return Err(invalid(what));
        }
        let is_header = number == 0 && record.iter().any(|cell| cell.parse::<f64>().is_err());
        if is_header {
            columns = Some(Columns::named(&record, options).map_err(invalid)?);
            continue;
        }
        let columns = match &columns {
            Some(columns) => columns,
            None => columns.insert(Columns::unnamed(record.len(), options).map_err(invalid)?),
        };
        if record.len() != columns.count {
            return Err(invalid(format!("{}, not {}", plural(record.len(), "column"), columns.count)));
        }
        rows.push(columns.row(&record, options.reals).map_err(invalid)?);
    }
    let Some(columns) = columns.filter(|_| !rows.is_empty()) else {
        return Err(FormatError::in_line(1, "it has no rows of numbers"));
    };
    let all = || rows.iter().flat_map(|row| row.features.iter().copied());
    let scale = match options.scale {
        _ if options.reals => None,
        None => Some(Scale::of_extremes(all()).ok_or(TOO_WIDE)?),
        given => given,
    };
    let misfit = match options.scale {
        _ if options.reals => None,
        Some(given) => given.misfit(all()),
        None => scale.and_then(|own| columns.narrow(own, &rows)),
    };
    let samples = rows.into_iter().enumerate().map(|(number, row)| row.sample(number, scale)).collect();
    Ok((samples, Legend { columns: Some(columns.headings()), scale, misfit }))
}

impl Columns {
    /// Those of a table whose first row names them.
    fn named(names: &StringRecord, options: &DataOptions) -> Result<Self, String> {
        let lower: Vec<String> = names.iter().map(str::to_ascii_lowercase).collect();
        let label = lower.iter().position(|name| matches!(&**name, "label" | "class"));
        let is_target = |column: &usize| lower[*column] == "target" || lower[*column].starts_with("target_");
        let targets: Vec<usize> = (0..lower.len()).filter(is_target).collect();
        let wanted = options.stage_column.as_ref();
        let stage = wanted.map(|wanted| stage_of("column", &names.iter().collect::<Vec<_>>(), wanted));
        let names = names.iter().map(str::to_owned).collect();
        Self { count: lower.len(), names, label, targets, stage: stage.transpose()?, ..Self::default() }.with_features()
    }

    /// Those of a table without names.
    fn unnamed(count: usize, options: &DataOptions) -> Result<Self, String> {
        match &options.stage_column {
            None => Self { count, ..Self::default() }.with_features(),
            Some(wanted) => Err(format!("no column `{wanted}` for stages: add a header row that names the columns")),
        }
    }

    /// The same with all other columns as features, but the last one as class if there are no classes and no targets.
    fn with_features(mut self) -> Result<Self, String> {
        if self.label.is_none() && self.targets.is_empty() {
            self.label = (0..self.count).rev().find(|column| Some(*column) != self.stage);
            self.is_last = self.label.is_some_and(|column| column + 1 == self.count);
        }
        let is_feature =
            |column: &usize| ![self.label, self.stage].contains(&Some(*column)) && !self.targets.contains(column);
        self.features = (0..self.count).filter(is_feature).collect();
        match (self.features.len(), self.count) {
            (0, 1) => Err("1 column, not 2: values, and their class".to_owned()),
            (0, _) => Err("no column is left for features: classes, targets and stages take all of them".to_owned()),
            _ => Ok(self),
        }
    }

    /// What each of them is.
    fn headings(&self) -> Headings {
        let values = self.features.len();
        if self.names.is_empty() {
            return Headings { values, names: None, others: vec!["the last column is the class".to_owned()] };
        }
        let name = |column: usize| quoted(self.names.get(column).map_or("", String::as_str));
        let of = |columns: &[usize]| match *columns {
            [first, .., last] => format!("{} to {}", name(first), name(last)),
            [only] => name(only),
            [] => String::new(),
        };
        let class = self.label.map(|label| {
            let last = if self.is_last { format!("the last column, {},", name(label)) } else { name(label) };
            format!("{last} is the class")
        });
        let targets = match self.targets.len() {
            0 => None,
            1 => Some(format!("{} is the target", of(&self.targets))),
            count => Some(format!("{} are {count} targets", of(&self.targets))),
        };
        let stage = self.stage.map(|stage| format!("{} is the stage", name(stage)));
        let others = [class, targets, stage].into_iter().flatten().collect();
        Headings { values, names: Some(of(&self.features)), others }
    }

    /// Which features hardly differ by this scale, in words, if those are many.
    fn narrow(&self, scale: Scale, rows: &[Row]) -> Option<String> {
        let ranges = self.features.iter().enumerate().map(|(feature, column)| {
            let name = self.names.get(*column).map_or_else(|| format!("column {}", column + 1), |name| quoted(name));
            let numbers = rows.iter().filter_map(|row| row.features.get(feature).copied());
            (name, extremes(numbers))
        });
        narrow(scale, ranges)
    }

    /// A row of as many cells as there are columns.
    fn row(&self, record: &StringRecord, reals: bool) -> Result<Row, String> {
        let cell = |column: usize| Cell {
            text: record.get(column).unwrap_or_default(),
            column,
            name: self.names.get(column).map(String::as_str),
            is_class_last: self.is_last,
        };
        let number = |column: usize| -> Result<f64, String> {
            let number = cell(column).text.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| cell(column).no_number())
        };
        let real = |column: usize| -> Result<f32, String> {
            let number = single(number(column)?);
            number.ok_or_else(|| cell(column).said("is too large for a real number of single precision"))
        };
        if reals {
            self.features.iter().try_for_each(|column| real(*column).map(drop))?;
        }
        let label = |column| cell(column).text.parse().map_err(|_| cell(column).no_class());
        let stage = |column: usize| match cell(column).text {
            "" => Err(cell(column).no_stage()),
            name => Ok(name.to_owned()),
        };
        Ok(Row {
            features: self.features.iter().map(|column| number(*column)).collect::<Result<_, _>>()?,
            label: self.label.map(label).transpose()?,
            targets: self.targets.iter().map(|column| real(*column)).collect::<Result<_, _>>()?,
            stage: self.stage.map(stage).transpose()?,
        })
    }
}

/// What separates the cells of a line that has no commas, if something else does.
fn other_separator(record: &StringRecord) -> Option<&'static str> {
    let only = record.get(0).filter(|_| record.len() == 1)?;
    [(';', "semicolons"), ('\t', "tabs")]
        .into_iter()
        .find(|(separator, _)| only.contains(*separator))
        .map(|(_, name)| name)
}

impl Row {
    /// With values of this scale, or else with real numbers.
    fn sample(self, number: usize, scale: Option<Scale>) -> Sample {
        let Self { features, label, targets, stage } = self;
        let (name, shape) = (number.to_string(), [features.len()]);
        let sample = match scale {
            Some(scale) => Sample::values(name, &shape, features.iter().map(|number| scale.value(*number)).collect()),
            // All of them were found to have single precision.
            None => Sample::reals(name, &shape, features.iter().filter_map(|number| single(*number)).collect()),
        };
        sample.labelled(label).with_targets(targets).in_stage(stage)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Position;
    use super::*;

    fn read(text: &str) -> Vec<(Vec<u8>, Option<u32>)> {
        let values = |sample: Sample| (sample.flat().unwrap().to_vec(), sample.label);
        parse(text.as_bytes(), &DataOptions::default()).unwrap().into_iter().map(values).collect()
    }

    #[test]
    fn rows_are_samples() {
        let expected = [(vec![0, 51], Some(3)), (vec![128, 255], Some(0))];
        assert_eq!(read("-1, 0, 3\n1.5, 4, 0\n"), expected, "the last column is the class");
        assert_eq!(read("label,a,b\n3,-1,0\n0,1.5,4\n"), expected, "or the one that says so");
    }

    fn read_with(text: &str, options: &DataOptions) -> Vec<Sample> {
        parse(text.as_bytes(), options).unwrap()
    }

    #[test]
    fn targets_and_stages_have_columns() {
        let plain = DataOptions::default();
        let samples = read_with("a,target_x,b,Target,task\n0,0.5,4,-1,9\n2,1e-3,1,3,9\n", &plain);
        let expected =
            |values: &[u8], targets: &[f32]| Sample::values("0", &[3], values.to_vec()).with_targets(targets.to_vec());
        assert_eq!(samples[0], expected(&[0, 113, 255], &[0.5, -1.0]));
        assert_eq!(samples[1].targets, [0.001, 3.0]);
        let staged = plain.stage_column("task");
        let samples = read_with("a,target,task,label\n0,0.5, first day ,3\n4,1,2,1\n", &staged);
        let known = |sample: &Sample| (sample.label, sample.targets.clone(), sample.stage.clone().unwrap());
        assert_eq!(known(&samples[0]), (Some(3), vec![0.5], "first day".to_owned()));
        assert_eq!((known(&samples[1]), samples[1].flat()), ((Some(1), vec![1.0], "2".to_owned()), Some(&[255][..])));
        let samples = read_with("a,b,task\n1,7,x\n2,8,y\n", &staged);
        assert_eq!((samples[1].label, samples[1].flat()), (Some(8), Some(&[255][..])), "the last one but the stage");
        let samples = read_with("a,label\n1,7\n2,8\n", &DataOptions::default().stage_column("label"));
        assert_eq!((samples[1].label, samples[1].stage.as_deref()), (Some(8), Some("8")), "a class can be a stage");
    }

    #[test]
    fn what_each_column_is_is_said() {
        let told = |text: &str, options: &DataOptions| {
            super::read(text.as_bytes(), options).unwrap().1.columns.unwrap().to_string()
        };
        let plain = DataOptions::default();
        assert_eq!(told("1,2,3\n", &plain), "2 values; the last column is the class");
        assert_eq!(told("a,kind\n1,2\n", &plain), "1 value, `a`; the last column, `kind`, is the class");
        assert_eq!(told("a,Label,b,c\n1,2,3,4\n", &plain), "3 values, `a` to `c`; `Label` is the class");
        assert_eq!(told("a,b,target\n1,2,3\n", &plain), "2 values, `a` to `b`; `target` is the target");
        let staged = plain.stage_column("t");
        let all = "a,target,target_y,class,t\n1,2,3,4,5\n";
        assert_eq!(
            told(all, &staged),
            "1 value, `a`; `class` is the class; `target` to `target_y` are 2 targets; `t` is the stage"
        );
        assert_eq!(told("a,b,t\n1,2,3\n", &staged), "1 value, `a`; `b` is the class; `t` is the stage");
    }

    #[test]
    fn numbers_that_have_no_scale_are_refused_and_those_that_do_not_suit_one_told() {
        let error = parse(b"-1e308,0\n1e308,1\n", &DataOptions::default()).unwrap_err();
        assert_eq!(error.message, TOO_WIDE);
        let ends = |text: &str| super::read(text.as_bytes(), &DataOptions::default()).unwrap().1.scale.unwrap().ends();
        let [low, high] = ends("1e17,0\n1e17,1\n");
        assert!(low < high, "{low} {high}");
        let options = DataOptions::default().scale(Scale::of_ends([-1.0, 1.0]));
        let misfit = |text: &str, options: &DataOptions| super::read(text.as_bytes(), options).unwrap().1.misfit;
        assert!(misfit("100,0\n200,1\n", &options).unwrap().starts_with("2 of 2 numbers lie outside of the scale"));
        assert_eq!(misfit("-0.5,0\n0.5,1\n", &options), None);
        assert_eq!(misfit("100,0\n200,1\n", &options.reals(true)), None);
    }

    #[test]
    fn columns_that_hardly_differ_by_the_scale_of_all_are_told() {
        let told = |text: &str| super::read(text.as_bytes(), &DataOptions::default()).unwrap().1.misfit;
        let expected = "`a`, `b` take less than a sixteenth of the scale (0 to 997 become 0 to 255): bring columns to the same \
                        range first, and leave out identifiers";
        assert_eq!(told("id,a,b,label\n0,1,2,0\n997,3,1,1\n").as_deref(), Some(expected));
        assert!(told("0,1,0\n997,3,1\n").unwrap().starts_with("column 2 takes less than a sixteenth"));
        assert_eq!(told("a,b,label\n0,1,0\n1,0.5,1\n"), None);
    }

    #[test]
    fn features_can_stay_real() {
        let samples = read_with("-1, 0.1, 3\n1.5, 400, 0\n", &DataOptions::default().reals(true));
        assert_eq!(samples[0], Sample::reals("0", &[2], vec![-1.0, 0.1]).labelled(3));
        assert_eq!(samples[1].flat_reals(), Some(&[1.5, 400.0][..]));
        assert_eq!(samples[1].flat(), None);
    }

    #[test]
    fn what_is_wrong_with_targets_and_stages_is_said() {
        for (text, line, what) in [
            ("a,target\n1,2\n1,nan\n", 3, "`nan` in column 2, `target`, is not a number"),
            ("a,target\n1,inf\n", 2, "`inf` in column 2, `target`, is not a number"),
            ("a,target\n1,\n", 2, "column 2, `target`, is empty: write a number, or leave the row out"),
            (
                "a,target\n1,1e39\n",
                2,
                "`1e39` in column 2, `target`, is too large for a real number of single precision",
            ),
            ("a,target\n-1e39,1\n", 2, "`-1e39` in column 1, `a`, is too large for a real number of single precision"),
            ("a,target\n1,2,3\n", 2, "3 columns, not 2"),
            ("label,target\n1,2\n", 1, "no column is left for features: classes, targets and stages take all of them"),
        ] {
            let error = parse(text.as_bytes(), &DataOptions::default().reals(true)).unwrap_err();
            assert_eq!((error.position, &*error.message), (Some(Position::Line(line)), what), "{text:?}");
        }
        let staged = DataOptions::default().stage_column("task");
        for (text, line, what) in [
            ("a,Task,label\n1,2,3\n", 1, "it has no column `task` for stages; there are a, Task, label"),
            ("1,2,3\n", 1, "no column `task` for stages: add a header row that names the columns"),
            ("a,task,label\n1,x,3\n1,,3\n", 3, "column 2, `task`, is empty: name the stage"),
        ] {
            let error = parse(text.as_bytes(), &staged).unwrap_err();
            assert_eq!((error.position, &*error.message), (Some(Position::Line(line)), what), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, what) in [
            ("", 1, "no rows"),
            ("1,2,3\n1,2\n", 2, "2 columns, not 3"),
            ("a,b\n1,x\n", 2, "`x` in column 2, `b`, is not a class"),
            ("1,2\nnan,2\n", 2, "`nan` in column 1 is not a number"),
            ("1,2\n1,2.5\n", 2, "`2.5` in column 2 is not a class"),
            ("5\n", 1, "1 column, not 2"),
            ("a;b\n1;2\n", 1, "its cells are separated by semicolons: separate them by commas"),
            ("1\t2\n", 1, "its cells are separated by tabs: "),
            ("a,class\n1,cat\n", 2, "`cat` in column 2, `class`, is not a class, which is a whole number: number"),
            (
                "a,b\n1,cat\n",
                2,
                "`cat` in column 2, `b`, is not a class, for which the last column is taken: number the classes from 0",
            ),
            ("1,2\n1,\"2\n3\"\n", 2, r"`2\n3` in column 2 is not a class"),
        ] {
            let error = parse(text.as_bytes(), &DataOptions::default()).unwrap_err();
            assert!(error.position == Some(Position::Line(line)) && error.message.contains(what), "{text:?}: {error}");
        }
    }
}
