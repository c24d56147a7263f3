//! What a file of many samples says of all of them.

use super::scale::Scale;
use loihi_files::plural::plural;
use std::fmt;

/// What a file of many samples says of all of them; formats whose samples are bytes or events say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Legend {
    /// Which columns of a table are what; arrays have no columns.
    pub columns: Option<Headings>,
    /// How numbers became values of 0 to 255, by which other files can be read ([`DataOptions::scale`](super::DataOptions::scale));
    /// nothing where they stay real numbers.
    pub scale: Option<Scale>,
    /// How numbers do not suit the scale that they were read by, in words for a warning, if they do not.
    pub misfit: Option<String>,
}

impl Legend {
    /// Without columns, with this scale.
    pub(crate) const fn of_scale(scale: Scale, misfit: Option<String>) -> Self {
        Self { columns: None, scale: Some(scale), misfit }
    }

    /// The columns in brackets, for a message that has said how many values there are; nothing without columns.
    pub fn aside(&self) -> String {
        self.columns.as_ref().map_or_else(String::new, |headings| format!(" ({})", headings.said()))
    }
}

/// Which columns of a table are values, and which are classes, targets and stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headings {
    /// Number of columns that are values.
    pub values: usize,
    /// Their names, if the table has names: `` `a` to `d` ``.
    pub names: Option<String>,
    /// What the others are: `` `label` is the class ``.
    pub others: Vec<String>,
}

impl Headings {
    /// All but the number of values.
    fn said(&self) -> String {
        let parts: Vec<&str> = self.names.iter().chain(&self.others).map(String::as_str).collect();
        parts.join("; ")
    }
}

/// In words: `` 4 values, `a` to `d`; `label` is the class ``.
impl fmt::Display for Headings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = if self.names.is_some() { ", " } else { "; " };
        write!(f, "{}{join}{}", plural(self.values, "value"), self.said())
    }
}
