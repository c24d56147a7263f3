//! Online learning: networks from files that learn from data, one sample at a time, on any device.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`metrics`] | figures of a run by their names |
//! | [`observer`] | who follows a run, and what it is told |
//! | [`names`] | names that a network file gives to figures and columns |
//! | [`by_row`] | numbers of the rows of an input or a population |
//! | [`spikes`] | when inputs spike in a trial |
//! | [`measure`] | what of the learned weights is reported |
//! | [`task`] | what runs, how, and what comes out |
//! | [`sizes`] | sizes held to what there can be |
//! | [`signal_figures`] | figures of a signal that a network gives |
//! | [`settings`] | what a network file says of a run |
//! | [`trials`] | a run of trials whose spikes the network file gives |
//! | [`sets`] | samples to learn from and to test on, as they are read and scaled |
//! | [`samples`] | a training set and a test set of samples of any kind |
//! | [`stage`] | a part of a run: what it learns or tests |
//! | [`plan`] | stages of learning and of testing, known before anything runs |
//! | [`presenter`] | from a sample to mailboxes and inputs |
//! | [`figures`] | the figures of runs through stages |
//! | [`judge`] | what a network answers, and how good that is |
//! | [`afterwards`] | what a network is told after it has answered |
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
pub mod by_row;
pub mod control;
pub mod episodes;
pub mod exchange;
pub mod figures;
pub mod float_prototypes;
pub mod float_run;
pub mod judge;
pub mod learner;
pub mod measure;
pub mod metrics;
pub mod names;
pub mod observer;
pub mod online;
pub mod plan;
pub mod presenter;
pub mod samples;
pub mod sets;
pub mod settings;
pub mod signal_figures;
pub mod sizes;
pub mod spikes;
pub mod spiking;
pub mod stage;
pub mod task;
pub mod trials;

pub use learner::{Learner, LearnerOptions};
pub use metrics::{Metrics, figure};
pub use observer::{Answer, MetricsRow, NoObserver, Observer, Running};
pub use task::{ExperimentError, FigureTable, Outcome, RunOptions, Task, conclude, mailbox, restore};
