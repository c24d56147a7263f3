//! Layers without neurons: what each element of their input adds to which element of their output.

use super::shape::{ShortRow, spread};
use loihi_files::npz::Array;
use loihi_net::network::{Conv2d, Pool2d, planes, size};
use loihi_nir::Node;
use loihi_nir::import::{Fidelity, NodeError};

/// A layer without neurons.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LinearLayer {
    /// The same elements in the same order.
    Same,
    /// `[outputs, inputs]`.
    Dense(Vec<f64>),
    /// A convolution; the geometry has no weights.
    Conv(Conv2d, Vec<f64>),
    /// A sum over windows, times a factor.
    Pool(Pool2d, f64),
    /// A factor an element.
    Scale(Vec<f64>),
    /// Steps of delay an element.
    Delay(Vec<u8>),
}

/// A layer with the shapes at both ends and what it adds by itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) layer: LinearLayer,
    pub(super) from: Vec<usize>,
    pub(super) to: Vec<usize>,
    /// One an output, or none.
    pub(super) bias: Vec<f64>,
    /// How it does something else than the node, if it does.
    pub(super) fidelity: Option<(Fidelity, String)>,
}

impl Linear {
    /// The layer of a node whose input has this shape.
    pub(super) fn new(name: &str, node: &Node, from: &[usize], dt: f64) -> Result<Self, NodeError> {
        let same = |layer: LinearLayer| Self {
            layer,
            from: from.to_vec(),
            to: from.to_vec(),
            bias: Vec::new(),
            fidelity: None,
        };
        match node.kind_name() {
            "Output" => Ok(same(LinearLayer::Same)),
            "Flatten" => Ok(Self { to: flattened(name, node, from)?, ..same(LinearLayer::Same) }),
            "Affine" | "Linear" => Self::dense(name, node, from),
            "Scale" => Ok(same(LinearLayer::Scale(each(name, node, "scale", from, ShortRow::Either)?))),
            "Delay" => {
                let values = each(name, node, "delay", from, ShortRow::Either)?;
                let wanted = values.iter().map(|delay| (delay / dt).round());
                let beyond = wanted.clone().find(|steps| !(0.0..=62.0).contains(steps));
                let error = values.iter().zip(wanted.clone()).map(|(delay, steps)| (delay / dt - steps).abs());
                let error = error.fold(0.0, f64::max);
                let rounded =
                    (error > 1e-3).then(|| (Fidelity::Approximate, format!("off by {error:.2} steps at most")));
                let fidelity = beyond.map_or(rounded, |steps| {
                    let what = format!("a delay of {steps} steps, but the chip has 0 to 62: held to them");
                    Some((Fidelity::Unsupported, what))
                });
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
                let steps = wanted.map(|steps| steps.clamp(0.0, 62.0) as u8).collect();
                Ok(Self { fidelity, ..same(LinearLayer::Delay(steps)) })
            }
            "SumPool2d" | "AvgPool2d" => Self::pool(name, node, from),
            "Conv1d" | "Conv2d" => Self::conv(name, node, from),
            _ => {
                let what = "unknown type of node: left out, its input is passed on".to_owned();
                Ok(Self { fidelity: Some((Fidelity::Unsupported, what)), ..same(LinearLayer::Same) })
            }
        }
    }

    fn dense(name: &str, node: &Node, from: &[usize]) -> Result<Self, NodeError> {
        let weight = node.arrays.get("weight");
        let shape = weight.map_or(&[][..], Array::shape);
        let sources = size(from);
        let &[outputs, inputs] = shape else {
            return Err(NodeError::at(name, format!("`weight` of shape {shape:?}: expected two extents")));
        };
        if inputs != sources || outputs == 0 {
            return Err(NodeError::at(
                name,
                format!("`weight` of shape {shape:?} does not fit its input of shape {from:?}"),
            ));
        }
        let bias = bias(name, node, &[outputs])?;
        let layer = LinearLayer::Dense(weight.map(Array::real).unwrap_or_default());
        Ok(Self { layer, from: from.to_vec(), to: vec![outputs], bias, fidelity: None })
    }

