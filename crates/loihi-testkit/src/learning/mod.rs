//! The learning of recorded vectors, from the JSON of each emulator.

mod brian;
mod lava;
mod nengo;

use super::ConformError;
use super::json::{Field, unreadable};
use super::plastic::{RecordedDraws, Words};
use super::vector::{Vector, VectorKind};
use loihi_core::num::Purpose;
use loihi_core::register::Register;
use loihi_core::synapse::SignMode;

/// The traces by their names in the files, in the order of [`loihi_image::image::Plasticity::traces`].
const TRACES: [(&str, Register); 5] =
    [("x1", Register::X1), ("x2", Register::X2), ("y1", Register::Y1), ("y2", Register::Y2), ("y3", Register::Y3)];

/// Fills in what a vector says of learning, and the inputs that only plastic synapses have.
pub(super) fn read(vector: &mut Vector, root: &Field<'_>) -> Result<(), ConformError> {
    match vector.kind {
        VectorKind::NengoPes => nengo::read(vector, root),
        VectorKind::BrianLearn => brian::read(vector, root),
        VectorKind::LavaLearn => lava::read(vector, root),
        _ => Ok(()),
    }
}

fn sign_mode(field: &Field<'_>) -> Result<SignMode, ConformError> {
    match field.text()? {
        "mixed" => Ok(SignMode::Mixed),
        "exc" => Ok(SignMode::Excitatory),
        "inh" => Ok(SignMode::Inhibitory),
        _ => Err(field.invalid("sign mode: mixed, exc or inh")),
    }
}

/// The word of a draw in units of 1/65536; 65536 is 1.
fn word16(draw: u32) -> u32 {
    if draw >= 1 << 16 { u32::MAX } else { draw << 16 }
}

/// Recorded draws that are always the same.
fn constant(purpose: Purpose, word: u32) -> RecordedDraws {
    RecordedDraws { purpose, epoch_steps: u32::MAX, per_row: 1, words: vec![word] }
}

fn words(register: Register, words: Vec<i32>) -> Words {
    Words { register, words }
}

/// `per_row` as a word count.
fn width(count: usize) -> Result<u32, ConformError> {
    u32::try_from(count).map_err(|_| unreadable(format!("{count} draws a step are too many")))
}
