//! Layers without neurons, as their equations say.

use crate::graph::{Conv, Node, Op, Padding, Pool};

/// What a layer makes of its input, of these extents; biases only if asked for. Delays are not layers here.
pub(crate) fn apply(node: &Node, from: &[usize], x: &[f64], biases: bool) -> Vec<f64> {
    match &node.op {
        Op::Dense { weight, bias } => {
            let bias = bias.as_ref().filter(|_| biases);
            let row = |output: usize| {
                let row = &weight[output * x.len()..(output + 1) * x.len()];
                let sum: f64 = row.iter().zip(x).map(|(weight, x)| weight * x).sum();
                sum + bias.map_or(0.0, |bias| bias[output])
            };
            (0..node.elements()).map(row).collect()
        }
        Op::Conv(conv) => convolved(conv, from, &node.shape, x, biases),
        Op::Pool(pool) => pooled(pool, from, &node.shape, x),
        Op::Scale { shape, factors } => {
            (0..x.len()).map(|at| x[at] * factors[spread(shape, &node.shape, at)]).collect()
        }
        Op::Flatten { .. } | Op::Output => x.to_vec(),
        Op::Input | Op::Delay(_) | Op::Neurons(_) => unreachable!("no layer"),
    }
}

/// Channels, height and width.
fn planes(shape: &[usize]) -> [usize; 3] {
    match *shape {
        [channels, width] => [channels, 1, width],
        [channels, height, width] => [channels, height, width],
        _ => panic!("{shape:?} are not planes"),
    }
}

/// An element of planes; 0 outside of them.
fn element(x: &[f64], [_, height, width]: [usize; 3], channel: usize, [row, column]: [Option<usize>; 2]) -> f64 {
    match (row, column) {
        (Some(row), Some(column)) if row < height && column < width => x[(channel * height + row) * width + column],
        _ => 0.0,
    }
}

/// Zeros before the first row and column.
pub(crate) fn zeros_before(conv: &Conv) -> [usize; 2] {
    match conv.padding {
        Padding::Zeros(zeros) => zeros,
        Padding::Valid => [0; 2],
        // Of an odd number the one more is behind.
        Padding::Same => [0, 1].map(|at| conv.dilation[at] * (conv.shape[at + 2] - 1) / 2),
    }
}

fn convolved(conv: &Conv, from: &[usize], to: &[usize], x: &[f64], biases: bool) -> Vec<f64> {
    let (from, [outputs, rows, columns]) = (planes(from), planes(to));
    let [_, inputs, height, width] = conv.shape;
    let before = zeros_before(conv);
    let mut y = Vec::new();
    for output in 0..outputs {
        let first = output / (outputs / conv.groups) * inputs;
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let mut sum = conv.bias.as_ref().filter(|_| biases).map_or(0.0, |bias| bias[output]);
            for (input, i, j) in
                (0..inputs).flat_map(|input| (0..height).flat_map(move |i| (0..width).map(move |j| (input, i, j))))
            {
                let weight = conv.weight[((output * inputs + input) * height + i) * width + j];
                let place = [
                    (row * conv.stride[0] + i * conv.dilation[0]).checked_sub(before[0]),
                    (column * conv.stride[1] + j * conv.dilation[1]).checked_sub(before[1]),
                ];
                sum += weight * element(x, from, first + input, place);
            }
            y.push(sum);
        }
    }
    y
}

fn pooled(pool: &Pool, from: &[usize], to: &[usize], x: &[f64]) -> Vec<f64> {
    let (from, [channels, rows, columns]) = (planes(from), planes(to));
    #[expect(clippy::cast_precision_loss, reason = "windows are small")]
    let share = if pool.average { 1.0 / (pool.kernel[0] * pool.kernel[1]) as f64 } else { 1.0 };
    let mut y = Vec::new();
    for channel in 0..channels {
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let mut sum = 0.0;
            for (i, j) in (0..pool.kernel[0]).flat_map(|i| (0..pool.kernel[1]).map(move |j| (i, j))) {
                let place = [
                    (row * pool.stride[0] + i).checked_sub(pool.padding[0]),
                    (column * pool.stride[1] + j).checked_sub(pool.padding[1]),
                ];
                sum += element(x, from, channel, place);
            }
            y.push(sum * share);
        }
    }
    y
}

/// The factor of an element: extents are matched from the last one, and one of 1 or none holds for all.
fn spread(factors: &[usize], shape: &[usize], mut at: usize) -> usize {
    let (mut place, mut stride) = (0, 1);
    for back in 1..=shape.len() {
        let extent = shape[shape.len() - back];
        let own = factors.len().checked_sub(back).map_or(1, |own| factors[own]);
        place += if own == 1 { 0 } else { at % extent * stride };
        stride *= own;
        at /= extent;
    }
    place
}
