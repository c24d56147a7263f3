//! Figures of a run by their names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Named figures, in the order in which they are shown. Of two with one name the first counts.
///
/// ```
/// use loihi_task::Metrics;
///
/// let mut metrics = Metrics::from([("accuracy_test", 0.5)]);
/// metrics.push(format!("accuracy_stage_{}", 1), 0.25);
/// assert_eq!(metrics.first(), Some(("accuracy_test", 0.5)));
/// assert_eq!(metrics.to_string(), "accuracy_test 50.00 %, accuracy_stage_1 25.00 %");
/// assert_eq!((metrics.get("accuracy_stage_1"), metrics.get("rmse")), (Some(0.25), None));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(Cow<'static, str>, f64)>);

impl Metrics {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a figure.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.0.push((name.into(), value));
    }

    /// Adds figures that others have published; `NAME_published` where the run has a figure `NAME` itself.
    ///
    /// ```
    /// use loihi_task::Metrics;
    ///
    /// let mut metrics = Metrics::from([("rmse", 0.25)]);
    /// metrics.publish(&[("rmse".to_owned(), 0.5), ("rmse_nengo".to_owned(), 0.125)].into());
    /// assert_eq!(metrics.to_string(), "rmse 0.2500, rmse_published 0.5000, rmse_nengo 0.1250");
    /// ```
    pub fn publish(&mut self, published: &BTreeMap<String, f64>) {
        for (name, value) in published {
            let is_taken = self.get(name).is_some();
            self.push(if is_taken { format!("{name}_published") } else { name.clone() }, *value);
        }
    }

    /// The same with those of these names first, in the order of `names`.
    ///
    /// ```
    /// use loihi_task::Metrics;
    ///
    /// let metrics = Metrics::from([("early", 1.0), ("mean", 2.0), ("late", 3.0)]);
    /// let metrics = metrics.ordered(&["late".to_owned(), "early".to_owned()]);
    /// assert_eq!(metrics.to_string(), "late 3.0000, early 1.0000, mean 2.0000");
    /// ```
    #[must_use]
    pub fn ordered(self, names: &[String]) -> Self {
        let mut ordered = Self::new();
        for name in names {
            ordered.extend(self.get(name).map(|value| (name.clone(), value)));
        }
        ordered.extend(self.into_iter().filter(|(name, _)| !names.iter().any(|own| own == name)));
        ordered
    }

    /// All in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The first one.
    pub fn first(&self) -> Option<(&str, f64)> {
        self.iter().next()
    }

    /// The figure of a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (name, value)) in self.iter().enumerate() {
            let between = if number > 0 { ", " } else { "" };
            write!(f, "{between}{name} {}", figure(name, value))?;
        }
        Ok(())
    }
}

impl<N: Into<Cow<'static, str>>> Extend<(N, f64)> for Metrics {
    fn extend<I: IntoIterator<Item = (N, f64)>>(&mut self, figures: I) {
        self.0.extend(figures.into_iter().map(|(name, value)| (name.into(), value)));
    }
}

impl<N: Into<Cow<'static, str>>, const COUNT: usize> From<[(N, f64); COUNT]> for Metrics {
    fn from(figures: [(N, f64); COUNT]) -> Self {
        Self(figures.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl IntoIterator for Metrics {
    type Item = (Cow<'static, str>, f64);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Figures that count something.
const COUNTS: [&str; 6] = ["passes", "samples", "right", "labelled", "scores_compared", "scores_different"];

/// A figure as a person reads it: accuracies and rates in per cent.
pub fn figure(name: &str, value: f64) -> String {
    if name.contains("accuracy") || name.ends_with("rate") {
        format!("{:.2} %", 100.0 * value)
    } else if COUNTS.contains(&name) {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
    }
}
