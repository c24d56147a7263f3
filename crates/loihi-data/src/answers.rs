//! What an `.npz` file says of its samples in arrays beside that of their values: classes, targets, stages. See
//! [`super::arrays`] for their names.

use super::columns::{single, stage_of};
use super::error::FormatError;
use super::options::DataOptions;
use super::sample::Sample;
use loihi_files::npz::{self, Array, Values};

/// The array of classes.
const LABELS: &str = "labels";
/// Arrays of classes or targets.
const ANSWERS: [&str; 2] = ["y", "targets"];

/// An array, and what it holds for each sample.
type Named<'n, T> = Option<(&'n str, Vec<T>)>;

/// What is known of samples besides their values.
#[derive(Default)]
pub(crate) struct Answers<'n> {
    classes: Named<'n, u32>,
    targets: Named<'n, Vec<f32>>,
    /// Extents of the targets of a sample.
    target_shape: Vec<usize>,
    stages: Named<'n, String>,
}

impl<'n> Answers<'n> {
    /// Reads those of a file with arrays of these names; none are those of a single array.
    pub(crate) fn read(bytes: &[u8], names: &'n [String], options: &DataOptions) -> Result<Self, FormatError> {
        let mut answers = Self::default();
        for name in names.iter().map(String::as_str) {
            if name == LABELS || ANSWERS.contains(&name) {
                answers.take(name, &npz::parse(bytes, name).map_err(FormatError::new)?)?;
            }
        }
        if let Some(wanted) = &options.stage_column {
            if names.is_empty() {
                let single = format!("it is a single array: give an .npz file with an array `{wanted}` for stages");
                return Err(single.into());
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let name = names[stage_of("array", &names, wanted)?];
            answers.stages = Some((name, stages(bytes, name)?));
        }
        Ok(answers)
    }

    /// Takes an array of classes or targets; there can be one of each.
    fn take(&mut self, name: &'n str, array: &Array) -> Result<(), String> {
        let is_whole = matches!(array.values(), Values::Whole(_));
        let (kind, other) = match array.shape() {
            shape if name == LABELS || (is_whole && shape.len() == 1) => {
                ("classes", self.classes.replace((name, classes(array, name)?)).map(|(other, _)| other))
            }
            [_, each @ ..] if !each.contains(&0) => {
                self.target_shape = if each.is_empty() { vec![1] } else { each.to_vec() };
                ("targets", self.targets.replace((name, targets(array, name)?)).map(|(other, _)| other))
            }
            shape => {
                return Err(format!(
                    "array {name} has the shape {shape:?}: classes are [samples], targets [samples, k, ...]"
                ));
            }
        };
        other.map_or(Ok(()), |other| Err(format!("arrays {other} and {name} both hold {kind}: leave one of them out")))
    }

    /// Whether an array is one of these.
    pub(crate) fn has(&self, name: &str) -> bool {
        fn is<T>(own: &Named<'_, T>, name: &str) -> bool {
            own.as_ref().is_some_and(|(own, _)| *own == name)
        }
        is(&self.classes, name) || is(&self.targets, name) || is(&self.stages, name)
    }

    /// Gives samples what is known of them.
    ///
    /// # Errors
    /// It is of another number of samples.
    pub(crate) fn given_to(self, samples: Vec<Sample>) -> Result<Vec<Sample>, String> {
        self.given_to_first(samples.len(), samples)
    }

    /// The same for the first ones of this many.
    ///
    /// # Errors
    /// It is of another number of samples.
    pub(crate) fn given_to_first(self, all: usize, samples: Vec<Sample>) -> Result<Vec<Sample>, String> {
        let Self { classes, targets, target_shape, stages } = self;
        let counts = [
            ("classes", classes.as_ref().map(|own| own.1.len())),
            ("rows of targets", targets.as_ref().map(|own| own.1.len())),
            ("stages", stages.as_ref().map(|own| own.1.len())),
        ];
        for (kind, count) in counts {
            if let Some(count) = count.filter(|count| *count != all) {
                return Err(format!("{count} {kind} for {all} samples"));
            }
        }
        let mut classes = classes.into_iter().flat_map(|own| own.1);
        let mut targets = targets.into_iter().flat_map(|own| own.1);
        let mut stages = stages.into_iter().flat_map(|own| own.1);
        let given = |sample: Sample| {
            let sample = sample.labelled(classes.next()).in_stage(stages.next());
            sample.with_targets_of(&target_shape, targets.next().unwrap_or_default())
        };
        Ok(samples.into_iter().map(given).collect())
    }
}

fn classes(array: &Array, name: &str) -> Result<Vec<u32>, String> {
    let class = |class: &i64| u32::try_from(*class).ok();
    let classes = array.whole().and_then(|classes| classes.iter().map(class).collect::<Option<Vec<u32>>>());
    classes.ok_or_else(|| format!("array {name}: a class is not a whole number of 0 or more"))
}

fn targets(array: &Array, name: &str) -> Result<Vec<Vec<f32>>, String> {
    let each = array.shape().iter().skip(1).product();
    Ok(singles(array, name, each)?.chunks(each.max(1)).map(<[f32]>::to_vec).collect())
}

fn stages(bytes: &[u8], name: &str) -> Result<Vec<String>, FormatError> {
    let (shape, stages) = if let Some(texts) = npz::texts(bytes, name).map_err(FormatError::new)? {
        (texts.shape, texts.texts)
    } else {
        let whole = npz::parse(bytes, name).map_err(FormatError::new)?.into_whole();
        let (shape, whole) = whole.ok_or_else(|| format!("array {name}: a stage must be a text or a whole number"))?;
        (shape, whole.iter().map(i64::to_string).collect())
    };
    if shape.len() != 1 {
        return Err(format!("array {name} has the shape {shape:?}: stages are [samples]").into());
    }
    match stages.iter().position(String::is_empty) {
        Some(row) => Err(format!("array {name}, row {row} (from 0): a stage has a name").into()),
        None => Ok(stages),
    }
}

/// Numbers in single precision, `each` in a row.
///
/// # Errors
/// One is not finite.
pub(crate) fn singles(array: &Array, name: &str, each: usize) -> Result<Vec<f32>, String> {
    let all = array.real().into_iter().enumerate();
    all.map(|(at, value)| single(value).ok_or_else(|| not_finite(name, at, each, value))).collect()
}

/// That a number is not finite: the array if it has a name, the row and the column of the number.
pub(crate) fn not_finite(name: &str, at: usize, each: usize, value: f64) -> String {
    let array = if name.is_empty() { String::new() } else { format!("array {}, ", name.escape_debug()) };
    let each = each.max(1);
    let what = if value.is_finite() { "too large for single precision" } else { "not a finite number" };
    format!("{array}row {}, column {} (from 0): {value:?} is {what}", at / each, at % each)
}

#[cfg(test)]
mod tests {
    use super::super::arrays::parse;
    use super::*;