    fn pool(name: &str, node: &Node, from: &[usize]) -> Result<Self, NodeError> {
        let kernel = pair(name, node, "kernel_size", [1; 2])?;
        let stride = pair(name, node, "stride", kernel)?;
        let pool = Pool2d::new(kernel, 1).stride(stride).padding(pair(name, node, "padding", [0; 2])?);
        let to = planes(from).filter(|_| stride.iter().chain(&kernel).all(|step| *step > 0));
        let to = to.and_then(|from| pool.output_shape(from));
        let to =
            to.ok_or_else(|| NodeError::at(name, format!("windows of {kernel:?} do not fit an input of {from:?}")))?;
        #[expect(clippy::cast_precision_loss, reason = "windows are small")]
        let factor = if node.kind_name() == "AvgPool2d" { 1.0 / (kernel[0] * kernel[1]) as f64 } else { 1.0 };
        let layer = LinearLayer::Pool(pool, factor);
        Ok(Self { layer, from: from.to_vec(), to: to.to_vec(), bias: Vec::new(), fidelity: None })
    }

    fn conv(name: &str, node: &Node, from: &[usize]) -> Result<Self, NodeError> {
        let one = node.kind_name() == "Conv1d";
        let weight = node.arrays.get("weight");
        let shape = match *weight.map_or(&[][..], Array::shape) {
            [outputs, inputs, width] if one => [outputs, inputs, 1, width],
            [outputs, inputs, height, width] if !one => [outputs, inputs, height, width],
            ref other => {
                return Err(NodeError::at(
                    name,
                    format!("`weight` of shape {other:?}: invalid for a {}", node.kind_name()),
                ));
            }
        };
        let geometry = |field: &str, default| {
            let [a, b] = pair(name, node, field, [default; 2])?;
            Ok(if one { [default, b.max(a)] } else { [a, b] })
        };
        let (stride, dilation) = (geometry("stride", 1)?, geometry("dilation", 1)?);
        let weights = weight.map(Array::real).unwrap_or_default();
        let mut widened = (shape, weights);
        let padding = match node.words.get("padding").map(String::as_str) {
            None => geometry("padding", 0)?,
            Some("valid") => [0; 2],
            Some("same") => {
                for at in [2, 3] {
                    widened = odd(widened, at, dilation[at - 2]).map_err(|what| NodeError::at(name, what))?;
                }
                [0, 1].map(|at| dilation[at] * (widened.0[at + 2] - 1) / 2)
            }
            Some(other) => {
                return Err(NodeError::at(name, format!("a padding of `{other}`; there are numbers, same and valid")));
            }
        };
        let (shape, weights) = widened;
        let groups = pair(name, node, "groups", [1; 2])?[0];
        let conv = Conv2d::new(shape, Vec::new()).stride(stride).padding(padding).dilation(dilation).groups(groups);
        let plane = planes(from).filter(|[channels, ..]| {
            groups > 0
                && shape[1].checked_mul(groups) == Some(*channels)
                && shape[0] % groups == 0
                && stride[0] * stride[1] > 0
        });
        let to = plane.and_then(|plane| conv.output_shape(plane));
        let to = to.ok_or_else(|| {
            NodeError::at(
                name,
                format!("`weight` of shape {shape:?} in {groups} groups does not fit its input of shape {from:?}"),
            )
        })?;
        let to = if one { vec![to[0], to[2]] } else { to.to_vec() };
        let bias = bias(name, node, &to)?;
        let layer = LinearLayer::Conv(conv, weights);
        Ok(Self { layer, from: from.to_vec(), to, bias, fidelity: None })
    }

    /// Hands output, weight and delay of what an input element reaches to `visit`.
    pub(super) fn visit(&self, source: usize, mut visit: impl FnMut(usize, f64, u8)) {
        let at = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(0.0);
        match &self.layer {
            LinearLayer::Same => visit(source, 1.0, 0),
            LinearLayer::Dense(weights) => {
                let column = weights.iter().skip(source).step_by(size(&self.from).max(1));
                column.enumerate().for_each(|(output, weight)| visit(output, *weight, 0));
            }
            LinearLayer::Conv(conv, weights) => {
                if let (Some(from), Some(to)) = (planes(&self.from), planes(&self.to)) {
                    conv.places(from, to, source, |output, place| visit(output, at(weights, place), 0));
                }
            }
            LinearLayer::Pool(pool, factor) => {
                if let (Some(from), Some(to)) = (planes(&self.from), planes(&self.to)) {
                    pool.visit(from, to, source, |output, _| visit(output, *factor, 0));
                }
            }
            LinearLayer::Scale(factors) => visit(source, at(factors, source), 0),
            LinearLayer::Delay(steps) => visit(source, 1.0, steps.get(source).copied().unwrap_or(0)),
        }
    }

