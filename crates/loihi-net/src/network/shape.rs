//! Extents of inputs and populations.

/// Most elements of an input or a population.
pub const ELEMENTS_MAX: usize = 1 << 24;

/// Extents as they are given: a number of elements, an array or a list.
///
/// ```
/// use loihi_net::network::Population;
///
/// assert_eq!(Population::new("a", 10).shape, [10]);
/// assert_eq!(Population::new("b", [3, 28, 28]).neurons(), 2352);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl From<usize> for Shape {
    fn from(elements: usize) -> Self {
        Self(vec![elements])
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(extents: [usize; N]) -> Self {
        Self(extents.to_vec())
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(extents: &[usize; N]) -> Self {
        Self(extents.to_vec())
    }
}

impl From<&[usize]> for Shape {
    fn from(extents: &[usize]) -> Self {
        Self(extents.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(extents: Vec<usize>) -> Self {
        Self(extents)
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(extents: &Vec<usize>) -> Self {
        Self(extents.clone())
    }
}

/// Number of elements of a shape; saturates.
pub fn size(shape: &[usize]) -> usize {
    shape.iter().copied().fold(1, usize::saturating_mul)
}
