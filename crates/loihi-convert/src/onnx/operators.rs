//! What each operator does to what it takes.

use super::attributes::Operator;
use super::graph::{Graph, fits};
use super::signal::{Kind, PARTS_MAX, Part, Signal, Sum, Value};
use super::tensor::{Constant, Numbers};
use super::windows::geometry;
use crate::ann::{Activation, Map, Way, channels};
use crate::error::GraphError;
use loihi_net::network::{Conv2d, Pool2d, size};

/// What a node gives.
pub(super) fn apply(graph: &mut Graph, operator: &Operator<'_>) -> Result<Value, GraphError> {
    let signal = match operator.kind() {
        "Constant" => {
            let tensor = operator.tensor().ok_or_else(|| operator.error("it has no array in `value`"))?;
            return Ok(Value::Constant(Constant::of(tensor.clone()).map_err(|what| operator.error(what))?));
        }
        "Identity" | "Dropout" => return graph.take(operator, 0),
        "Softmax" | "LogSoftmax" => Signal { ends: true, ..graph.signal(operator, 0)? },
        "Flatten" => flatten(graph, operator)?,
        "Reshape" => reshape(graph, operator)?,
        "Relu" => graph.rectified(operator, Activation::Relu)?,
        "Clip" => clip(graph, operator)?,
        "Conv" => convolution(graph, operator)?,
        "Gemm" => gemm(graph, operator)?,
        "MatMul" => product(graph, operator)?,
        "Add" => add(graph, operator)?,
        "BatchNormalization" => normalise(graph, operator)?,
        "AveragePool" | "GlobalAveragePool" => pool(graph, operator)?,
        "Concat" => concat(graph, operator)?,
        "MaxPool" | "GlobalMaxPool" => {
            return Err(operator.error("maxima of rates cannot be expressed by spikes: train with average pools"));
        }
        _ => {
            return Err(operator.error(
                "the operator is not supported; Conv, Gemm, MatMul, Add, Relu, Clip, AveragePool, GlobalAveragePool, \
                 BatchNormalization, Concat, Flatten and Reshape are",
            ));
        }
    };
    Ok(Value::Signal(signal))
}

fn flatten(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    if operator.whole("axis", 1) != 1 {
        return Err(operator.error("`axis` is not 1: only samples can stay apart"));
    }
    let signal = graph.signal(operator, 0)?;
    let elements = size(&signal.shape);
    reshaped(operator, signal, vec![elements])
}

fn reshape(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let signal = graph.signal(operator, 0)?;
    let asked = graph.constant(operator, 1)?;
    let Numbers::Whole(asked) = &asked.numbers else {
        return Err(operator.error("its shape is not of whole numbers"));
    };
    let elements = size(&signal.shape);
    let rest = asked.get(1..).unwrap_or_default();
    if rest.is_empty() || rest.len() > 3 {
        return Err(operator.error(format!("a shape of {} extents: expected samples and 1 to 3 more", asked.len())));
    }
    // 0 keeps an extent, -1 takes what is left.
    let known = |(at, extent): (usize, &i64)| match *extent {
        0 => signal.shape.get(at).copied(),
        extent => usize::try_from(extent).ok(),
    };
    let mut product = rest.iter().enumerate().filter(|(_, extent)| **extent != -1).map(known);
    let product = product.try_fold(1_usize, |product, extent| Some(product.saturating_mul(extent?)));
    let left = product.filter(|product| *product > 0).map(|product| elements / product);
    let shape: Option<Vec<usize>> =
        rest.iter().enumerate().map(|own| if *own.1 == -1 { left } else { known(own) }).collect();
    let shape = shape.filter(|shape| size(shape) == elements);
    let shape = shape.ok_or_else(|| operator.error(format!("{elements} elements do not take the shape {asked:?}")))?;
    reshaped(operator, signal, shape)
}

