//! What a file of many samples says of all of them.

use super::scale::Scale;

/// What a file of many samples says of all of them; formats whose samples are bytes or events say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Legend {
    /// Which columns of a table are values, classes, targets and stages, in words; arrays have no columns.
    pub columns: Option<String>,
    /// How numbers became values of 0 to 255, by which other files can be read ([`DataOptions::scale`](super::DataOptions::scale));
    /// nothing where they stay real numbers.
    pub scale: Option<Scale>,
    /// How numbers do not suit the scale that they were read by, in words for a warning, if they do not.
    pub misfit: Option<String>,
}

impl Legend {
    /// Of samples without columns, scaled so.
    pub(crate) const fn of_scale(scale: Scale, misfit: Option<String>) -> Self {
        Self { columns: None, scale: Some(scale), misfit }
    }

    /// The columns in brackets, for a message that has said how many values there are; nothing without columns.
    pub fn aside(&self) -> String {
        let Some(columns) = &self.columns else { return String::new() };
        let of_values = columns.split_once(" value").map_or(&**columns, |(_, others)| others);
        match of_values.trim_start_matches(['s', ',', ';', ' ']) {
            "" => String::new(),
            columns => format!(" ({columns})"),
        }
    }
}
