//! What is judged by its machine code: instructions of the kernels, and what the firmware is made of.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "../common/tree.rs"]
mod tree;

mod architecture;
mod built;
mod documents;
mod firmware_image;
mod instructions;
mod opening;
