//! Layers without neurons: what each element of their input adds to which element of their output.

use super::shape::{ShortRow, spread, valid};
use loihi_files::npz::Array;
use loihi_net::network::{Conv2d, Pool2d, planes, size};
use loihi_nir::import::{Fidelity, NodeError};
use loihi_nir::{NirNode, Padding};

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
    pub(super) fn new(name: &str, node: &NirNode, from: &[usize], dt: f64) -> Result<Self, NodeError> {
        let same = |layer: LinearLayer| Self {
            layer,
            from: from.to_vec(),
            to: from.to_vec(),
            bias: Vec::new(),
            fidelity: None,
        };
        match node {
            NirNode::Output { .. } => Ok(same(LinearLayer::Same)),
            NirNode::Flatten { input_type, start_dim, end_dim } => {
                let own = input_type.as_ref().map(|shape| size(shape.shape()));
                let to = flattened(name, own, [start_dim.unwrap_or(1), end_dim.unwrap_or(-1)], from)?;
                Ok(Self { to, ..same(LinearLayer::Same) })
            }
            NirNode::Affine { weight, bias } => Self::dense(name, weight, Some(bias), from),
            NirNode::Linear { weight } => Self::dense(name, weight, None, from),
            NirNode::Scale { scale } => {
                Ok(same(LinearLayer::Scale(each(name, "scale", scale, from, ShortRow::Either)?)))
            }
            NirNode::Delay { delay } => {
                let (steps, fidelity) = delays(&each(name, "delay", delay, from, ShortRow::Either)?, dt);
                Ok(Self { fidelity, ..same(LinearLayer::Delay(steps)) })
            }
            NirNode::SumPool2d { kernel_size, stride, padding }
            | NirNode::AvgPool2d { kernel_size, stride, padding } => {
                let windows = [*kernel_size, stride.unwrap_or(*kernel_size), padding.unwrap_or_default()];
                Self::pool(name, windows, matches!(node, NirNode::AvgPool2d { .. }), from)
            }
            NirNode::Conv1d { weight, bias, .. } => {
                let mut own = Geometry::of(name, node)?.conv(name, weight.real(), from)?;
                // Its height of 1 is not an extent of the output.
                own.to.remove(1);
                own.with_bias(name, bias.as_ref())
            }
            NirNode::Conv2d { weight, bias, .. } => {
                Geometry::of(name, node)?.conv(name, weight.real(), from)?.with_bias(name, bias.as_ref())
            }
            _ => {
                let what = "unknown type of node: left out, its input is passed on".to_owned();
                Ok(Self { fidelity: Some((Fidelity::Unsupported, what)), ..same(LinearLayer::Same) })
            }
        }
    }

    fn dense(name: &str, weight: &Array, bias: Option<&Array>, from: &[usize]) -> Result<Self, NodeError> {
        let shape = weight.shape();
        let &[outputs, inputs] = shape else {
            return Err(NodeError::at(name, format!("`weight` of shape {shape:?}: expected two extents")));
        };
        if inputs != size(from) || outputs == 0 {
            return Err(NodeError::at(
                name,
                format!("`weight` of shape {shape:?} does not fit its input of shape {from:?}"),
            ));
        }
        let layer = LinearLayer::Dense(weight.real());
        Self { layer, from: from.to_vec(), to: vec![outputs], bias: Vec::new(), fidelity: None }.with_bias(name, bias)
    }

    /// Windows of a kernel, stride and padding, summed or averaged.
    fn pool(
        name: &str,
        [kernel, stride, padding]: [[usize; 2]; 3],
        mean: bool,
        from: &[usize],
    ) -> Result<Self, NodeError> {
        let pool = Pool2d::new(kernel, 1).stride(stride).padding(padding);
        let to = planes(from).filter(|_| stride.iter().chain(&kernel).all(|step| *step > 0));
        let to = to.and_then(|from| pool.output_shape(from));
        let to =
            to.ok_or_else(|| NodeError::at(name, format!("windows of {kernel:?} do not fit an input of {from:?}")))?;
        let to = valid(name, &to)?;
        #[expect(clippy::cast_precision_loss, reason = "windows are small")]
        let factor = if mean { 1.0 / (kernel[0] as f64 * kernel[1] as f64) } else { 1.0 };
        let layer = LinearLayer::Pool(pool, factor);
        Ok(Self { layer, from: from.to_vec(), to, bias: Vec::new(), fidelity: None })
    }

    /// The same with a bias, one an output or a channel.
    fn with_bias(self, name: &str, bias: Option<&Array>) -> Result<Self, NodeError> {
        let bias =
            bias.map_or_else(|| Ok(Vec::new()), |bias| each(name, "bias", bias, &self.to, ShortRow::Channels))?;
        Ok(Self { bias, ..self })
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

/// Steps of delay, and how they differ from these durations, if they do.
fn delays(durations: &[f64], dt: f64) -> (Vec<u8>, Option<(Fidelity, String)>) {
    let wanted = durations.iter().map(|delay| (delay / dt).round());
    let beyond = wanted.clone().find(|steps| !(0.0..=62.0).contains(steps));
    let errors = durations.iter().zip(wanted.clone()).map(|(delay, steps)| (delay / dt - steps).abs());
    let error = errors.fold(0.0, f64::max);
    let rounded = (error > 1e-3).then(|| (Fidelity::Approximate, format!("off by {error:.2} steps at most")));
    let fidelity = beyond.map_or(rounded, |steps| {
        let what = format!("a delay of {steps} steps, but the chip has 0 to 62: held to them");
        Some((Fidelity::Unsupported, what))
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
    let steps = wanted.map(|steps| steps.clamp(0.0, 62.0) as u8).collect();
    (steps, fidelity)
}

/// A convolution without its weights.
struct Geometry {
    /// Outputs, inputs of a group, height, width.
    shape: [usize; 4],
    stride: [usize; 2],
    padding: Padding<[usize; 2]>,
    dilation: [usize; 2],
    groups: usize,
}

impl Geometry {
    /// That of a node with a convolution; of one dimension it has a height of 1.
    fn of(name: &str, node: &NirNode) -> Result<Self, NodeError> {
        let kernel = |shape: &[usize]| {
            NodeError::at(name, format!("`weight` of shape {shape:?} is not that of a {}", node.type_name()))
        };
        match node {
            NirNode::Conv1d { weight, stride, padding, dilation, groups, .. } => {
                let &[outputs, inputs, width] = weight.shape() else { return Err(kernel(weight.shape())) };
                let padding = match padding {
                    Some(Padding::Zeros(width)) => Padding::Zeros([0, *width]),
                    Some(Padding::Same) => Padding::Same,
                    Some(Padding::Valid) | None => Padding::Valid,
                };
                let [stride, dilation] = [*stride, *dilation].map(|own| [1, own.unwrap_or(1)]);
                Ok(Self { shape: [outputs, inputs, 1, width], stride, padding, dilation, groups: groups.unwrap_or(1) })
            }
            NirNode::Conv2d { weight, stride, padding, dilation, groups, .. } => {
                let shape = weight.shape().try_into().map_err(|_| kernel(weight.shape()))?;
                let [stride, dilation] = [*stride, *dilation].map(|own| own.unwrap_or([1; 2]));
                let padding = padding.unwrap_or(Padding::Valid);
                Ok(Self { shape, stride, padding, dilation, groups: groups.unwrap_or(1) })
            }
            _ => Err(NodeError::at(name, format!("a {} is not a convolution", node.type_name()))),
        }
    }

    /// The convolution of an input of this shape, without bias.
    fn conv(self, name: &str, weights: Vec<f64>, from: &[usize]) -> Result<Linear, NodeError> {
        let Self { shape, stride, padding, dilation, groups } = self;
        let mut widened = (shape, weights);
        let padding = match padding {
            Padding::Zeros(zeros) => zeros,
            Padding::Valid => [0; 2],
            Padding::Same => {
                for at in [2, 3] {
                    widened = odd(widened, at, dilation[at - 2]).map_err(|what| NodeError::at(name, what))?;
                }
                [0, 1].map(|at| dilation[at].saturating_mul(widened.0[at + 2].saturating_sub(1)) / 2)
            }
        };
        let (shape, weights) = widened;
        let conv = Conv2d::new(shape, Vec::new()).stride(stride).padding(padding).dilation(dilation).groups(groups);
        let plane = planes(from).filter(|[channels, ..]| {
            groups > 0
                && shape[1].checked_mul(groups) == Some(*channels)
                && shape[0] % groups == 0
                && !stride.contains(&0)
        });
        let to = plane.and_then(|plane| conv.output_shape(plane));
        let to = to.ok_or_else(|| {
            NodeError::at(
                name,
                format!("`weight` of shape {shape:?} in {groups} groups does not fit its input of shape {from:?}"),
            )
        })?;
        let (to, layer) = (valid(name, &to)?, LinearLayer::Conv(conv, weights));
        Ok(Linear { layer, from: from.to_vec(), to, bias: Vec::new(), fidelity: None })
    }
}

/// The shape that a `Flatten` gives: the extents from `start` to `end` as one, which count in the shape of the input that the
/// file says; `own` is the number of its extents.
fn flattened(name: &str, own: Option<usize>, [start, end]: [i64; 2], from: &[usize]) -> Result<Vec<usize>, NodeError> {
    // Extents of 1 that stand for a batch were left out of `from`.
    let own = own.map_or(from.len(), |own| own.max(from.len()));
    let (own, left_out) = (i64::try_from(own).unwrap_or(i64::MAX), own - from.len());
    let place = |at: i64| {
        let at = if at < 0 { at.saturating_add(own) } else { at };
        usize::try_from(at).ok().filter(|at| *at < from.len() + left_out).map(|at| at.saturating_sub(left_out))
    };
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
fn each(name: &str, field: &str, array: &Array, shape: &[usize], row: ShortRow) -> Result<Vec<f64>, NodeError> {
    spread(array, shape, row).map_err(|what| NodeError::at(name, format!("`{field}` {what}")))
}
