//! Names that a network file gives to figures and columns: what they are made of, and that no two are the same.

use std::collections::BTreeSet;

/// Names that there are.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// With those that a run has itself.
    pub fn of_run(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Adds a name.
    ///
    /// # Errors
    /// It is [not valid](valid), or is there already.
    ///
    /// ```
    /// use loihi_task::names::Names;
    ///
    /// let mut names = Names::of_run(&["accuracy"]);
    /// assert_eq!(names.add("weight"), Ok(()));
    /// assert_eq!(names.add("weight").unwrap_err(), "the name `weight` is taken: choose another");
    /// assert_eq!(names.add("accuracy").unwrap_err(), "the name `accuracy` is taken: choose another");
    /// assert!(names.add("a,b").is_err());
    /// ```
    pub fn add(&mut self, name: &str) -> Result<(), String> {
        valid(name)?;
        if self.0.insert(name.to_owned()) { Ok(()) } else { Err(format!("the name `{name}` is taken: choose another")) }
    }
}

/// Whether a name can stand in any file: it has letters, digits, `_`, `-` and spaces, and neither begins nor ends with a space.
///
/// # Errors
/// It cannot.
pub fn valid(name: &str) -> Result<(), String> {
    let fits = |own: char| own.is_alphanumeric() || matches!(own, '_' | '-' | ' ');
    if !name.is_empty() && name.trim() == name && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("invalid name \"{}\": use letters, digits, `_`, `-` and spaces between them", name.escape_debug()))
}
