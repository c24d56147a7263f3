//! Shapes: whether arrays belong to elements of a shape, and which value is whose.

use loihi_files::npz::Array;
use loihi_net::network::size;
use loihi_nir::import::NodeError;

/// Most extents of a shape: channels, height, width.
const EXTENTS_MAX: usize = 3;
/// Most elements of a shape.
const ELEMENTS_MAX: usize = 1 << 24;

/// The extents of a node, without those of 1 before the last three, which stand for a batch of one sample.
///
/// # Errors
/// [`NodeError`] names the node for extents that are not positive, too many, or too large.
pub(super) fn valid(name: &str, shape: &[usize]) -> Result<Vec<usize>, NodeError> {
    if shape.is_empty() || shape.contains(&0) {
        return Err(NodeError::at(name, format!("invalid shape {shape:?}: extents are from 1")));
    }
    if size(shape) > ELEMENTS_MAX {
        let what = format!("invalid shape {shape:?}: a node has at most {ELEMENTS_MAX} elements");
        return Err(NodeError::at(name, what));
    }
    let (before, own) = shape.split_at(shape.len().saturating_sub(EXTENTS_MAX));
    if before.iter().any(|extent| *extent != 1) {
        return Err(NodeError::at(
            name,
            format!("invalid shape {shape:?}: there are channels, height and width, and before them a batch of 1"),
        ));
    }
    Ok(own.to_vec())
}

/// Whether what has one shape goes into the other, element by element: the same extents, but for leading ones of 1, or all
/// elements in a row.
pub(super) fn fits(from: &[usize], to: &[usize]) -> bool {
    let own = |shape: &[usize]| shape.iter().copied().skip_while(|extent| *extent == 1).collect::<Vec<_>>();
    let (from, to) = (own(from), own(to));
    size(&from) == size(&to) && (from == to || from.len() <= 1 || to.len() <= 1)
}

/// Which values an array in a row has, if it has fewer than the shape it goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShortRow {
    /// One a channel, which is the first extent: biases of convolutions.
    Channels,
    /// Those of the last extent, as arrays are broadcast, or of the first; an error where that is not told by their number.
    Either,
}

/// A value for each element of a shape: of a single value, of extents that are each the shape's or 1, of a row, or of all
/// elements in a row.
///
/// # Errors
/// A sentence without its subject.
pub(super) fn spread(array: &Array, shape: &[usize], row: ShortRow) -> Result<Vec<f64>, String> {
    let (values, elements) = (array.real(), size(shape));
    if let [only] = *values {
        return Ok(vec![only; elements]);
    }
    let skip = array.shape().len().saturating_sub(shape.len());
    let (before, own) = array.shape().split_at(skip);
    let misfit = || format!("of shape {:?} does not fit {shape:?}", array.shape());
    if before.iter().any(|extent| *extent != 1) {
        return Err(misfit());
    }
    if let ([length], true) = (own, shape.len() > 1) {
        if *length == elements {
            return Ok(values);
        }
        let first = shape.first() == Some(length);
        let last = row == ShortRow::Either && shape.last() == Some(length);
        return match (first, last) {
            (true, true) => Err(format!(
                "of shape [{length}] may be of the {length} channels or of the {length} columns of {shape:?}: write it with \
                 as many extents as that"
            )),
            (true, false) => {
                Ok(values.iter().flat_map(|value| std::iter::repeat_n(*value, elements / length)).collect())
            }
            (false, true) => Ok(values.iter().copied().cycle().take(elements).collect()),
            (false, false) => Err(misfit()),
        };
    }
    broadcast(&values, own, shape).ok_or_else(misfit)
}

/// Values of extents that are each those of a shape or 1; missing ones stand first.
fn broadcast(values: &[f64], own: &[usize], shape: &[usize]) -> Option<Vec<f64>> {
    let padding = shape.len().checked_sub(own.len())?;
    let extent = |at: usize| at.checked_sub(padding).and_then(|at| own.get(at)).copied().unwrap_or(1);
    let extents: Vec<usize> = (0..shape.len()).map(extent).collect();
    if extents.iter().zip(shape).any(|(own, extent)| *own != 1 && own != extent) {
        return None;
    }
    let value = |element: usize| {
        let (mut rest, mut place, mut run) = (element, 0, 1);
        for (own, extent) in extents.iter().zip(shape).rev() {
            place += if *own == 1 { 0 } else { rest % extent * run };
            rest /= extent;
            run *= own;
        }
        values.get(place).copied()
    };
    (0..size(shape)).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npz::Values;

    fn array(shape: &[usize]) -> Array {
        let values = (0..u32::try_from(size(shape)).unwrap()).map(f64::from).collect();
        Array::new(shape.to_vec(), Values::Real(values)).unwrap()
    }

    #[test]
    fn arrays_spread_by_their_extents() {
        let to = |own: &[usize], shape: &[usize], row| spread(&array(own), shape, row);
        let columns = vec![0.0, 1.0, 2.0, 0.0, 1.0, 2.0];
        let rows = vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let all: Vec<f64> = (0..6).map(f64::from).collect();
        for (own, wanted) in [
            (&[1, 3][..], &columns),
            (&[3], &columns),
            (&[1, 1, 3], &columns),
            (&[2, 1], &rows),
            (&[2], &rows),
            (&[2, 3], &all),
            (&[1, 2, 3], &all),
            (&[6], &all),
        ] {
            assert_eq!(to(own, &[2, 3], ShortRow::Either).as_ref(), Ok(wanted), "{own:?}");
        }
        for own in [&[3, 2][..], &[4], &[3, 1], &[2, 2, 3], &[1, 6]] {
            assert!(to(own, &[2, 3], ShortRow::Either).is_err(), "{own:?}");
        }
        // By channel and by column are four values each.
        assert_eq!(to(&[1, 1, 2], &[2, 2, 2], ShortRow::Either).unwrap(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        let said = to(&[2], &[2, 2, 2], ShortRow::Either).unwrap_err();
        assert!(said.contains("2 channels or of the 2 columns"), "{said}");
        assert_eq!(to(&[2], &[2, 1, 2], ShortRow::Channels).unwrap(), [0.0, 0.0, 1.0, 1.0]);
        assert!(to(&[3], &[2, 3], ShortRow::Channels).is_err());
        assert_eq!(to(&[], &[2], ShortRow::Either).unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn shapes_fit_by_their_extents() {
        for (from, to, fit) in [
            (&[2, 3][..], &[2, 3][..], true),
            (&[1, 2, 3], &[2, 3], true),
            (&[2, 3], &[6], true),
            (&[1, 6], &[2, 3], true),
            (&[2, 3], &[3, 2], false),
            (&[2, 3], &[2, 1, 3], false),
            (&[2, 3], &[7], false),
        ] {
            assert_eq!(fits(from, to), fit, "{from:?} {to:?}");
        }
        assert_eq!(valid("n", &[1, 2, 8, 8]).unwrap(), [2, 8, 8]);
        assert_eq!(valid("n", &[1, 8, 8]).unwrap(), [1, 8, 8]);
        for none in [&[][..], &[0], &[2, 2, 8, 8], &[1 << 25]] {
            assert!(valid("n", none).is_err(), "{none:?}");
        }
    }
}
