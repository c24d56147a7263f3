//! A Loihi chip in plain integers.
//!
//! `loihi-core` computes what Intel's Loihi computes, bit for bit, and runs the learning rules of its embedded CPU.
//! It needs no operating system, no heap and no floating point, so that a server, a bare 32-bit x86 and a
//! microcontroller end in the same bits.
//!
//! # Layers
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`num`] | registers with their ranges, decay toward zero, wrapping, hashing, random numbers by address |
//! | [`feature`] | parts of the chip that a build may be without |
//! | [`arena`] | typed slices carved from one buffer that the caller gives |
//! | [`ops`] | exact counts of everything that costs time or energy |
//! | [`image`] | the immutable network; everything is checked when it is opened, nothing can fail later |
//! | [`synapse`] | weight formats and scatter-add |
//! | [`compartment`] | current, voltage, bias, threshold, refractory period |
//! | [`dendrite`] | per-delay accumulators, a ring |
//! | [`plastic`] | what plastic synapses remember: weights, tags, delays, traces |
//! | [`meter`] | what every core does, counted while somebody asks for it |
//! | [`axon`] | which synapses a spike reaches, on which core |
//! | [`learning`] | traces, epochs, sums of products, stochastic write-back |
//! | [`snip`] | what a program of the embedded CPU is, what it sees, how it is found |
//! | [`register`] | the names of what can be read and written; the digest of all state |
//! | [`chip`] | many cores, the phases of a step, and all of the state |
//! | [`probe`] | reading registers |
//! | [`wire`] | messages and frames |
//! | [`device`] | requests in, answers out: what every board and the host run |
//! | [`tools`] | what makes a rule short: layers, pre and post factors, rank-one updates, rounding |
//! | [`rules`] | the built-in programs: encoders and learning rules, one file each |
//!
//! # Overflow
//! The registers of the chip wrap or saturate; each operation here says which. No function that is reachable from
//! [`chip::Chip::step`] or from bytes received by [`device::Device`] can panic.
//!
//! # Features
//! `small-code`, off unless a board asks for it: the same bits with less code and fewer registers. The firmware for the bare x86 asks for it.
//!
//! | what | without | with |
//! |---|---|---|
//! | parts of an epoch of [`learning`] | inlined into one loop, whose constants stay in registers | the compiler's choice |
//! | delivering to an axon ([`axon`]) | inlined where spikes are delivered | a call, and another for uncommon axons |
//! | adding sparse synapses with delays ([`synapse`]) | inlined | a call |
//!
//! `small-stack`, likewise: the end of an epoch, which takes most of the stack, is a call, so a network whose cores do not
//! learn does not need it; traces are kept in bytes, requests borrow the chip through a call, and compartments with noise or in
//! trees are computed one at a time ([`compartment::general`]).
//!
//! The others are parts of the chip that a board may be without; `full`, the default, is all of them. A network that needs
//! one that was left out is refused by its name.
//!
//! | feature | what it is |
//! |---|---|
//! | `learning` | the learning engine of the cores ([`learning`]) |
//! | `recorded-draws` | recorded random numbers in place of the chip's own ([`image::Recorded`]) |
//! | `backprop`, `clp`, `decolle`, `emstdp`, `eprop`, `pes`, `soel`, `urbanczik-senn` | programs in [`rules::ALL`] |
//!
//! Serving a host ([`wire`], [`device`]) and hashing and reading registers ([`probe`]) are not features: a program that does
//! not call them does not link them.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::cast_possible_truncation))]

#[cfg(test)]
extern crate std;

pub mod arena;
pub mod axon;
pub mod chip;
pub mod compartment;
pub mod dendrite;
pub mod device;
pub mod feature;
pub mod image;
pub mod learning;
pub mod meter;
pub mod num;
pub mod ops;
pub mod plastic;
pub mod probe;
pub mod register;
pub mod rules;
pub mod snip;
pub mod synapse;
pub mod tools;
pub mod wire;

#[cfg(not(target_endian = "little"))]
compile_error!("images and saved state are little-endian and are read in place");