    /// What it makes of constant input; empty stands for zeros.
    pub(super) fn constant(&self, input: &[f64]) -> Vec<f64> {
        let mut output = if self.bias.is_empty() { vec![0.0; size(&self.to)] } else { self.bias.clone() };
        for (source, value) in input.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            self.visit(source, |at, weight, _| {
                if let Some(output) = output.get_mut(at) {
                    *output += weight * value;
                }
            });
        }
        output
    }
}

/// The shape that a `Flatten` gives: extents from `start_dim` to `end_dim` as one, those of `input_type` counting.
fn flattened(name: &str, node: &Node, from: &[usize]) -> Result<Vec<usize>, NodeError> {
    let number = |field: &str, default: i64| match node.arrays.get(field) {
        None => Ok(default),
        Some(array) => match array.whole().as_deref() {
            Some(&[number]) => Ok(number),
            _ => Err(NodeError::at(name, format!("`{field}` is not a single whole number"))),
        },
    };
    // Extents of 1 that stand for a batch were left out of `from`.
    let own = node.arrays.get("input_type").map_or(from.len(), |shape| size(shape.shape()).max(from.len()));
    let (own, left_out) = (i64::try_from(own).unwrap_or(i64::MAX), own - from.len());
    let place = |at: i64| {
        let at = if at < 0 { at + own } else { at };
        usize::try_from(at).ok().filter(|at| *at < from.len() + left_out).map(|at| at.saturating_sub(left_out))
    };
    let (start, end) = (number("start_dim", 1)?, number("end_dim", -1)?);
    match (place(start), place(end)) {
        (Some(first), Some(last)) if first <= last => {
            let (before, after) = (&from[..first], &from[last + 1..]);
            Ok([before, &[size(&from[first..=last])], after].concat())
        }
        // A row has nothing to join, wherever it should begin.
        _ if from.len() == 1 => Ok(from.to_vec()),
        _ => Err(NodeError::at(name, format!("extents {start} to {end} are outside {from:?}"))),
    }
}

/// A kernel that has as many elements before its middle as after it along an extent, with the same sums: one of even size,
/// whose padding of `same` has one element more at the end, gets zeros at its start.
fn odd(kernel: ([usize; 4], Vec<f64>), extent: usize, dilation: usize) -> Result<([usize; 4], Vec<f64>), String> {
    let (shape, weights) = kernel;
    let own = shape[extent];
    if own == 0 {
        return Err(format!("`weight` of shape {shape:?} has no elements"));
    }
    if own % 2 == 1 || dilation.is_multiple_of(2) {
        return Ok((shape, weights));
    }
    if dilation > 1 {
        return Err(format!(
            "a padding of `same` for a kernel of {own} with a dilation of {dilation}: say the numbers"
        ));
    }
    let mut larger = shape;
    larger[extent] += 1;
    let run: usize = shape[extent + 1..].iter().product();
    let zeros = vec![0.0; run];
    let rows = weights.chunks(own * run).flat_map(|row| zeros.iter().chain(row).copied());
    Ok((larger, rows.collect()))
}

/// A parameter with a value for each element of a shape.
fn each(name: &str, node: &Node, field: &str, shape: &[usize], row: ShortRow) -> Result<Vec<f64>, NodeError> {
    let array = node.arrays.get(field).ok_or_else(|| NodeError::at(name, format!("`{field}` is missing")))?;
    spread(array, shape, row).map_err(|what| NodeError::at(name, format!("`{field}` {what}")))
}

fn bias(name: &str, node: &Node, to: &[usize]) -> Result<Vec<f64>, NodeError> {
    if node.arrays.contains_key("bias") { each(name, node, "bias", to, ShortRow::Channels) } else { Ok(Vec::new()) }
}

/// Vertical and horizontal, or one number for both.
fn pair(name: &str, node: &Node, field: &str, default: [usize; 2]) -> Result<[usize; 2], NodeError> {
    let Some(array) = node.arrays.get(field) else { return Ok(default) };
    let small = |value: &i64| usize::try_from(*value).ok().filter(|value| *value <= 1 << 16);
    let values: Option<Vec<usize>> = array.whole().and_then(|values| values.iter().map(small).collect());
    match values.as_deref() {
        Some([both]) => Ok([*both; 2]),
        Some([vertical, horizontal]) => Ok([*vertical, *horizontal]),
        _ => Err(NodeError::at(name, format!("`{field}` is not two numbers from 0 to 65,536"))),
    }
}
