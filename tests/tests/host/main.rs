//! What can be told in this process: networks on a chip, recorded vectors, experiments, the wire protocol.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod axons;
mod backprop;
mod bad_line;
mod clp;
mod control;
mod emstdp;
mod encoders;
mod eprop_adaptation;
mod golden_learning;
mod golden_neurons;
mod homeostasis;
mod interrupted;
mod learning;
mod learning_tasks;
mod left_out;
mod lossy_link;
mod messages;
mod nengo_pes;
mod noise;
mod partition;
mod periodic_reset;
mod plan;
mod probes;
mod readout;
mod refused;
mod resident;
mod samples;
mod seen;
mod serial;
mod slots;
mod spread_layers;
mod stimuli;
mod taught;
mod teacher;
mod tree_groups;
mod trees;
mod untaught;
mod unused;
mod weights;
