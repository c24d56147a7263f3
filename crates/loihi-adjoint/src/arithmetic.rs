//! A step of compartments in the chip's integers, for many samples at once, with what the backward pass needs of it.
//!
//! `u = wrap_23(tz(u · (4096 - decay_u)) + 64 · wrap_16(sum))`, `v = clip(tz(v · (4096 - decay_v)) + wrap_23(u + bias))`, 0 while
//! refractory; above `v_th` the compartment spikes and `v = 0`, as [`loihi_core::compartment`] has it. Sums come as `f32`, in
//! which they are exact (see the module `exact`).

use crate::surrogate::{
    Arctan, Exponential, FastSigmoid, LastSpike, NEVER_STEPS, Rectangle, Slope, Surrogate, Triangle,
};
use gemm_common::pulp::{Arch, NullaryFnOnce};
use loihi_core::image::Profile;
use loihi_core::num::wrap_signed;
use std::marker::PhantomData;

/// Registers that stay, a value a neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// What a current keeps in a step, in 4096ths.
    pub keep_u: Vec<i32>,
    /// What a voltage keeps in a step, in 4096ths.
    pub keep_v: Vec<i32>,
    /// Threshold in units of the voltage.
    pub v_th: Vec<i32>,
    /// Least voltage.
    pub v_min: Vec<i32>,
    /// Largest voltage.
    pub v_max: Vec<i32>,
    /// Steps from one spike to the next, at least.
    pub refractory: Vec<i32>,
}

impl Registers {
    /// Those of profiles, one a neuron.
    pub fn of<'p>(profiles: impl Iterator<Item = &'p Profile>) -> Self {
        let mut all = Self::default();
        for profile in profiles {
            all.keep_u.push(4096 - profile.decay_u);
            all.keep_v.push(4096 - profile.decay_v);
            all.v_th.push(profile.v_th);
            all.v_min.push(profile.v_min);
            all.v_max.push(profile.v_max);
            all.refractory.push(profile.refractory);
        }
        all
    }

    /// Neurons.
    pub const fn len(&self) -> usize {
        self.v_th.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.v_th.is_empty()
    }
}

/// Registers that a step changes, sample after sample.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Currents.
    pub u: Vec<i32>,
    /// Voltages.
    pub v: Vec<i32>,
    /// Refractory steps left.
    pub waits: Vec<i32>,
    /// Steps since the last spike; only kept up to date for [`Surrogate::LastSpike`].
    since: Vec<i32>,
}

impl State {
    /// The state of rest: voltages as they start, a value a neuron.
    pub fn rest(&mut self, samples: usize, v_start: &[i32]) {
        let elements = samples * v_start.len();
        for register in [&mut self.u, &mut self.waits] {
            register.clear();
            register.resize(elements, 0);
        }
        self.since.clear();
        self.since.resize(elements, NEVER_STEPS);
        self.v.clear();
        for _ in 0..samples {
            self.v.extend_from_slice(v_start);
        }
    }
}

/// What the derivative by a voltage is after a reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// 0: what follows a spike does not depend on what was before it.
    #[default]
    Stops,
    /// That of the reset by the voltage, through the surrogate of the spike.
    ThroughSpike,
    /// What it would be without resets and refractory steps, so that a sum has the same response whenever it arrives.
    Passes,
}

/// What derivatives a step leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derivatives {
    /// What stands for the derivative of a spike.
    pub surrogate: Surrogate,
    /// Where it falls to 0 or is small, in thresholds, or in steps since the last spike.
    pub width: f32,
    /// Factor of the surrogate.
    pub damping: f32,
    /// What a reset leaves of them.
    pub reset: Reset,
}

impl Default for Derivatives {
    fn default() -> Self {
        Self { surrogate: Surrogate::default(), width: 1.0, damping: 1.0, reset: Reset::default() }
    }
}

/// What a step is given and what it leaves, each sample after sample.
#[derive(Debug)]
pub struct Row<'r> {
    /// Sums of the weights of arriving spikes, in units of 64.
    pub sums: &'r [f32],
    /// Biases, for each neuron of each sample or the same for all samples.
    pub biases: &'r [i32],
    /// 1 where a neuron spikes, else 0.
    pub spikes: &'r mut [f32],
    /// The derivative of a spike by the voltage before the reset; empty if it is not wanted. Negative where a limit holds this voltage:
    /// there its magnitude is the derivative by a lower threshold alone.
    pub slopes: &'r mut [f32],
    /// The derivative of the voltage after the reset by that before it, and of one that is held only what the reset takes through the
    /// spike; empty as `slopes`.
    pub keeps: &'r mut [f32],
}

