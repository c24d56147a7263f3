//! Online learning: networks from files that learn from data, one sample at a time, on any device.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`trials`] | a run of trials whose spikes the network file gives |
//! | [`plan`] | stages of learning and of testing, known before anything runs |
//! | [`options`] | what a command says besides the file |
//! | [`opening`] | the samples of a network file, opened |
//! | [`presenter`] | from a sample to mailboxes and inputs |
//! | [`figures`] | the figures of runs through stages |
//! | [`judge`] | what a network answers, and how good that is |
//! | [`afterwards`] | what a network is told after it has answered |
//! | [`requirements`] | what a network file asks for, held to what there is |
//! | [`frozen`] | what a command freezes |
//! | [`spiking`] | spikes between a network and a plant, and its reward |
//! | [`exchange`] | values of a plant as words of a network, and how a run of both begins |
//! | [`control`] | the loop between a network and a plant |
//! | [`acting`] | the loop between a plant and a network whose neurons act |
//! | [`episodes`] | a signal that a network learns to give, in episodes |
//! | [`online`] | a run through the stages of a plan |
//! | [`float_prototypes`] | the float twin of a head: nearest class means |
//! | [`float_run`] | the same by the float twin of PES |
//! | [`learner`] | a network file that learns, as a task |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod acting;
pub mod afterwards;
pub mod control;
pub mod episodes;
pub mod exchange;
pub mod figures;
pub mod float_prototypes;
pub mod float_run;
pub mod frozen;
pub mod judge;
pub mod learner;
pub mod online;
pub mod opening;
pub mod options;
pub mod plan;
pub mod presenter;
pub mod requirements;
pub mod spiking;
pub mod trials;

pub use learner::Learner;
pub use options::LearnerOptions;