/// The same elements in the same order.
fn reshaped(operator: &Operator<'_>, signal: Signal, shape: Vec<usize>) -> Result<Signal, GraphError> {
    if shape == signal.shape {
        return Ok(signal);
    }
    let kind = match signal.kind {
        Kind::Parts(parts) if shape.len() == 1 => Kind::Parts(parts.iter().map(Part::flat).collect()),
        Kind::Parts(parts) => match &*parts {
            [part] => Kind::Parts(vec![Part { from: part.from, shape: shape.clone() }]),
            _ => return Err(operator.error("layers side by side can be flattened, and not brought to another shape")),
        },
        Kind::Sum(sum) => Kind::Sum(sum),
    };
    Ok(Signal { shape, kind, ..signal })
}

fn clip(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let bound = |graph: &mut Graph, at: usize, name: &str, default: f32| -> Result<f32, GraphError> {
        if operator.has(name) {
            return operator.real(name, default);
        }
        if operator.node.input.get(at).is_none_or(String::is_empty) {
            return Ok(default);
        }
        let found = graph.constant(operator, at)?;
        let value = found.reals().and_then(|values| values.first().copied());
        value.ok_or_else(|| operator.error(format!("its {name} is not a number")))
    };
    let [least, most] = [bound(graph, 1, "min", f32::NEG_INFINITY)?, bound(graph, 2, "max", f32::INFINITY)?];
    if least != 0.0 || most <= 0.0 {
        return Err(operator
            .error(format!("it clips to {least} to {most}: the lower bound must be 0 and the upper one positive")));
    }
    graph.rectified(operator, if most.is_finite() { Activation::Clip(most) } else { Activation::Relu })
}

fn convolution(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let (shape, parts) = graph.parts(operator, 0)?;
    let weights = graph.weights(operator, 1)?;
    let groups = usize::try_from(operator.whole("group", 1)).unwrap_or(0);
    let ([outputs, inputs, kernel @ ..], [channels, planes @ ..]) = (&*weights.dims, &*shape) else {
        return Err(operator.error("its weights have too few extents"));
    };
    let fits = groups > 0
        && outputs.is_multiple_of(groups)
        && inputs.checked_mul(groups) == Some(*channels)
        && !kernel.contains(&0)
        && kernel.iter().all(|extent| *extent <= 4096);
    if !fits || *outputs == 0 {
        return Err(operator
            .error(format!("weights of shape {:?} in {groups} groups do not fit {channels} channels", weights.dims)));
    }
    if parts.len() > 1 && groups > 1 {
        return Err(operator.error("groups over layers side by side cannot be expressed"));
    }
    let windows = geometry(operator, planes, kernel)?;
    let taps: usize = kernel.iter().product();
    let values = weights.reals().unwrap_or_default();
    let (mut ways, mut first) = (Vec::new(), 0);
    for part in &parts {
        let own = part.shape.first().copied().unwrap_or(0) / groups;
        // Rows of the weights are `[inputs, taps]`: this part's inputs of each.
        let rows = values.chunks((inputs * taps).max(1));
        let own_weights = rows.flat_map(|row| &row[first * taps..(first + own) * taps]).copied().collect();
        let geometry = Conv2d::new([*outputs, own, windows.kernel[0], windows.kernel[1]], Vec::new());
        let geometry = geometry.stride(windows.stride).padding(windows.padding).dilation(windows.dilation);
        let map = Map::Conv(geometry.groups(groups), own_weights);
        ways.push(Way { from: part.from, from_shape: part.shape.clone(), map });
        first += own;
    }
    let to = [&[*outputs][..], &windows.to[2 - planes.len()..]].concat();
    let bias = optional_bias(graph, operator, 2, *outputs)?;
    Graph::sum(operator, to, ways, bias)
}

/// A bias a channel that may be left out.
fn optional_bias(
    graph: &mut Graph,
    operator: &Operator<'_>,
    at: usize,
    outputs: usize,
) -> Result<Vec<f32>, GraphError> {
    if operator.node.input.get(at).is_none_or(String::is_empty) {
        return Ok(Vec::new());
    }
    let found = graph.constant(operator, at)?;
    let values = found.reals().filter(|values| values.len() == outputs || values.len() == 1);
    let values = values
        .ok_or_else(|| operator.error(format!("a bias of shape {:?} does not fit {outputs} outputs", found.dims)))?;
    Ok(if values.len() == outputs { values.to_vec() } else { vec![values[0]; outputs] })
}

