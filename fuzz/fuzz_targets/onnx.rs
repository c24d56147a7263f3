//! `cargo +nightly fuzz run onnx`.

#![no_main]
#![allow(clippy::unwrap_used, dead_code, reason = "a table with one row in use")]

#[path = "../../tests/tests/fuzz/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::read("onnx", bytes));
