//! Neurons of several compartments, forward and backward: leaves hand currents or voltages to the soma, which spikes.
//!
//! As [`loihi_core::compartment::tree`] has it. Forward, a compartment joins what it takes from the stack with its own input
//! ([`crate::join`]); backward, what it took gets the derivative by what entered the voltage.

use crate::adjoint::{self, Adjoint};
use crate::arithmetic::{self, Derivatives, Registers, Row, State, current, decayed, waits};
use crate::branches::{Branch, Branches, Leaf, Soma};
use crate::join::{Gate, Joined, Route};
use gemm_common::pulp::{Arch, NullaryFnOnce};
use loihi_core::image::{StackOut, ThresholdMode};
use loihi_core::num::wrap_signed;

/// Computes a step of all compartments; `registers`, `state` and `row` are those of the soma, `leaves` the others, at the elements
/// of the step from `first` on. Biases enter the first compartment.
///
/// # Panics
/// The lengths do not meet.
pub fn step(
    registers: &Registers,
    Branches { leaves: below, takes }: &Branches,
    (leaves, soma): (&mut [Leaf], &mut Soma),
    first: usize,
    state: &mut State,
    row: &mut Row<'_>,
    derivatives: Option<Derivatives>,
) {
    let width = row.sums.len();
    // Only the first compartment has a bias.
    let mut entering: Vec<i32> = row.biases.iter().copied().cycle().take(width).collect();
    for (number, branch) in below.iter().enumerate() {
        let (before, own) = leaves.split_at_mut(number);
        let Some(leaf) = own.first_mut() else { return };
        let all = Compartments { below, before, derivatives };
        let own = (&branch.registers, &leaf.state, &leaf.sums[first..first + width]);
        all.enter(&branch.takes, &mut entering, own, of_step(&mut leaf.routes, first, width));
        match derivatives {
            None => Arch::new().dispatch(LeafStep::<false> { branch, leaf, entering: &entering, first }),
            Some(_) => Arch::new().dispatch(LeafStep::<true> { branch, leaf, entering: &entering, first }),
        }
        entering.fill(0);
    }
    let all = Compartments { below, before: leaves, derivatives };
    all.enter(takes, &mut entering, (registers, state, row.sums), of_step(&mut soma.routes, first, width));
    let mut row = Row {
        sums: row.sums,
        biases: &entering,
        spikes: &mut *row.spikes,
        slopes: &mut *row.slopes,
        keeps: &mut *row.keeps,
    };
    arithmetic::step(registers, state, &mut row, derivatives);
}

/// The elements of a step, if there are any.
fn of_step<T>(all: &mut [T], first: usize, width: usize) -> &mut [T] {
    all.get_mut(first..first + width).unwrap_or_default()
}

/// Compartments that a step has computed.
struct Compartments<'c> {
    below: &'c [Branch],
    before: &'c [Leaf],
    derivatives: Option<Derivatives>,
}

impl Compartments<'_> {
    /// Joins what the next one takes with its input; see [`Joined::enter`].
    fn enter(
        &self,
        takes: &Joined,
        entering: &mut [i32],
        (registers, state, sums): (&Registers, &State, &[f32]),
        routes: &mut [Route],
    ) {
        let n = registers.len().max(1);
        let input = |at: usize| current(state.u[at], registers.keep_u[at % n], sums[at]);
        let pushed = [takes.a, takes.b].map(|own| own.map(|own| &self.before[own].pushed));
        let registers = takes.a.map(|a| &self.below[a].registers);
        let gate = registers.zip(self.derivatives).map(|(registers, derivatives)| Gate { registers, derivatives });
        takes.enter(entering, input, pushed, gate, routes);
    }
}

/// A step of a leaf, compiled for the widest registers of the processor.
struct LeafStep<'s, const WANTED: bool> {
    branch: &'s Branch,
    leaf: &'s mut Leaf,
    entering: &'s [i32],
    first: usize,
}