fn gemm(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    if operator.whole("transA", 0) != 0 {
        return Err(operator.error("`transA` would turn samples"));
    }
    let [alpha, beta] = [operator.real("alpha", 1.0)?, operator.real("beta", 1.0)?];
    let turned = operator.whole("transB", 0) != 0;
    let mut signal = dense(graph, operator, turned)?;
    if let Kind::Sum(sum) = &mut signal.kind {
        let outputs = size(&sum.shape);
        sum.multiply(&vec![alpha; outputs]);
        let bias = optional_bias(graph, operator, 2, outputs)?;
        if !bias.is_empty() {
            sum.add(&bias.iter().map(|bias| bias * beta).collect::<Vec<f32>>());
        }
    }
    Ok(signal)
}

fn product(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    dense(graph, operator, false)
}

/// All to all, by weights `[sources, neurons]`, or turned.
fn dense(graph: &mut Graph, operator: &Operator<'_>, turned: bool) -> Result<Signal, GraphError> {
    let (shape, parts) = graph.parts(operator, 0)?;
    let weights = graph.weights(operator, 1)?;
    let sources = size(&shape);
    let neurons = match (&*weights.dims, turned) {
        ([rows, columns], false) if *rows == sources => *columns,
        ([rows, columns], true) if *columns == sources => *rows,
        _ => 0,
    };
    if shape.len() != 1 || neurons == 0 {
        let turned = if turned { ", turned," } else { "" };
        let what = format!("weights of shape {:?}{turned} do not fit what it takes, {shape:?}", weights.dims);
        return Err(operator.error(what));
    }
    let values = weights.reals().unwrap_or_default();
    let (mut ways, mut first) = (Vec::new(), 0);
    for part in &parts {
        let own = first..first + size(&part.shape);
        first = own.end;
        let own = if turned {
            own.flat_map(|source| values.iter().skip(source).step_by(sources)).copied().collect()
        } else {
            values[own.start * neurons..own.end * neurons].to_vec()
        };
        ways.push(Way { from: part.from, from_shape: vec![size(&part.shape)], map: Map::Dense(own) });
    }
    Graph::sum(operator, vec![neurons], ways, Vec::new())
}

fn add(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let constant = (0..2).find(|at| graph.is_constant(operator, *at));
    let Some(at) = constant else {
        let (left, right) = (graph.signal(operator, 0)?, graph.signal(operator, 1)?);
        if left.shape != right.shape {
            let what = format!("branches of shapes {:?} and {:?} do not meet", left.shape, right.shape);
            return Err(operator.error(what));
        }
        let shape = left.shape.clone();
        let [mut left, right] = [Graph::as_sum(operator, left)?, Graph::as_sum(operator, right)?];
        if left.shape != right.shape {
            return Err(operator.error("branches that were flattened at different places do not meet"));
        }
        left.ways.extend(right.ways);
        if !right.bias.is_empty() {
            left.add(&right.bias);
        }
        return Ok(Signal { shape, kind: Kind::Sum(left), ends: false });
    };
    let signal = graph.signal(operator, 1 - at)?;
    let constant = graph.constant(operator, at)?;
    let values = constant.reals().ok_or_else(|| operator.error("what it adds are not real numbers"))?;
    let shape = signal.shape.clone();
    let mut sum = Graph::as_sum(operator, signal)?;
    let outputs = channels(&sum.shape)[0];
    // Channels are the last extent of rows, and stand before rows and columns of planes.
    let along = constant.dims.len().checked_sub(sum.shape.len()).and_then(|at| constant.dims.get(at));
    if !(values.len() == 1 || values.len() == outputs && along == Some(&outputs) && shape == sum.shape) {
        let what = format!(
            "it adds an array of shape {:?}: expected one number for each of {outputs} channels",
            constant.dims
        );
        return Err(operator.error(what));
    }
    sum.add(values);
    Ok(Signal { shape, kind: Kind::Sum(sum), ends: false })
}

