//! Layers without neurons.

use super::{ELEMENTS_MAX, Growing};
use crate::graph::{Conv, Op, Padding, Pool};
use crate::layers::zeros_before;

impl Growing {
    /// A layer that fits.
    pub(super) fn layer(&mut self, from: usize) -> usize {
        let rank = self.nodes[from].shape.len();
        match (rank, self.draw.whole(0..=9)) {
            (_, 0 | 1) => self.alike(from),
            (1, _) => {
                let outputs = self.draw.size(1..=10);
                self.dense(from, outputs)
            }
            (2, 2 | 3) | (3, 2) => self.flat(from),
            (3, 3) => self.flatten(from, 1),
            (3, 4..=6) => self.pool(from),
            _ => self.conv(from),
        }
    }

    /// A weight of a layer: behind another layer only small whole ones, so that products stay small.
    fn weight(&mut self, from: usize) -> f64 {
        let begins = self.nodes[from].is_source();
        match (self.step, begins) {
            (Some(step), true) => f64::from(self.draw.whole(-6..=11)) * step,
            (Some(_), false) => f64::from(self.draw.whole(-1..=2)),
            (None, true) => self.draw.real(-0.5, 1.0),
            (None, false) => self.draw.real(-0.7, 1.3),
        }
    }

    fn weights(&mut self, from: usize, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.weight(from)).collect()
    }

    fn biases(&mut self, count: usize) -> Option<Vec<f64>> {
        let step = self.step;
        self.draw.percent(30).then(|| {
            let bias = |_| match step {
                Some(step) => f64::from(self.draw.whole(-2..=3)) * step,
                None => self.draw.real(-0.2, 0.3),
            };
            (0..count).map(bias).collect()
        })
    }

    pub(super) fn dense(&mut self, from: usize, outputs: usize) -> usize {
        let weight = self.weights(from, outputs * self.nodes[from].elements());
        let bias = self.biases(outputs);
        self.add(Op::Dense { weight, bias }, vec![outputs], vec![from])
    }

    /// The same as a row, if it is none.
    pub(super) fn flat(&mut self, from: usize) -> usize {
        if self.nodes[from].shape.len() == 1 { from } else { self.flatten(from, 0) }
    }

    fn flatten(&mut self, from: usize, start: usize) -> usize {
        let shape = &self.nodes[from].shape;
        let rest = shape[start..].iter().product();
        let shape = [&shape[..start], &[rest]].concat();
        self.add(Op::Flatten { start }, shape, vec![from])
    }

    /// A layer that keeps the extents: factors or delays.
    pub(super) fn alike(&mut self, from: usize) -> usize {
        if self.draw.percent(50) { self.delay(from, false) } else { self.scale(from) }
    }

    pub(super) fn scale(&mut self, from: usize) -> usize {
        let shape = self.nodes[from].shape.clone();
        // Factors for all elements, or the same along some extents.
        let mut own = shape.clone();
        if self.draw.percent(40) {
            let at = self.draw.size(0..=2).min(own.len() - 1);
            own[at] = 1;
        }
        let step = self.step;
        let factor = |_| match step {
            Some(_) => f64::from(self.draw.pick(&[1, 2, 3, -1])),
            None => self.draw.real(0.3, 1.5),
        };
        let factors = (0..own.iter().product()).map(factor).collect();
        self.add(Op::Scale { shape: own, factors }, shape, vec![from])
    }

    pub(super) fn delay(&mut self, from: usize, same: bool) -> usize {
        let shape = self.nodes[from].shape.clone();
        let same = (same || self.draw.percent(50)).then(|| self.draw.whole(0..=5));
        let steps = |_| same.unwrap_or_else(|| self.draw.whole(0..=5)).unsigned_abs();
        let steps = (0..shape.iter().product()).map(steps).collect();
        self.add(Op::Delay(steps), shape, vec![from])
    }

    fn pool(&mut self, from: usize) -> usize {
        let [channels, height, width] = *self.nodes[from].shape else { return from };
        let kernel = [height, width].map(|extent| self.draw.size(1..=3).min(extent));
        let stride = if self.draw.percent(60) { kernel } else { [0; 2].map(|_| self.draw.size(1..=3)) };
        let padding = kernel.map(|kernel| if self.draw.percent(20) { kernel / 2 } else { 0 });
        let out = |at: usize, extent: usize| (extent + 2 * padding[at] - kernel[at]) / stride[at] + 1;
        let shape = vec![channels, out(0, height), out(1, width)];
        let average = self.draw.percent(50);
        self.add(Op::Pool(Pool { average, kernel, stride, padding }), shape, vec![from])
    }

    fn conv(&mut self, from: usize) -> usize {
        let before = self.nodes[from].shape.clone();
        let (one, [channels, height, width]) = match *before {
            [channels, width] => (true, [channels, 1, width]),
            [channels, height, width] => (false, [channels, height, width]),
            _ => return from,
        };
        let groups = if channels % 2 == 0 && self.draw.percent(40) { 2 } else { 1 };
        let outputs = groups * self.draw.size(1..=2);
        let kernel = if one { [1, self.draw.size(1..=3)] } else { [0; 2].map(|_| self.draw.size(1..=3)) };
        let padding = self.draw.pick(&[Padding::Zeros([0; 2]), Padding::Zeros([1; 2]), Padding::Same, Padding::Valid]);
        let mut conv = Conv {
            one,
            shape: [outputs, channels / groups, kernel[0], kernel[1]],
            weight: Vec::new(),
            bias: None,
            stride: [1; 2],
            padding,
            dilation: [1; 2],
            groups,
        };
        if let Padding::Zeros(zeros) = &mut conv.padding {
            zeros[0] = if one { 0 } else { zeros[0] * self.draw.size(0..=2) };
            zeros[1] *= self.draw.size(0..=2);
        }
        if !matches!(padding, Padding::Same) {
            conv.stride = [if one { 1 } else { self.draw.size(1..=2) }, self.draw.size(1..=2)];
            conv.dilation = [if one { 1 } else { self.draw.size(1..=2) }, self.draw.size(1..=2)];
        }
        let zeros = zeros_before(&conv);
        let out = |at: usize, extent: usize| {
            if matches!(padding, Padding::Same) {
                return Some(extent);
            }
            let rest = (extent + 2 * zeros[at]).checked_sub(conv.dilation[at] * (kernel[at] - 1) + 1)?;
            Some(rest / conv.stride[at] + 1)
        };
        let (Some(rows), Some(columns)) = (out(0, height), out(1, width)) else { return from };
        if outputs * rows * columns > ELEMENTS_MAX {
            return from;
        }
        conv.weight = self.weights(from, conv.shape.iter().product());
        conv.bias = self.biases(outputs);
        let shape = if one { vec![outputs, columns] } else { vec![outputs, rows, columns] };
        self.add(Op::Conv(conv), shape, vec![from])
    }
}
