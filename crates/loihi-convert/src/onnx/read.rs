//! From a file to a network of rectified units, node after node.

use super::attributes::Operator;
use super::graph::Graph;
use super::message::{Model, PRODUCER, ValueInfo};
use super::operators::apply;
use super::signal::Value;
use super::tensor::Constant;
use crate::ann::Ann;
use crate::error::{ConvertError, GraphError};
use loihi_files::whole;
use prost::Message as _;
use std::collections::BTreeSet;
use std::path::Path;

/// The network of a file; its name is that of the file, unless this trainer wrote it and gave it another.
///
/// # Errors
/// [`ConvertError::Read`], [`ConvertError::Graph`].
pub fn read_file(path: &Path) -> Result<Ann, ConvertError> {
    let bytes = whole::bytes(path).map_err(|source| ConvertError::Read { path: path.to_owned(), source })?;
    let name = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    read(&bytes, &name).map_err(|source| ConvertError::Graph { path: path.to_owned(), source })
}

/// The network of bytes; `name` is for files of other writers.
///
/// # Errors
/// [`GraphError`] names the first node that cannot be converted.
pub fn read(bytes: &[u8], name: &str) -> Result<Ann, GraphError> {
    let model =
        Model::decode(bytes).map_err(|_| GraphError::whole("it is not an ONNX file, or only the beginning of one"))?;
    let graph = model.graph.ok_or_else(|| GraphError::whole("it is not an ONNX file: it has no graph"))?;
    // Other writers name all of their graphs alike.
    let has_own = model.producer_name == PRODUCER && !graph.name.is_empty();
    let name = if has_own { graph.name.clone() } else { name.to_owned() };
    let mut under_way = Graph::new();
    let mut constants = BTreeSet::new();
    for tensor in graph.initializer {
        let name = tensor.name.clone();
        let constant = Constant::of(tensor)
            .map_err(|what| GraphError::whole(format!("the initializer `{}`: {what}", name.escape_debug())))?;
        constants.insert(name.clone());
        under_way.name_value(name, Value::Constant(constant));
    }
    let inputs: Vec<&ValueInfo> = graph.input.iter().filter(|input| !constants.contains(&input.name)).collect();
    let [input] = *inputs else {
        return Err(GraphError::whole(format!("it has {} inputs: one can be converted", inputs.len())));
    };
    under_way.begin(input)?;
    for node in &graph.node {
        let operator = Operator::new(node);
        if !matches!(&*node.domain, "" | "ai.onnx") {
            return Err(operator.error(format!("the operators of `{}` are not supported", node.domain.escape_debug())));
        }
        let value = apply(&mut under_way, &operator)?;
        if let Some(output) = node.output.first() {
            under_way.name_value(output.clone(), value);
        }
    }
    let [output] = &*graph.output else {
        return Err(GraphError::whole(format!("it has {} outputs: one can be converted", graph.output.len())));
    };
    under_way.end(&output.name, &name)
}
