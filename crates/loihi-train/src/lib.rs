//! Training offline, in the chip's own integers: what is trained loses nothing on the chip.
//!
//! A network file says what there is, and its table `[train]` how it is trained ([`settings`]). Samples of a batch are computed
//! together, all steps of a layer before the next layer:
//!
//! 1. Spikes of a source, `[steps, samples, sources]`, times weights as the chip stores them ([`grid`]) are sums,
//!    one product of matrices a connection ([`matrix`]); a delay moves them by rows.
//! 2. Sums become currents, voltages and spikes step by step, in the integers of `loihi-core` ([`loihi_adjoint::arithmetic`]): decays
//!    that truncate, wraps, limits, refractory periods.
//! 3. Spikes or voltages of the readout become a number ([`loss`]), for each sample, window of steps or pixel that it answers.
//! 4. Backward, the derivative of that number by the spikes becomes one by the sums ([`loihi_adjoint::adjoint`], with a surrogate for
//!    the derivative of a spike, [`loihi_adjoint::surrogate`]), and from there two products: with the spikes it is the gradient of the
//!    weights, with the weights the derivative by the spikes of the layer before.
//! 5. Real weights behind those of the chip are moved ([`optimiser`]), and rounded anew: a gradient goes through the rounding as
//!    if it were not there.
//!
//! A batch is cut into as many shards whatever the number of threads is, and their gradients are added in their order, so that
//! the weights are the same on any. In the end the emulator answers the test set, score by score as the trainer ([`check`]).
//!
//! Matrix products come from `gemm-f32`; the backward pass is written by hand. The kernels of `gemm` depend on the processor, and
//! so do the last bits of a gradient: a seed gives the same weights on processors of the same kind.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`error`] | why a network is not trained |
//! | [`threads`] | work on several threads |
//! | [`matrix`] | products of matrices |
//! | [`few_spikes`] | sparse spikes, visited one by one |
//! | [`loss`] | the loss |
//! | [`optimiser`] | how weights are moved |
//! | [`grid`] | what real numbers are rounded to |
//! | [`parameter`] | what is trained: real numbers behind registers |
//! | [`beside`] | what is trained beside weights, by the table `[train]` |
//! | [`settings`] | the table `[train]` |
//! | `checks` | which settings are refused |
//! | [`sparse`] | connections that are given synapse by synapse |
//! | [`windows`] | windows of planes, taken apart |
//! | [`ways`] | which source reaches which neuron: the products of a connection |
//! | [`batch`] | what is shown, several samples at once |
//! | [`readout`] | scores of a sample, and back |
//! | [`layers`] | a network as it is trained |
//! | `groups` | populations that reach each other |
//! | `exact` | sums that single precision holds |
//! | `bias` | biases that are trained |
//! | `backward` | which networks can be gone back through |
//! | [`fold`] | from parameters to the forward pass and the network file |
//! | `build` | a model from a network |
//! | [`pass`] | a batch through a network, forward |
//! | `retreat` | the same, backward |
//! | [`rewire`] | which synapses a sparse connection has |
//! | [`gradient`] | the derivatives by what is trained |
//! | [`calibrate`] | thresholds from data |
//! | [`shard`] | a part of a batch: its loss and its gradient |
//! | [`average`] | means of parameters over the last epochs |
//! | [`checkpoint`] | everything that training changes, as bytes |
//! | [`subject`] | what is trained, on what |
//! | [`observer`] | what a training tells, and asks |
//! | [`answers`] | answers to the test set, and why a population is silent |
//! | [`trainer`] | epoch after epoch |
//! | [`check`] | the trained network on the emulator |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answers;
pub mod average;
mod backward;
pub mod batch;
pub mod beside;
mod bias;
mod build;
pub mod calibrate;
pub mod check;
pub mod checkpoint;
mod checks;
pub mod error;
mod exact;
pub mod few_spikes;
pub mod fold;
pub mod gradient;
pub mod grid;
mod groups;
pub mod layers;
pub mod loss;
pub mod matrix;
pub mod observer;
pub mod optimiser;
pub mod parameter;
pub mod pass;
pub mod readout;
mod retreat;
pub mod rewire;
pub mod settings;
pub mod shard;
pub mod sparse;
pub mod subject;
pub mod threads;
pub mod trainer;
pub mod ways;
pub mod windows;

pub use error::TrainError;
pub use observer::{EpochRow, NoObserver, Observer};
pub use subject::{Subject, SubjectOptions};
pub use trainer::Trainer;
