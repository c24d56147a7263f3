//! A kind of program: how its table is read, and what it adds to an image.

use super::keys::Keys;
use super::layout::Layout;
use loihi_net::network::{Learning, SectionError};
use std::fmt;

/// A program of a network, read from its table.
pub trait Program: fmt::Debug {
    /// Connections whose weights it writes, by their places in the network's list, and how their synapses are to be stored.
    fn learns(&self) -> Vec<(usize, Learning)> {
        Vec::new()
    }

    /// Connections whose rules read a third factor that it writes, by their places in the network's list.
    fn third_factors(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Populations whose biases it writes, by their places in the network's list.
    fn biased(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Inputs whose values it takes as they are, by their places in the network's list: they send no spikes.
    fn values(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Adds it to the image; `table` is its place among the network's tables.
    ///
    /// # Errors
    /// What is in the way, and what to do.
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String>;
}

/// A program that is read from a table.
pub trait SnipForm: Program + Sized + 'static {
    /// Its `kind` in network files.
    const NAME: &'static str;
    /// What it does, in a line.
    const ABOUT: &'static str;
    /// A table with all its keys, each with its default if it has one, and what it means.
    const EXAMPLE: &'static str;

    /// Takes its keys.
    ///
    /// # Errors
    /// [`SectionError`] at the offending key.
    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError>;
}

/// A kind of program.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SnipKind {
    /// Its `kind` in network files.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    pub(super) read: fn(&mut Keys<'_>) -> Result<Box<dyn Program>, SectionError>,
    pub(super) example: fn() -> String,
}

impl SnipKind {
    /// The kind of a form.
    pub const fn of<F: SnipForm>() -> Self {
        Self {
            name: F::NAME,
            about: F::ABOUT,
            read: |keys| Ok(Box::new(F::read(keys)?)),
            example: || F::EXAMPLE.to_owned(),
        }
    }

    /// A table of a network file with all its keys, each with its default if it has one, and what it means.
    ///
    /// ```
    /// let kind = loihi_snip::kind_of(loihi_snip::KINDS, "replay-buffer").ok_or("no such kind")?;
    /// assert!(kind.example().starts_with("[[snip]]\nkind = \"replay-buffer\"\nslots = "));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn example(&self) -> String {
        (self.example)()
    }
}

/// Kinds of one name are taken for the same.
impl PartialEq for SnipKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SnipKind {}

impl fmt::Debug for SnipKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The kind of a name.
pub fn kind_of<'k>(kinds: &'k [SnipKind], name: &str) -> Option<&'k SnipKind> {
    kinds.iter().find(|kind| kind.name == name)
}
