//! Parameters of a node.

use super::message::{Attribute, Node};
use crate::error::GraphError;

/// A node with its name for errors.
pub(super) struct Operator<'n> {
    pub(super) node: &'n Node,
    /// Its name, that of its first output if it has none.
    pub(super) name: &'n str,
}

impl<'n> Operator<'n> {
    pub(super) fn new(node: &'n Node) -> Self {
        let output = node.output.first().map_or("", String::as_str);
        Self { node, name: if node.name.is_empty() { output } else { &node.name } }
    }

    /// The operator.
    pub(super) fn kind(&self) -> &str {
        &self.node.op_type
    }

    /// Something wrong with the node.
    pub(super) fn error(&self, what: impl Into<String>) -> GraphError {
        GraphError::at(self.kind(), self.name, what)
    }

    fn attribute(&self, name: &str) -> Option<&'n Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number.
    pub(super) fn whole(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    /// A number.
    pub(super) fn real(&self, name: &str, default: f32) -> Result<f32, GraphError> {
        let value = self.attribute(name).map_or(default, |attribute| attribute.f);
        if value.is_finite() { Ok(value) } else { Err(self.error(format!("`{name}` is not finite"))) }
    }

    /// Whether a parameter is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> &'n [u8] {
        self.attribute(name).map_or(&[], |attribute| &attribute.s)
    }

    /// The array of a node `Constant`.
    pub(super) fn tensor(&self) -> Option<&'n super::message::Tensor> {
        self.attribute("value").and_then(|attribute| attribute.t.as_ref())
    }

    /// As many sizes as there are extents, each at least `least` and at most 4,096.
    pub(super) fn sizes(
        &self,
        name: &str,
        count: usize,
        default: usize,
        least: usize,
    ) -> Result<Vec<usize>, GraphError> {
        let Some(attribute) = self.attribute(name) else { return Ok(vec![default; count]) };
        let sizes: Option<Vec<usize>> = attribute.ints.iter().map(|size| usize::try_from(*size).ok()).collect();
        let sizes =
            sizes.filter(|sizes| sizes.len() == count && sizes.iter().all(|size| (least..=4096).contains(size)));
        sizes.ok_or_else(|| {
            self.error(format!("`{name}` is {:?}: expected {count} sizes of {least} to 4096", attribute.ints))
        })
    }
}