fn normalise(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let signal = graph.signal(operator, 0)?;
    let shape = signal.shape.clone();
    let mut sum = Graph::as_sum(operator, signal)?;
    let outputs = channels(&shape)[0];
    let mut four = Vec::new();
    for at in 1..5 {
        let found = graph.constant(operator, at)?;
        let values = found.reals().filter(|values| values.len() == outputs && shape == sum.shape);
        let what = || operator.error(format!("an array of shape {:?} does not fit {outputs} channels", found.dims));
        four.push(values.ok_or_else(what)?.to_vec());
    }
    let epsilon = operator.real("epsilon", 1e-5)?;
    let [scale, bias, mean, variance] = [&four[0], &four[1], &four[2], &four[3]];
    let factors: Vec<f32> = scale.iter().zip(variance).map(|(scale, own)| scale / (own + epsilon).sqrt()).collect();
    if factors.iter().any(|factor| !factor.is_finite()) {
        return Err(operator.error("a variance is below 0"));
    }
    sum.multiply(&factors);
    let rest = bias.iter().zip(mean).zip(&factors).map(|((bias, mean), factor)| bias - mean * factor);
    sum.add(&rest.collect::<Vec<f32>>());
    Ok(Signal { shape, kind: Kind::Sum(sum), ends: false })
}

fn pool(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let (shape, parts) = graph.parts(operator, 0)?;
    let [_, planes @ ..] = &*shape else { return Err(operator.error("it takes planes")) };
    let global = operator.kind() == "GlobalAveragePool";
    let kernel = if global { planes.to_vec() } else { operator.sizes("kernel_shape", planes.len(), 0, 1)? };
    let windows = geometry(operator, planes, &kernel)?;
    if windows.pads && operator.whole("count_include_pad", 0) == 0 {
        return Err(operator.error("means at the edges are of fewer elements: set `count_include_pad`, or no padding"));
    }
    if windows.dilation != [1, 1] {
        return Err(operator.error("`dilations` of pools cannot be expressed"));
    }
    let mut geometry = Pool2d::new(windows.kernel, 0).stride(windows.stride);
    geometry.padding = windows.padding;
    let symmetric = |part: &Part| {
        let from = loihi_net::network::planes(&part.shape)?;
        geometry.output_shape(from).filter(|to| to[1..] == windows.to)
    };
    #[expect(clippy::cast_precision_loss, reason = "windows are small")]
    let mean = 1.0 / (windows.kernel[0] * windows.kernel[1]) as f32;
    let mut pooled = Vec::new();
    for part in parts {
        if symmetric(&part).is_none() {
            return Err(operator.error("its padding differs between the two sides"));
        }
        let to = [&part.shape[..1], &windows.to[2 - planes.len()..]].concat();
        let way = Way { from: part.from, from_shape: part.shape, map: Map::Pool(geometry, mean) };
        let sum = Sum { name: operator.name.to_owned(), shape: to.clone(), ways: vec![way], bias: Vec::new() };
        pooled.push(Part { from: graph.layer(operator, sum, Activation::Relu)?, shape: to });
    }
    let to = [&shape[..1], &windows.to[2 - planes.len()..]].concat();
    Ok(Signal { shape: to, kind: Kind::Parts(pooled), ends: false })
}

fn concat(graph: &mut Graph, operator: &Operator<'_>) -> Result<Signal, GraphError> {
    let (mut shape, mut all) = (Vec::<usize>::new(), Vec::new());
    for at in 0..operator.node.input.len() {
        let (own, parts) = graph.parts(operator, at)?;
        let axis = operator.whole("axis", 1);
        if axis != 1 && !(own.len() == 1 && axis == -1) {
            return Err(operator.error(format!("`axis` is {axis}: channels are along 1")));
        }
        if shape.is_empty() {
            shape = own;
        } else if shape[1..] == own[1..] {
            shape[0] += own[0];
        } else {
            return Err(operator.error(format!("shapes {shape:?} and {own:?} do not meet")));
        }
        all.extend(parts);
        if all.len() > PARTS_MAX {
            return Err(operator.error(format!("more than {PARTS_MAX} layers side by side")));
        }
    }
    if all.is_empty() {
        return Err(operator.error("it takes nothing"));
    }
    fits(operator, &shape)?;
    Ok(Signal { shape, kind: Kind::Parts(all), ends: false })
}
