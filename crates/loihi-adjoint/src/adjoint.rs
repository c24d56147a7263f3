//! The backward pass of [`crate::arithmetic`]: from the derivative of the loss by the spikes of a step to that by its sums.
//!
//! Truncations and wraps count as if they were not there; a voltage that is held by its limits or by the refractory period
//! follows nothing.

use crate::arithmetic::Registers;
use gemm_common::pulp::{Arch, NullaryFnOnce};

/// Derivatives of the loss by currents and voltages, on their way to earlier steps, sample after sample.
#[derive(Clone, Debug, Default)]
pub struct Adjoint {
    /// By the currents.
    pub u: Vec<f32>,
    /// By the voltages after the reset.
    pub v: Vec<f32>,
}

impl Adjoint {
    /// After the last step nothing depends on them.
    pub fn clear(&mut self, elements: usize) {
        for all in [&mut self.u, &mut self.v] {
            all.clear();
            all.resize(elements, 0.0);
        }
    }
}

/// What a step backward is given and what it leaves, each sample after sample.
#[derive(Debug)]
pub struct Row<'r> {
    /// Derivative of the loss by the spikes.
    pub spikes: &'r [f32],
    /// As [`crate::arithmetic::Row::slopes`].
    pub slopes: &'r [f32],
    /// As [`crate::arithmetic::Row::keeps`].
    pub keeps: &'r [f32],
    /// Derivative of the loss by the sums.
    pub sums: &'r mut [f32],
}

/// Goes a step back.
///
/// # Panics
/// The lengths do not meet.
pub fn step(registers: &Registers, adjoint: &mut Adjoint, row: &mut Row<'_>) {
    Arch::new().dispatch(Step::<false> { registers, adjoint, row, drives: &mut [] });
}

/// The same for a voltage that takes only a share of the current. `drives` holds the shares on entry, and the
/// derivative of the loss with respect to what entered the voltage on return.
///
/// # Panics
/// The lengths do not meet.
pub(crate) fn step_with_drives(registers: &Registers, adjoint: &mut Adjoint, row: &mut Row<'_>, drives: &mut [f32]) {
    Arch::new().dispatch(Step::<true> { registers, adjoint, row, drives });
}

/// A step, compiled for the widest registers of the processor.
struct Step<'s, 'r, const DRIVES: bool> {
    registers: &'s Registers,
    adjoint: &'s mut Adjoint,
    row: &'s mut Row<'r>,
    drives: &'s mut [f32],
}

impl<const DRIVES: bool> NullaryFnOnce for Step<'_, '_, DRIVES> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        all::<DRIVES>(self.registers, self.adjoint, self.row, self.drives);
    }
}

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "at most 4096")]
fn all<const DRIVES: bool>(registers: &Registers, adjoint: &mut Adjoint, row: &mut Row<'_>, drives: &mut [f32]) {
    let n = registers.len();
    if n == 0 {
        return;
    }
    let (keep_u, keep_v) = (&registers.keep_u[..n], &registers.keep_v[..n]);
    for sample in 0..row.sums.len() / n {
        let own = sample * n..(sample + 1) * n;
        let (by_u, by_v) = (&mut adjoint.u[own.clone()][..n], &mut adjoint.v[own.clone()][..n]);
        let (spikes, slopes) = (&row.spikes[own.clone()][..n], &row.slopes[own.clone()][..n]);
        let (keeps, sums) = (&row.keeps[own.clone()][..n], &mut row.sums[own.clone()][..n]);
        let drives = if DRIVES { &mut drives[own][..n] } else { &mut [] };
        for at in 0..n {
            // By the voltage before the reset: through the spike, and through the voltage that stays.
            // One that a limit holds has neither.
            let through = slopes[at] * spikes[at] + keeps[at] * by_v[at];
            let voltage = if slopes[at] < 0.0 { 0.0 } else { through };
            let mut current = voltage + by_u[at];
            if DRIVES {
                current = drives[at] * voltage + by_u[at];
                drives[at] = voltage;
            }
            sums[at] = 64.0 * current;
            by_v[at] = voltage * (keep_v[at] as f32 / 4096.0);
            by_u[at] = current * (keep_u[at] as f32 / 4096.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::{self, Derivatives, Reset, State};
    use loihi_core::image::Profile;

    const STEPS: usize = 12;

    /// The derivative of the last voltage by the sums of all steps, of a neuron that spikes and waits on its way, and whether it spiked.
    fn by_sums(reset: Reset) -> (Vec<f32>, Vec<f32>) {
        let profile = Profile { decay_u: 1024, decay_v: 512, v_th: 6400, refractory: 2, ..Profile::DEFAULT };
        let registers = Registers::of([&profile].into_iter());
        let derivatives = Derivatives { reset, ..Derivatives::default() };
        let (mut state, mut adjoint) = (State::default(), Adjoint::default());
        state.rest(1, &[0]);
        let [mut spikes, mut slopes, mut keeps, mut by_sums] = [[0.0_f32; STEPS]; 4];
        for at in 0..STEPS {
            let mut row = arithmetic::Row {
                sums: &[if at < 4 { 40.0 } else { 1.0 }],
                biases: &[0],
                spikes: &mut spikes[at..=at],
                slopes: &mut slopes[at..=at],
                keeps: &mut keeps[at..=at],
            };
            arithmetic::step(&registers, &mut state, &mut row, Some(derivatives));
        }
        adjoint.clear(1);
        adjoint.v[0] = 1.0;
        for at in (0..STEPS).rev() {
            let (slopes, keeps) = (&slopes[at..=at], &keeps[at..=at]);
            step(&registers, &mut adjoint, &mut Row { spikes: &[0.0], slopes, keeps, sums: &mut by_sums[at..=at] });
        }
        (by_sums.to_vec(), spikes.to_vec())
    }

    /// With [`Reset::Passes`] it is the response of current and voltage to a single sum, whatever was in between; with
    /// [`Reset::Stops`] it is that after the last spike and its refractory steps alone.
    #[test]
    fn past_resets_the_derivative_is_the_response_to_a_sum() {
        let ((passing, spikes), (stopping, _)) = (by_sums(Reset::Passes), by_sums(Reset::Stops));
        let last = spikes.iter().rposition(|spike| *spike > 0.0).unwrap();
        assert!((2..STEPS - 3).contains(&last), "{spikes:?}");
        let (mut u, mut v) = (64.0_f32, 0.0);
        for at in (0..STEPS).rev() {
            v = v * (3584.0 / 4096.0) + u;
            u *= 3072.0 / 4096.0;
            assert!((passing[at] / v - 1.0).abs() < 1e-5, "step {at}: {}, {v}", passing[at]);
            let is_after = at > last + 1;
            assert_eq!((stopping[at] / v - 1.0).abs() < 1e-5, is_after, "step {at}: {}, {v}", stopping[at]);
        }
    }
}
