//! What the firmware does in QEMU, and that it does what the device in this process does.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod bad_line;
mod boards;
mod cost;
mod dendrite_teacher;
mod devices_agree;
mod digests;
mod eprop;
mod firmware_fault;
mod flash;
mod golden;
mod golden_pes;
mod golden_rules;
mod interrupted;
mod own_board;
mod own_rule;
mod periodic_reset;
mod resume;
mod serial;
mod snapshots;
mod speed;
mod standalone;
mod trained;
mod x86;
