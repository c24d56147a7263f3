//! Speed of the products of matrices that training consists of, on one thread:
//! `cargo run --release -p loihi-train --example products`.

use loihi_train::matrix::{Matrix, add_product};
use std::hint::black_box;
use std::time::Instant;

/// Rows, inner extent and columns, and whether the first matrix is transposed.
const PRODUCTS: [(&str, [usize; 3], bool); 4] = [
    ("forward, 18 steps of 128 samples, 784 to 256", [2304, 784, 256], false),
    ("gradient of its weights", [784, 2304, 256], true),
    ("one recurrent step of 64 samples, 320 to 240", [64, 320, 240], false),
    ("readout, 256 to 10", [2304, 256, 10], false),
];
const ROUNDS: usize = 9;
/// Operations of a round, at least.
const OPERATIONS: f64 = 2e9;

fn main() {
    for (name, extents, is_transposed) in PRODUCTS {
        println!("{:>6.0} GFLOP/s  {name}", speed(extents, is_transposed));
    }
}

/// The median of all rounds, in GFLOP/s.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a speed")]
fn speed([rows, inner, columns]: [usize; 3], is_transposed: bool) -> f64 {
    let values = |count: usize| (0..count).map(|at| (at % 255) as f32 - 127.0).collect::<Vec<f32>>();
    let (a, b, mut sum) = (values(rows * inner), values(inner * columns), vec![0.0; rows * columns]);
    let a = if is_transposed { Matrix::new(&a, inner, rows).transposed() } else { Matrix::new(&a, rows, inner) };
    let operations = 2.0 * (rows * inner * columns) as f64;
    let repeats = (OPERATIONS / operations).ceil() as usize;
    let mut round = || {
        let start = Instant::now();
        for _ in 0..repeats {
            add_product(black_box(&mut sum), a, Matrix::new(&b, inner, columns));
        }
        operations * repeats as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    let mut all: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    all.sort_by(f64::total_cmp);
    all[ROUNDS / 2]
}
