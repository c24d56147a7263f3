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