    fn whole(shape: &[usize], values: &[i64]) -> Array {
        Array::new(shape.to_vec(), Values::Whole(values.to_vec())).unwrap()
    }

    fn real(shape: &[usize], values: &[f64]) -> Array {
        Array::new(shape.to_vec(), Values::Real(values.to_vec())).unwrap()
    }

    /// Reads two samples of one value each, and these arrays.
    fn read(arrays: Vec<(&str, Array)>, options: &DataOptions) -> Result<Vec<Sample>, String> {
        let arrays = arrays.into_iter().chain([("x", whole(&[2, 1], &[5, 7]))]);
        let arrays: Vec<_> = arrays.map(|(name, array)| (name.to_owned(), array)).collect();
        parse(&npz::bytes(&arrays).unwrap(), options).map_err(|error| error.to_string())
    }

    #[test]
    fn the_type_says_whether_answers_are_classes_or_targets() {
        let known = |arrays| {
            let samples = read(arrays, &DataOptions::default()).unwrap();
            samples.into_iter().map(|sample| (sample.label, sample.targets)).collect::<Vec<_>>()
        };
        let classes = [(Some(3), vec![]), (Some(0), vec![])];
        for name in ["y", "targets", "labels"] {
            assert_eq!(known(vec![(name, whole(&[2], &[3, 0]))]), classes, "{name}");
        }
        assert_eq!(known(vec![("labels", real(&[2], &[3.0, 0.0]))]), classes);
        let targets = [(None, vec![3.0]), (None, vec![0.0])];
        for name in ["y", "targets"] {
            assert_eq!(known(vec![(name, real(&[2], &[3.0, 0.0]))]), targets, "{name}");
            assert_eq!(known(vec![(name, whole(&[2, 1], &[3, 0]))]), targets, "{name}");
        }
        let maps = read(vec![("y", whole(&[2, 1, 2], &[3, 0, 255, 1]))], &DataOptions::default()).unwrap();
        assert_eq!((&*maps[1].targets, &*maps[1].target_shape), (&[255.0, 1.0][..], &[1, 2][..]));
        let both = vec![("labels", whole(&[2], &[1, 2])), ("y", real(&[2, 2], &[0.1, -1.0, 2.0, 3e38]))];
        assert_eq!(known(both), [(Some(1), vec![0.1, -1.0]), (Some(2), vec![2.0, 3e38])]);
    }

