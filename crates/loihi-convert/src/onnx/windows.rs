//! Windows of convolutions and pools: their geometry from the parameters of a node.

use super::attributes::Operator;
use crate::error::GraphError;

/// Windows over rows and columns; of one extent there is one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    /// Zeros before the first row and column.
    pub(super) padding: [usize; 2],
    /// Rows and columns that come out.
    pub(super) to: [usize; 2],
    /// Whether there are any zeros.
    pub(super) pads: bool,
}

/// The geometry of a node that takes planes of these extents (one or two).
pub(super) fn geometry(operator: &Operator<'_>, planes: &[usize], kernel: &[usize]) -> Result<Geometry, GraphError> {
    let axes = planes.len();
    if !(1..=2).contains(&axes) || kernel.len() != axes {
        let what = format!("its windows have {} extents, and what it takes has {axes} (1 or 2 can be)", kernel.len());
        return Err(operator.error(what));
    }
    let strides = operator.sizes("strides", axes, 1, 1)?;
    let dilations = operator.sizes("dilations", axes, 1, 1)?;
    let pads = operator.sizes("pads", 2 * axes, 0, 0)?;
    if operator.whole("ceil_mode", 0) != 0 {
        return Err(operator.error("windows that reach beyond the padding (`ceil_mode`) cannot be expressed"));
    }
    let mut found =
        Geometry { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], to: [1, 1], pads: false };
    for axis in 0..axes {
        let [extent, window, stride] = [planes[axis], kernel[axis], strides[axis]];
        let span = dilations[axis] * (window - 1) + 1;
        let [before, after] = match operator.text("auto_pad") {
            b"" | b"NOTSET" => [pads[axis], pads[axes + axis]],
            b"VALID" => [0, 0],
            side @ (b"SAME_UPPER" | b"SAME_LOWER") => {
                let all = ((extent.div_ceil(stride) - 1) * stride + span).saturating_sub(extent);
                if side == b"SAME_UPPER" { [all / 2, all.div_ceil(2)] } else { [all.div_ceil(2), all / 2] }
            }
            other => {
                let what = format!("unknown `auto_pad` \"{}\"", String::from_utf8_lossy(other).escape_default());
                return Err(operator.error(what));
            }
        };
        if before.max(after) >= span.max(2) {
            return Err(operator.error(format!("{} zeros beside windows of {span}", before.max(after))));
        }
        let windows = |zeros: usize| Some((extent + zeros).checked_sub(span)? / stride + 1);
        let to = windows(before + after).ok_or_else(|| {
            operator.error(format!("windows of {span} do not fit into {} rows or columns", extent + before + after))
        })?;
        // The chip's connections have as many zeros before as after, or one more after.
        let [least, most] = [2 * before, 2 * before + 1].map(|zeros| windows(zeros).unwrap_or(0));
        if !(least..=most).contains(&to) {
            return Err(operator.error(format!(
                "its zeros, {before} before and {after} after, cannot be expressed: give as many on both sides"
            )));
        }
        let at = 2 - axes + axis;
        found.kernel[at] = window;
        found.stride[at] = stride;
        found.dilation[at] = dilations[axis];
        found.padding[at] = before;
        found.to[at] = to;
        found.pads |= before + after > 0;
    }
    Ok(found)
}
