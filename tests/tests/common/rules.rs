//! The recorded runs of the rules, and how they are checked.

use serde_json::Value;
use std::sync::OnceLock;

/// The recording.
pub(crate) fn recorded() -> &'static Value {
    static PARSED: OnceLock<Value> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(include_str!("../../golden/rules/bitexact_vectors.json")).unwrap())
}

/// FNV-1a, 32 bits, over little-endian words: the recording's check.
pub(crate) fn fnv32(words: &[i32]) -> u32 {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.fold(0x811C_9DC5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A list of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<i32> {
    value.as_array().unwrap().iter().map(|number| i32::try_from(number.as_i64().unwrap()).unwrap()).collect()
}
