//! Windows of planes, as of convolutions and pools: taken apart row by row (im2col), so that their products are products of matrices.

use crate::matrix::Matrix;
use std::ops::Range;

/// Windows of planes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Channels, rows and columns of the source.
    pub(crate) from: [usize; 3],
    /// Channels, rows and columns of the neurons.
    pub(crate) to: [usize; 3],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
}

impl Windows {
    /// Weights of a window of a group.
    pub(crate) const fn taps(&self) -> usize {
        self.from[0] / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// Output channels of a group.
    pub(crate) const fn outputs(&self) -> usize {
        self.to[0] / self.groups
    }

    /// Windows of a channel.
    pub(crate) const fn area(&self) -> usize {
        self.to[1] * self.to[2]
    }

    pub(crate) const fn weights(&self) -> usize {
        self.groups * self.taps() * self.outputs()
    }

    /// Places of the weights of a group.
    pub(crate) const fn weights_of(&self, group: usize) -> Range<usize> {
        let own = self.taps() * self.outputs();
        group * own..(group + 1) * own
    }

    /// Places of the neurons of a group in a row.
    pub(crate) const fn neurons_of(&self, row: usize, group: usize) -> Range<usize> {
        let own = self.outputs() * self.area();
        let first = (row * self.groups + group) * own;
        first..first + own
    }

    /// Places of the weights in an array `[outputs, inputs / groups, rows, columns]`, in the order of this.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let (groups, taps, outputs) = (self.groups, self.taps(), self.outputs());
        (0..groups).flat_map(move |group| {
            (0..taps).flat_map(move |tap| (0..outputs).map(move |output| (group * outputs + output) * taps + tap))
        })
    }

    /// Hands to `visit` the start in the columns of every run of taps, and the places in the planes that it takes from, each as
    /// far as it lies inside.
    fn visit(&self, group: usize, mut visit: impl FnMut(usize, usize)) {
        let [_, rows, columns] = self.from;
        let inputs = self.from[0] / self.groups;
        let [kernel_rows, kernel_columns] = self.kernel;
        for (y, x) in (0..self.to[1]).flat_map(|y| (0..self.to[2]).map(move |x| (y, x))) {
            let start = (y * self.to[2] + x) * self.taps();
            for (input, tap_y) in (0..inputs).flat_map(|input| (0..kernel_rows).map(move |tap_y| (input, tap_y))) {
                let row = (y * self.stride[0] + tap_y * self.dilation[0]).checked_sub(self.padding[0]);
                let Some(row) = row.filter(|row| *row < rows) else { continue };
                let plane = ((group * inputs + input) * rows + row) * columns;
                for tap_x in 0..kernel_columns {
                    let column = (x * self.stride[1] + tap_x * self.dilation[1]).checked_sub(self.padding[1]);
                    if let Some(column) = column.filter(|column| *column < columns) {
                        visit(start + (input * kernel_rows + tap_y) * kernel_columns + tap_x, plane + column);
                    }
                }
            }
        }
    }

    /// Hands to `visit` every row in which there are spikes, group by group, with its windows taken apart.
    pub(crate) fn lowered(&self, spikes: &[f32], mut visit: impl FnMut(usize, usize, Matrix<'_>)) {
        let mut columns = Vec::new();
        let rows = spikes.chunks(self.from.iter().product()).enumerate();
        for (row, spikes) in rows.filter(|(_, spikes)| spikes.iter().any(|spike| *spike != 0.0)) {
            for group in 0..self.groups {
                self.lower(group, spikes, &mut columns);
                visit(row, group, Matrix::new(&columns, self.area(), self.taps()));
            }
        }
    }

    /// Takes the windows of planes apart: a row of taps for each.
    fn lower(&self, group: usize, planes: &[f32], columns: &mut Vec<f32>) {
        columns.clear();
        columns.resize(self.area() * self.taps(), 0.0);
        self.visit(group, |at, place| columns[at] = planes[place]);
    }

    /// Adds windows to the planes from which they were taken.
    pub(crate) fn raise(&self, group: usize, columns: &[f32], planes: &mut [f32]) {
        self.visit(group, |at, place| planes[place] += columns[at]);
    }
}