impl<const WANTED: bool> NullaryFnOnce for LeafStep<'_, WANTED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        leaf_step::<WANTED>(self.branch, self.leaf, self.entering, self.first);
    }
}

/// A step of a leaf, sample after sample, with what enters its voltage besides its current.
#[inline(always)]
fn leaf_step<const WANTED: bool>(branch: &Branch, leaf: &mut Leaf, entering: &[i32], first: usize) {
    let n = branch.registers.len();
    let Registers { keep_u, keep_v, v_th, v_min, v_max, refractory } = &branch.registers;
    let (keep_u, keep_v, v_th) = (&keep_u[..n], &keep_v[..n], &v_th[..n]);
    let (v_min, v_max, refractory) = (&v_min[..n], &v_max[..n], &refractory[..n]);
    let resets = branch.threshold == ThresholdMode::SpikeAndReset;
    let saturates = branch.threshold == ThresholdMode::PassAboveAndSaturate;
    let pushes_current = branch.pushes == StackOut::PushU;
    leaf.pushed.values.resize(entering.len(), 0);
    leaf.pushed.over.resize(entering.len(), 0);
    leaf.pushed.follows.resize(if WANTED { entering.len() } else { 0 }, 0.0);
    for (row, entering) in entering.chunks_exact(n.max(1)).enumerate() {
        let own = row * n..(row + 1) * n;
        let of_step = first + row * n..first + (row + 1) * n;
        let (u, v) = (&mut leaf.state.u[own.clone()][..n], &mut leaf.state.v[own.clone()][..n]);
        let left = &mut leaf.state.waits[own.clone()][..n];
        let (operands, over) = (&mut leaf.pushed.values[own.clone()][..n], &mut leaf.pushed.over[own.clone()][..n]);
        let sums = &leaf.sums[of_step.clone()][..n];
        let (of_step, own, wanted) = if WANTED { (of_step, own, n) } else { (0..0, 0..0, 0) };
        let all_follow = &mut leaf.pushed.follows[own][..wanted];
        let keeps = &mut leaf.keeps[of_step.clone()][..wanted];
        let (passes, entering) = (&mut leaf.passes[of_step][..wanted], &entering[..n]);
        for at in 0..n {
            u[at] = current(u[at], keep_u[at], sums[at]);
            let drive = wrap_signed(u[at].wrapping_add(entering[at]), 23);
            let free = decayed(v[at], keep_v[at]).wrapping_add(drive);
            let held = free.max(v_min[at]).min(v_max[at]);
            let is_waiting = left[at] > 0;
            let voltage = if is_waiting { 0 } else { held };
            let is_above = voltage > v_th[at];
            let stays = if saturates { v_th[at] } else { voltage };
            let stays = if is_above { stays } else { voltage };
            v[at] = if is_above && resets { 0 } else { stays };
            left[at] = waits(left[at], refractory[at], is_above && resets);
            let passed = if is_above == resets { 0 } else { voltage };
            operands[at] = if pushes_current { u[at] } else { passed };
            over[at] = voltage.wrapping_sub(v_th[at]);
            if WANTED {
                let follows = if is_waiting || held != free { 0.0 } else { 1.0 };
                all_follow[at] = follows;
                keeps[at] = if is_above && (resets || saturates) { 0.0 } else { follows };
                passes[at] = if is_above == resets { 0.0 } else { follows };
            }
        }
    }
}

/// Goes a step back, as [`crate::adjoint::step`] does.
///
/// # Panics
/// The lengths do not meet.
pub fn back(
    registers: &Registers,
    Branches { leaves: below, takes }: &Branches,
    (leaves, soma): (&mut [Leaf], &mut Soma),
    first: usize,
    adjoint: &mut Adjoint,
    row: &mut adjoint::Row<'_>,
) {
    let width = row.sums.len();
    for leaf in &mut *leaves {
        for own in [&mut leaf.by_operands, &mut leaf.by_gates] {
            own.clear();
            own.resize(width, 0.0);
        }
    }
    let drives = of_step(&mut soma.by_drives, first, width);
    let routes = of_step(&mut soma.routes, first, width);
    own_shares(routes, drives);
    adjoint::step_with_drives(registers, adjoint, row, drives);
    give(drives, routes, leaves, takes);
    let mut drives = vec![0.0_f32; width];
    for (number, branch) in below.iter().enumerate().rev() {
        let (before, own) = leaves.split_at_mut(number);
        let Some(leaf) = own.first_mut() else { return };
        own_shares(of_step(&mut leaf.routes, first, width), &mut drives);
        Arch::new().dispatch(LeafBack { branch, leaf, drives: &mut drives, first });
        give(&drives, of_step(&mut leaf.routes, first, width), before, &branch.takes);
    }
}

