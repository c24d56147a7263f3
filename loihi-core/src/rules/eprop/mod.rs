//! e-prop for a recurrent layer: eligibilities times a learning signal, forward in time.
//!
//! Per step, with traces z̄ of input spikes and of the layer's own (Q0.12, `z̄ = z̄·(4096 − decay) >> 12`, plus `decay`
//! for a spike):
//!
//! * readouts `y_k = Σ_j w_kj·z̄_j >> readout_shift`, into the output mailbox; `e_k = y_k − target_k >> error_shift`,
//!   held to its limit, 0 if smaller than the threshold;
//! * `ψ_j`, 64 at the threshold and 0 at `64 << slope_shift` on both sides of it, at the voltage before a reset;
//! * `L_j = (Σ_k B_jk·e_k >> feedback_shift) + rate term`, held to ±4095.
//!
//! After ten steps `w_ji −= Σ z̄_i·m_j / 2^shift` with `m_j = ψ_j·L_j` held to ±32,767 and `z̄ >> 4`
//! ([`block`]), and `w_kj −= Σ z̄_j·e_k / 2^readout_rate_shift` likewise. That leaves out the low-pass filter that
//! eligibilities have in the equations; with it ([`eligibility`]) every synapse has memory and costs something in
//! every step. Autapses stay as they are. The rate term is `(spikes in rate_steps − rate_target)·rate_gain >> 3`, from
//! the last `rate_steps` that were complete.
//!
//! Reset is the compartment's own, to 0. The subtractive reset of the equations would be a synapse of −threshold from
//! a compartment to itself; the chip's compartment has lost its voltage by then, so it would count twice.
//!
//! Thresholds may adapt ([`adaptation`]): a spike raises a compartment's own, which sinks back slowly, and its synapses
//! have a second eligibility.
//!
//! Source: Bellec et al. 2020, in integers; without the filter the form of Frenkel, Indiveri 2022.

mod adaptation;
mod block;
mod eligibility;
mod memory;
mod params;
mod step;

pub use params::{Adaptation, EpropParams};

use crate::image::index;
use crate::snip::{Cpu, Phase, Snip};
use memory::Layers;

/// A recurrent layer that learns by e-prop, with its readouts.
///
/// Its learned state is the rate of each post, spikes beyond the target, and the readouts' weights, ±127, readout after
/// readout; they begin at 0. The image's constants hold the feedback, 8 bits, those of a compartment side by side, four
/// to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eprop {
    params: EpropParams,
    inputs: usize,
    posts: usize,
    outputs: usize,
    /// Whether synapses have a memory of their own.
    per_synapse: bool,
    adapts: bool,
}

impl Eprop {
    #[inline]
    fn new(params: EpropParams) -> Self {
        let adapts = params.adaptation.is_some();
        Self {
            params,
            inputs: index(params.inputs),
            posts: index(params.posts),
            outputs: index(params.outputs),
            per_synapse: params.kappa_shift > 0 || adapts,
            adapts,
        }
    }

    fn axons(&self) -> usize {
        self.inputs.saturating_add(self.posts)
    }

    /// Synapses that have a memory of their own.
    fn synapses(&self) -> usize {
        if self.per_synapse { self.axons().saturating_mul(self.posts) } else { 0 }
    }
}

impl Snip for Eprop {
    fn learned_words(&self) -> usize {
        self.posts.saturating_mul(self.outputs.saturating_add(1))
    }

    fn working_words(&self) -> usize {
        self.memory_words()
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if phase == Phase::Spk && !cpu.learning && !self.adapts {
            return;
        }
        let params = &self.params;
        let Some(layers) = Layers::of(cpu.image, params) else { return };
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        if phase == Phase::Spk {
            if let Some(adaptation) = params.adaptation {
                adaptation.raise(cpu, &layers.recurrent, memory.rises);
            }
            layers.recurrent.copy_voltages(cpu.blocks(), memory.voltages);
        } else {
            self.after_cores(cpu, params, &layers, &mut memory);
        }
    }
}