/// Computes a step.
///
/// # Panics
/// The lengths do not meet.
pub fn step(registers: &Registers, state: &mut State, row: &mut Row<'_>, derivatives: Option<Derivatives>) {
    let own = derivatives.unwrap_or_default();
    match derivatives.map(|own| own.surrogate) {
        None => Step::<Triangle, false>::run(registers, state, row, own),
        Some(Surrogate::Triangle) => Step::<Triangle, true>::run(registers, state, row, own),
        Some(Surrogate::Rectangle) => Step::<Rectangle, true>::run(registers, state, row, own),
        Some(Surrogate::FastSigmoid) => Step::<FastSigmoid, true>::run(registers, state, row, own),
        Some(Surrogate::Arctan) => Step::<Arctan, true>::run(registers, state, row, own),
        Some(Surrogate::Exponential) => Step::<Exponential, true>::run(registers, state, row, own),
        Some(Surrogate::LastSpike) => Step::<LastSpike, true>::run(registers, state, row, own),
    }
}

/// `tz(x · keep / 4096)` in 32 bits: of the magnitude, the high and the low 12 bits apart.
#[inline(always)]
pub(crate) const fn decayed(x: i32, keep: i32) -> i32 {
    let magnitude = x.wrapping_abs();
    let kept = (magnitude >> 12) * keep + (((magnitude & 4095) * keep) >> 12);
    if x < 0 { -kept } else { kept }
}

/// A current after a step in which this sum arrives.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "sums are whole, and wrap at 16 bits")]
pub(crate) const fn current(u: i32, keep: i32, sum: f32) -> i32 {
    wrap_signed(decayed(u, keep).wrapping_add((sum as i32 as i16 as i32) << 6), 23)
}

/// Refractory steps that are left after a step.
#[inline(always)]
pub(crate) fn waits(left: i32, refractory: i32, spikes: bool) -> i32 {
    if spikes { refractory - 1 } else { (left - 1).max(0) }
}

/// The derivative of a spike by the voltage before the threshold.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
fn slope<S: Slope>(voltage: i32, v_th: i32, since: i32, Derivatives { width, damping, .. }: Derivatives) -> f32 {
    let threshold = v_th.max(1) as f32;
    if S::BY_TIME {
        return damping / threshold * S::at(since as f32 / width);
    }
    let per_volt = 1.0 / (width * threshold);
    damping * per_volt * S::at((voltage - v_th) as f32 * per_volt)
}

/// A step, compiled for the widest registers of the processor. A closure would not be inlined there.
struct Step<'s, 'r, S, const WANTED: bool> {
    registers: &'s Registers,
    state: &'s mut State,
    row: &'s mut Row<'r>,
    derivatives: Derivatives,
    slope: PhantomData<S>,
}

impl<'s, 'r, S: Slope, const WANTED: bool> Step<'s, 'r, S, WANTED> {
    fn run(registers: &'s Registers, state: &'s mut State, row: &'s mut Row<'r>, derivatives: Derivatives) {
        Arch::new().dispatch(Self { registers, state, row, derivatives, slope: PhantomData });
    }
}

impl<S: Slope, const WANTED: bool> NullaryFnOnce for Step<'_, '_, S, WANTED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        all::<S, WANTED>(self.registers, self.state, self.row, self.derivatives);
    }
}

/// All samples, one after the other.
#[inline(always)]
fn all<S: Slope, const WANTED: bool>(
    registers: &Registers,
    state: &mut State,
    row: &mut Row<'_>,
    derivatives: Derivatives,
) {
    let neurons = registers.len();
    if neurons == 0 {
        return;
    }
    for sample in 0..row.sums.len() / neurons {
        let own = sample * neurons..(sample + 1) * neurons;
        let biases = if row.biases.len() == neurons { row.biases } else { &row.biases[own.clone()] };
        let left = if WANTED {
            [&mut row.slopes[own.clone()], &mut row.keeps[own.clone()]]
        } else {
            [&mut [][..], &mut [][..]]
        };
        let since = if WANTED && S::BY_TIME { &mut state.since[own.clone()] } else { &mut [][..] };
        let state = [&mut state.u[own.clone()], &mut state.v[own.clone()], &mut state.waits[own.clone()], since];
        let spikes = &mut row.spikes[own.clone()];
        one::<S, WANTED>(registers, state, &row.sums[own], biases, spikes, left, derivatives);
    }
}