/// Fills `shares` with the share of the compartment's own input in what enters its voltage: 1 for a sum.
fn own_shares(routes: &[Route], shares: &mut [f32]) {
    shares.fill(1.0);
    shares.iter_mut().zip(routes).for_each(|(share, [own, ..])| *share = *own);
}

/// Passes the derivatives of what entered a voltage on to its operands.
fn give(drives: &[f32], routes: &[Route], leaves: &mut [Leaf], takes: &Joined) {
    if takes.adds() {
        for place in takes.operands() {
            leaves[place].by_operands.iter_mut().zip(drives).for_each(|(own, drive)| *own += drive);
        }
        return;
    }
    for (at, (drive, [_, a, b, gate])) in drives.iter().zip(routes).enumerate() {
        if let Some(own) = takes.a.map(|place| &mut leaves[place]) {
            own.by_operands[at] += a * drive;
            own.by_gates[at] += gate * drive;
        }
        if let Some(own) = takes.b.map(|place| &mut leaves[place]) {
            own.by_operands[at] += b * drive;
        }
    }
}

/// A step of a leaf backward, compiled for the widest registers of the processor.
struct LeafBack<'s> {
    branch: &'s Branch,
    leaf: &'s mut Leaf,
    drives: &'s mut [f32],
    first: usize,
}

impl NullaryFnOnce for LeafBack<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        leaf_back(self.branch, self.leaf, self.drives, self.first);
    }
}

/// A step of a leaf backward, from the derivatives of what it pushed. `drives` holds the shares of its own input on
/// entry, and the derivatives of what entered its voltage on return.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "at most 4096")]
fn leaf_back(branch: &Branch, leaf: &mut Leaf, drives: &mut [f32], first: usize) {
    let n = branch.registers.len();
    let (keep_u, keep_v) = (&branch.registers.keep_u[..n], &branch.registers.keep_v[..n]);
    let (of_voltage, of_current) = match branch.pushes {
        StackOut::Skip => (0.0, 0.0),
        StackOut::Push => (1.0, 0.0),
        StackOut::PushU => (0.0, 1.0),
    };
    for (row, drives) in drives.chunks_exact_mut(n.max(1)).enumerate() {
        let own = row * n..(row + 1) * n;
        let of_step = first + row * n..first + (row + 1) * n;
        let (by_u, by_v) = (&mut leaf.adjoint.u[own.clone()][..n], &mut leaf.adjoint.v[own.clone()][..n]);
        let (by_operands, sums) = (&leaf.by_operands[own.clone()][..n], &mut leaf.sums[of_step.clone()][..n]);
        let (passes, keeps) = (&leaf.passes[of_step.clone()][..n], &leaf.keeps[of_step][..n]);
        let (by_gates, by_biases) = (&leaf.by_gates[own.clone()][..n], &mut leaf.by_biases[own][..n]);
        for at in 0..n {
            let voltage = passes[at] * (of_voltage * by_operands[at]) + keeps[at] * by_v[at] + by_gates[at];
            let input = drives[at] * voltage;
            let current = input + of_current * by_operands[at] + by_u[at];
            drives[at] = voltage;
            by_biases[at] += input;
            sums[at] = 64.0 * current;
            by_v[at] = voltage * (keep_v[at] as f32 / 4096.0);
            by_u[at] = current * (keep_u[at] as f32 / 4096.0);
        }
    }
}
