//! Where convolutions and pools connect: synapses of a source element, from the geometry alone.

/// A convolution as in most frameworks: `out[o, y, x] = Σ w[o, i, ky, kx] · in[i, y·stride + ky·dilation − padding, …]`, a
/// cross-correlation. One dimension is a height of 1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conv2d {
    /// Weight mantissas `[outputs, inputs / groups, height, width]`, the last fastest.
    pub weights: Vec<i16>,
    /// Extents of the weights.
    pub shape: [usize; 4],
    /// Step between two outputs, vertical and horizontal, at least 1.
    pub stride: [usize; 2],
    /// Zeros before the first row and column; those after the last follow from the output's extents.
    pub padding: [usize; 2],
    /// Distance between two elements of the kernel, at least 1.
    pub dilation: [usize; 2],
    /// Groups of channels that are apart.
    pub groups: usize,
}

/// A sum over windows, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pool2d {
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Step between two windows, at least 1.
    pub stride: [usize; 2],
    /// Zeros before the first row and column.
    pub padding: [usize; 2],
    /// Weight mantissa of every synapse.
    pub weight: i16,
}

/// Channels, height and width of a shape with up to three extents; `None` for more, or none.
pub fn planes(shape: &[usize]) -> Option<[usize; 3]> {
    match *shape {
        [width] => Some([1, 1, width]),
        [channels, width] => Some([channels, 1, width]),
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    }
}

/// Along one extent: the outputs that see the input at `at`, each with the element of the kernel through which it does.
fn seen_by(at: usize, outputs: usize, kernel: usize, [stride, padding, dilation]: [usize; 3]) -> Vec<[usize; 2]> {
    let meets = |element: usize| {
        let first = (at + padding).checked_sub(element * dilation)?;
        let output = first / stride.max(1);
        (first % stride.max(1) == 0 && output < outputs).then_some([output, element])
    };
    // The output rises as the element falls.
    (0..kernel).rev().filter_map(meets).collect()
}

impl Conv2d {
    /// Of stride and dilation 1, without padding, in one group: `shape` is that of the weights, `[outputs, inputs, height,
    /// width]`.
    pub const fn new(shape: [usize; 4], weights: Vec<i16>) -> Self {
        Self { weights, shape, stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }
    }

    /// The same with other weights.
    #[must_use]
    pub fn weights(mut self, weights: Vec<i16>) -> Self {
        self.weights = weights;
        self
    }

    /// Sets the step between two outputs, vertical and horizontal.
    #[must_use]
    pub const fn stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Sets the zeros before the first row and column.
    #[must_use]
    pub const fn padding(mut self, padding: [usize; 2]) -> Self {
        self.padding = padding;
        self
    }

    /// Sets the distance between two elements of the kernel.
    #[must_use]
    pub const fn dilation(mut self, dilation: [usize; 2]) -> Self {
        self.dilation = dilation;
        self
    }

    /// Sets the groups of channels; the weights are `[outputs, inputs / groups, height, width]`.
    #[must_use]
    pub const fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Hands target and weight of every synapse of a source to `visit`; targets rise within a channel.
    pub(super) fn visit(&self, from: [usize; 3], to: [usize; 3], source: usize, mut visit: impl FnMut(usize, i16)) {
        self.places(from, to, source, |target, at| visit(target, self.weights.get(at).copied().unwrap_or(0)));
    }

    /// Hands target of every synapse of a source, and place of its weight among the weights, to `visit`.
    pub fn places(&self, from: [usize; 3], to: [usize; 3], source: usize, mut visit: impl FnMut(usize, usize)) {
        let [outputs, inputs_per_group, kernel_height, kernel_width] = self.shape;
        let [_, height, width] = from;
        let (channel, y, x) = (source / (height * width), source / width % height, source % width);
        let ([stride_y, stride_x], [padding_y, padding_x]) = (self.stride, self.padding);
        let [dilation_y, dilation_x] = self.dilation;
        let rows = seen_by(y, to[1], kernel_height, [stride_y, padding_y, dilation_y]);
        let columns = seen_by(x, to[2], kernel_width, [stride_x, padding_x, dilation_x]);
        let outputs_per_group = outputs / self.groups.max(1);
        let (group, input) = (channel / inputs_per_group.max(1), channel % inputs_per_group.max(1));
        for output in group * outputs_per_group..(group + 1) * outputs_per_group {
            for [row, kernel_y] in &rows {
                for [column, kernel_x] in &columns {
                    let at = ((output * inputs_per_group + input) * kernel_height + kernel_y) * kernel_width + kernel_x;
                    let target = (output * to[1] + row) * to[2] + column;
                    visit(target, at);
                }
            }
        }
    }

    /// Extents of the output for an input, with as many zeros after the last row and column as before the first.
    pub fn output_shape(&self, from: [usize; 3]) -> Option<[usize; 3]> {
        self.shape_with(from, 0)
    }

    /// Whether an output has these extents, if there may also be one zero more after the last row and column, as for a
    /// kernel of even size that keeps the extents.
    pub(super) fn gives(&self, from: [usize; 3], to: [usize; 3]) -> bool {
        let (least, most) = (self.shape_with(from, 0), self.shape_with(from, 1));
        let within =
            |at: usize| most.is_some_and(|most| to[at] <= most[at]) && least.is_none_or(|least| least[at] <= to[at]);
        (0..3).all(within)
    }