/// The neurons of a sample.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
fn one<S: Slope, const WANTED: bool>(
    registers: &Registers,
    [u, v, left, since]: [&mut [i32]; 4],
    sums: &[f32],
    biases: &[i32],
    spikes: &mut [f32],
    [slopes, keeps]: [&mut [f32]; 2],
    derivatives: Derivatives,
) {
    let n = registers.len();
    let (u, v, left, sums, biases) = (&mut u[..n], &mut v[..n], &mut left[..n], &sums[..n], &biases[..n]);
    let spikes = &mut spikes[..n];
    let wanted = if WANTED { n } else { 0 };
    let (slopes, keeps) = (&mut slopes[..wanted], &mut keeps[..wanted]);
    let since = &mut since[..if S::BY_TIME { wanted } else { 0 }];
    let (keep_u, keep_v) = (&registers.keep_u[..n], &registers.keep_v[..n]);
    let (v_th, refractory) = (&registers.v_th[..n], &registers.refractory[..n]);
    let (v_min, v_max) = (&registers.v_min[..n], &registers.v_max[..n]);
    let reset_share = if derivatives.reset == Reset::ThroughSpike { 1.0 } else { 0.0 };
    let after_reset = if derivatives.reset == Reset::Passes { 1.0 } else { 0.0 };
    for at in 0..n {
        u[at] = current(u[at], keep_u[at], sums[at]);
        let entering = wrap_signed(u[at].wrapping_add(biases[at]), 23);
        let free = decayed(v[at], keep_v[at]).wrapping_add(entering);
        let is_waiting = left[at] > 0;
        let clipped = free.max(v_min[at]).min(v_max[at]);
        let voltage = if is_waiting { 0 } else { clipped };
        let spike = voltage > v_th[at];
        spikes[at] = if spike { 1.0 } else { 0.0 };
        v[at] = if spike { 0 } else { voltage };
        left[at] = waits(left[at], refractory[at], spike);
        if WANTED {
            if S::BY_TIME {
                since[at] = if spike { 0 } else { since[at].saturating_add(1) };
            }
            let passed = if S::BY_TIME { since[at] } else { 0 };
            let slope = if is_waiting { 0.0 } else { slope::<S>(voltage, v_th[at], passed, derivatives) };
            let is_held = clipped != free;
            slopes[at] = if is_held { -slope } else { slope };
            let stays = if is_waiting || spike { after_reset } else { 1.0 };
            keeps[at] = if is_held { 0.0 } else { stays } - reset_share * slope * voltage as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::{Decay, decay_toward_zero};

    #[test]
    fn the_decay_is_that_of_the_chip() {
        let values = (0..=23).flat_map(|bit| {
            let edge = 1_i32 << bit;
            [edge - 1, edge, edge + 1, 1 - edge, -edge, -1 - edge]
        });
        let values: Vec<i32> = values.filter(|x| (-(1 << 23)..1 << 23).contains(x)).collect();
        for decay in 0..=4096 {
            for x in &values {
                let expected = decay_toward_zero(*x, Decay::saturating(decay));
                assert_eq!(decayed(*x, 4096 - decay), expected, "decay {decay}, x {x}");
            }
        }
    }

    /// The neuron spikes in steps 2 and 5. The derivative decays after each spike, and is 0 before the first.
    #[test]
    fn the_surrogate_of_the_last_spike_falls_with_time() {
        let profile = Profile { decay_u: 4096, v_th: 640, ..Profile::DEFAULT };
        let registers = Registers::of([&profile].into_iter());
        let derivatives =
            Derivatives { surrogate: Surrogate::LastSpike, width: 4.0, damping: 0.3, ..Derivatives::default() };
        let mut state = State::default();
        state.rest(1, &[0]);
        let mut found = Vec::new();
        for step_number in 0..8 {
            let sum = if [2, 5].contains(&step_number) { [11.0] } else { [0.0] };
            let (mut spikes, mut slopes, mut keeps) = ([0.0], [0.0], [0.0]);
            let mut row = Row { sums: &sum, biases: &[0], spikes: &mut spikes, slopes: &mut slopes, keeps: &mut keeps };
            step(&registers, &mut state, &mut row, Some(derivatives));
            found.push(slopes[0] * 640.0 / 0.3);
        }
        let expected = [0.0, 0.0, 1.0, (-0.25_f32).exp(), (-0.5_f32).exp(), 1.0, (-0.25_f32).exp(), (-0.5_f32).exp()];
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-3, "step {step}: {found}, {expected}");
        }
    }
}
