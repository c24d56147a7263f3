//! Products of matrices in single precision: the only code of this crate that is not safe.
//!
//! Sums of products are exact as long as they are whole multiples of a power of two below 2^24 of them, in whatever order the
//! kernel adds; see the module `exact`.

use gemm_common::Parallelism;
use gemm_f32::gemm::f32::get_gemm_fn;

/// A matrix in a slice, row after row.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'m> {
    values: &'m [f32],
    rows: usize,
    columns: usize,
    transposed: bool,
}

impl<'m> Matrix<'m> {
    /// The first `rows` rows of a slice.
    ///
    /// # Panics
    /// The slice is shorter.
    pub fn new(values: &'m [f32], rows: usize, columns: usize) -> Self {
        Self { values: &values[..rows * columns], rows, columns, transposed: false }
    }

    /// The same with rows and columns exchanged; nothing is moved.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Rows and columns as they count in a product.
    const fn extents(self) -> [usize; 2] {
        if self.transposed { [self.columns, self.rows] } else { [self.rows, self.columns] }
    }

    /// Distances of neighbours in a row, and of rows.
    fn strides(self) -> [isize; 2] {
        let row = isize::try_from(self.columns).unwrap_or(isize::MAX);
        if self.transposed { [row, 1] } else { [1, row] }
    }
}

/// Adds `a · b` to `sum`, rows of as many columns as `b` has.
///
/// # Panics
/// The extents do not meet.
pub fn add_product(sum: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    let ([rows, inner], [inner_b, columns]) = (a.extents(), b.extents());
    assert!(inner == inner_b && sum.len() == rows * columns, "{rows}x{inner} by {inner_b}x{columns}");
    if rows == 0 || columns == 0 || inner == 0 {
        return;
    }
    let [a_column, a_row] = a.strides();
    let [b_column, b_row] = b.strides();
    let sum_row = isize::try_from(columns).unwrap_or(isize::MAX);
    let (sum, a, b) = (sum.as_mut_ptr(), a.values.as_ptr(), b.values.as_ptr());
    // The kernel takes columns for its wide registers, so that the transposed product is computed: bᵀ · aᵀ.
    // SAFETY: `new` holds both slices to rows · columns elements and the assertion holds `sum` to as many, so every element
    // that these extents and strides reach lies inside; `sum` is borrowed alone.
    unsafe {
        get_gemm_fn()(
            columns,
            rows,
            inner,
            sum,
            sum_row,
            1,
            true,
            b,
            b_row,
            b_column,
            a,
            a_row,
            a_column,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::word;

    fn drawn(count: usize, seed: u32) -> Vec<f32> {
        (0..u32::try_from(count).unwrap())
            .map(|at| f32::from(u8::try_from(word(seed, at, 0, 0) >> 24).unwrap()))
            .collect()
    }

    #[test]
    fn products_of_whole_numbers_are_exact_with_any_of_both_turned() {
        for [rows, inner, columns] in [[1, 1, 1], [3, 5, 7], [17, 300, 33], [64, 80, 1]] {
            let (a, b) = (drawn(rows * inner, 1), drawn(inner * columns, 2));
            let at = |row: usize, column: usize| -> f32 {
                3.0 + (0..inner).map(|k| a[row * inner + k] * b[k * columns + column]).sum::<f32>()
            };
            let expected: Vec<f32> = (0..rows * columns).map(|place| at(place / columns, place % columns)).collect();
            let turn = |values: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns).map(|place| values[place % rows * columns + place / rows]).collect()
            };
            let (a_turned, b_turned) = (turn(&a, rows, inner), turn(&b, inner, columns));
            for a in [Matrix::new(&a, rows, inner), Matrix::new(&a_turned, inner, rows).transposed()] {
                for b in [Matrix::new(&b, inner, columns), Matrix::new(&b_turned, columns, inner).transposed()] {
                    let mut sum = vec![3.0; rows * columns];
                    add_product(&mut sum, a, b);
                    assert_eq!(sum, expected, "{rows} {inner} {columns}");
                }
            }
        }
    }
}