    fn shape_with(&self, from: [usize; 3], more: usize) -> Option<[usize; 3]> {
        let [outputs, _, kernel_height, kernel_width] = self.shape;
        let extent = |at: usize, kernel: usize| {
            let span = self.dilation[at].checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
            let padded = from[at + 1].checked_add(self.padding[at].checked_mul(2)?)?.checked_add(more)?;
            Some(padded.checked_sub(span)?.checked_div(self.stride[at])? + 1)
        };
        Some([outputs, extent(0, kernel_height)?, extent(1, kernel_width)?])
    }
}

impl Pool2d {
    /// Windows of height and width side by side, all synapses of one weight.
    pub const fn new(kernel: [usize; 2], weight: i16) -> Self {
        Self { kernel, stride: kernel, padding: [0, 0], weight }
    }

    /// The same with another weight.
    #[must_use]
    pub const fn weight(mut self, weight: i16) -> Self {
        self.weight = weight;
        self
    }

    /// Sets the step between two windows.
    #[must_use]
    pub const fn stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Sets the zeros before the first row and column.
    #[must_use]
    pub const fn padding(mut self, padding: [usize; 2]) -> Self {
        self.padding = padding;
        self
    }

    /// Hands target and weight of every synapse of a source to `visit`, targets rising.
    pub fn visit(&self, from: [usize; 3], to: [usize; 3], source: usize, mut visit: impl FnMut(usize, i16)) {
        let [_, height, width] = from;
        let (channel, y, x) = (source / (height * width), source / width % height, source % width);
        let axis = |at: usize, position| {
            seen_by(position, to[at + 1], self.kernel[at], [self.stride[at], self.padding[at], 1])
        };
        let columns = axis(1, x);
        for [row, _] in axis(0, y) {
            for [column, _] in &columns {
                visit((channel * to[1] + row) * to[2] + column, self.weight);
            }
        }
    }

    /// Extents of the output for an input: windows that lie whole inside the padded input.
    pub fn output_shape(&self, from: [usize; 3]) -> Option<[usize; 3]> {
        let extent = |at: usize| {
            let padded = from[at + 1].checked_add(self.padding[at].checked_mul(2)?)?;
            Some(padded.checked_sub(self.kernel[at])?.checked_div(self.stride[at])? + 1)
        };
        Some([from[0], extent(0)?, extent(1)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The synapses of all sources are those of the definition, each once.
        #[test]
        fn a_convolution_connects_as_its_equation_says(
            [groups, outputs, inputs] in [1_usize..3, 1..3, 1..3],
            [height, width, kernel_height, kernel_width] in [1_usize..6, 1..6, 1..4, 1..4],
            stride in [1_usize..3, 1..3], padding in [0_usize..3, 0..3], dilation in [1_usize..3, 1..3],
        ) {
            let shape = [outputs * groups, inputs, kernel_height, kernel_width];
            let weights: Vec<i16> = (1..).take(shape.iter().product()).collect();
            let conv = Conv2d { weights, shape, stride, padding, dilation, groups };
            let from = [inputs * groups, height, width];
            let Some(to) = conv.output_shape(from) else { return Ok(()) };
            let mut found = Vec::new();
            for source in 0..from.iter().product() {
                conv.visit(from, to, source, |target, weight| found.push((target, source, weight)));
            }
            let mut expected = Vec::new();
            for (o, y, x) in (0..to[0]).flat_map(|o| (0..to[1]).flat_map(move |y| (0..to[2]).map(move |x| (o, y, x)))) {
                for (i, ky, kx) in (0..inputs)
                    .flat_map(|i| (0..kernel_height).flat_map(move |ky| (0..kernel_width).map(move |kx| (i, ky, kx))))
                {
                    let row = (y * stride[0] + ky * dilation[0]).checked_sub(padding[0]).filter(|row| *row < height);
                    let column = (x * stride[1] + kx * dilation[1]).checked_sub(padding[1]).filter(|x| *x < width);
                    if let (Some(row), Some(column)) = (row, column) {
                        let channel = o / outputs * inputs + i;
                        let source = (channel * height + row) * width + column;
                        let weight = conv.weights[((o * inputs + i) * kernel_height + ky) * kernel_width + kx];
                        expected.push(((o * to[1] + y) * to[2] + x, source, weight));
                    }
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_pool_sums_its_windows() {
        let pool = Pool2d { kernel: [2, 2], stride: [2, 2], padding: [0, 0], weight: 28 };
        let from = [2, 4, 5];
        let to = pool.output_shape(from).unwrap();
        assert_eq!(to, [2, 2, 2]);
        let mut sources = vec![Vec::new(); 8];
        for source in 0..40 {
            pool.visit(from, to, source, |target, weight| {
                assert_eq!(weight, 28);
                sources[target].push(source);
            });
        }
        assert_eq!(sources[0], [0, 1, 5, 6]);
        assert_eq!(sources[7], [32, 33, 37, 38]);
        assert_eq!(sources.iter().map(Vec::len).sum::<usize>(), 32, "the last column is in no window");
    }
}