    #[test]
    fn values_can_stay_real() {
        let samples = read(vec![], &DataOptions::default().reals(true)).unwrap();
        assert_eq!(samples, [Sample::reals("0", &[1], vec![5.0]), Sample::reals("1", &[1], vec![7.0])]);
        let npy = |value: f64| {
            let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}\n";
            let length = u16::try_from(text.len()).unwrap().to_le_bytes();
            let values = [0.5, value].map(f64::to_le_bytes).concat();
            [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &values].concat()
        };
        let reals = DataOptions::default().reals(true);
        assert_eq!(parse(&npy(-3.0), &reals).unwrap(), [Sample::reals("0", &[2], vec![0.5, -3.0])]);
        let said = |value, options: &DataOptions| parse(&npy(value), options).unwrap_err().message;
        assert_eq!(said(f64::INFINITY, &reals), "row 0, column 1 (from 0): inf is not a finite number");
        assert_eq!(said(1e300, &reals), "row 0, column 1 (from 0): 1e300 is too large for single precision");
        let single = said(1.0, &reals.stage_column("task"));
        assert_eq!(single, "it is a single array: give an .npz file with an array `task` for stages");
    }

    #[test]
    fn stages_are_an_array_of_their_own() {
        let options = DataOptions::default().stage_column("task");
        let samples = read(vec![("task", whole(&[2], &[10, -1])), ("y", whole(&[2], &[0, 1]))], &options).unwrap();
        let stages =
            |samples: &[Sample]| -> Vec<String> { samples.iter().filter_map(|own| own.stage.clone()).collect() };
        assert_eq!(stages(&samples), ["10", "-1"]);
        assert_eq!(samples[1].label, Some(1));
        // As numpy writes ["light", "heavy"].
        let file = include_bytes!("../../../tests/golden/field/stages.npz");
        let samples = parse(file, &options.stage_column("stage")).unwrap();
        assert_eq!(stages(&samples), ["light", "heavy", "heavy"]);
        assert_eq!((samples[2].label, &*samples[2].targets), (None, &[-0.5, 2.25][..]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |arrays| read(arrays, &DataOptions::default().stage_column("task")).unwrap_err();
        let targets = |values: &[f64]| vec![("y", real(&[2, 2], values))];
        let nan = "array y, row 1, column 0 (from 0): NaN is not a finite number";
        assert_eq!(said(targets(&[0.0, 1.0, f64::NAN, 2.0])), nan);
        let large = "array y, row 1, column 1 (from 0): -1e39 is too large for single precision";
        assert_eq!(said(targets(&[0.0, 1.0, 2.0, -1e39])), large);
        let shape = "array y has the shape [2, 0]: classes are [samples], targets [samples, k, ...]";
        assert_eq!(said(vec![("y", real(&[2, 0], &[]))]), shape);
        let both = "arrays targets and y both hold targets: leave one of them out";
        assert_eq!(said(vec![("y", real(&[2], &[1.0, 2.0])), ("targets", real(&[2], &[1.0, 2.0]))]), both);
        let both = "arrays labels and y both hold classes: leave one of them out";
        assert_eq!(said(vec![("y", whole(&[2], &[1, 2])), ("labels", whole(&[2], &[1, 2]))]), both);
        assert_eq!(said(vec![]), "it has no array `task` for stages; there are x");
        let stages = |array| said(vec![("task", array)]);
        assert_eq!(stages(real(&[2], &[1.0, 0.5])), "array task: a stage must be a text or a whole number");
        assert_eq!(stages(whole(&[1, 2], &[1, 0])), "array task has the shape [1, 2]: stages are [samples]");
        assert_eq!(stages(whole(&[3], &[1, 0, 2])), "3 stages for 2 samples");
        let rows = read(vec![("y", real(&[3, 1], &[1.0, 0.0, 2.0]))], &DataOptions::default()).unwrap_err();
        assert_eq!(rows, "3 rows of targets for 2 samples");
    }
}
