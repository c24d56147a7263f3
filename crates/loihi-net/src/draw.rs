//! Random parameters of networks: any of them follows from a seed and its place, so that they can be drawn in any order.

use loihi_core::num::word;

/// Seed of the encoder in a network of this seed: else inputs would draw what weights draw.
pub const fn encoder_seed(seed: u32) -> u32 {
    seed ^ 0x7121
}

/// Uniform in `0..1`: a word of [`word`] by 2^32.
pub fn uniform(seed: u32, a: u32, b: u32, c: u32) -> f64 {
    f64::from(word(seed, a, b, c)) / 4_294_967_296.0
}

/// Standard normal, from the words at `c` and at `c + 0x8000` (Box and Muller).
pub fn gauss(seed: u32, a: u32, b: u32, c: u32) -> f64 {
    let first = (f64::from(word(seed, a, b, c)) + 1.0) / 4_294_967_297.0;
    let second = uniform(seed, a, b, c + 0x8000);
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

/// Normal weights of a standard deviation, rounded to whole ones (ties to even) and held to ±127.
#[expect(clippy::cast_possible_truncation, reason = "held to the range")]
pub fn weight(deviation: f64, seed: u32, a: u32, b: u32, c: u32) -> i16 {
    (gauss(seed, a, b, c) * deviation).round_ties_even().clamp(-127.0, 127.0) as i16
}

/// Uniform in ±127, whole (ties to even).
#[expect(clippy::cast_possible_truncation, reason = "held to the range")]
pub fn readout(seed: u32, a: u32, b: u32) -> i8 {
    ((2.0 * uniform(seed, a, b, 9) - 1.0) * 127.0).round_ties_even() as i8
}

/// The nearest whole number, saturating.
#[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
pub fn whole(value: f64) -> i32 {
    value.round() as i32
}

/// 8-bit constants, four to a word, low byte first.
pub fn pack(values: &[i8]) -> Vec<i32> {
    let byte = |value: &i8| value.to_le_bytes()[0];
    let word = |four: &[i8]| {
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(four).for_each(|(to, from)| *to = byte(from));
        i32::from_le_bytes(bytes)
    };
    values.chunks(4).map(word).collect()
}
