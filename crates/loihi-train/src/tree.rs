//! Neurons of several compartments, forward and backward: leaves hand currents or voltages to the soma, which spikes.
//!
//! As [`loihi_core::compartment::tree`] has it, for joins that add. Forward, a compartment adds what it takes from the stack to
//! its own input; backward, what it took gets the derivative by its drive.

use crate::adjoint::{self, Adjoint};
use crate::arithmetic::{self, Derivatives, Registers, Row, State, current, decayed, waits};
use gemm_common::pulp::{Arch, NullaryFnOnce};
use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::wrap_signed;

/// A compartment below the soma, for all neurons of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Registers that stay.
    pub registers: Registers,
    /// Compartments, by their numbers, whose operands it adds.
    pub takes: Vec<usize>,
    /// What it pushes.
    pub pushes: StackOut,
    /// What happens above its threshold.
    pub threshold: ThresholdMode,
}

/// The compartments below the soma, and which of them it adds; nothing for neurons of one compartment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branches {
    /// Compartments below the soma, in their order.
    pub leaves: Vec<Branch>,
    /// Leaves, by their numbers, whose operands the soma adds.
    pub takes: Vec<usize>,
}

/// What a leaf leaves of a batch; the soma has all of it in the trail of its population.
#[derive(Debug, Default)]
pub struct Leaf {
    /// Sums; backward, the derivative of the loss by them.
    pub sums: Vec<f32>,
    /// The derivative of the voltage that stays by that before the threshold.
    pub keeps: Vec<f32>,
    /// The derivative of the voltage that is handed on by that before the threshold.
    pub passes: Vec<f32>,
    /// Registers that a step changes.
    pub state: State,
    /// Derivatives on their way to earlier steps.
    pub adjoint: Adjoint,
    /// Operands of the current step, as the stack takes them.
    operands: Vec<i32>,
    /// The derivative of the loss by the operands.
    by_operands: Vec<f32>,
}

/// The branches of profiles, leaves first and the soma last, each with one for every neuron.
///
/// # Errors
/// What is not trained.
pub fn branches(compartments: &[Vec<Profile>]) -> Result<Branches, String> {
    let (mut stack, mut branches): (Vec<usize>, Vec<Branch>) = (Vec::new(), Vec::new());
    for (number, profiles) in compartments.iter().enumerate() {
        let tree = profiles.first().map_or(Tree::NONE, |profile| profile.tree);
        let taken = match tree.stack_in {
            StackIn::Skip => 0,
            StackIn::PopA | StackIn::PopB => 1,
            StackIn::PopAAndB => 2,
        };
        let takes = stack.split_off(stack.len().saturating_sub(taken));
        let takes = match tree.join {
            Join::Skip => Vec::new(),
            Join::Add => takes,
            _ => return Err("compartments are trained with join = \"add\" only".to_owned()),
        };
        if tree.stack_out != StackOut::Skip {
            stack.push(number);
        }
        let (registers, pushes) = (Registers::of(profiles.iter()), tree.stack_out);
        branches.push(Branch { registers, takes, pushes, threshold: tree.threshold });
    }
    match branches.pop() {
        Some(Branch { threshold: ThresholdMode::SpikeAndReset, takes, .. }) => Ok(Branches { leaves: branches, takes }),
        _ => Err("the soma does not spike".to_owned()),
    }
}

/// Computes a step of all compartments; `registers`, `soma` and `row` are those of the soma, `leaves` the others, at the elements
/// of the step from `first` on. Biases enter the first compartment.
///
/// # Panics
/// The lengths do not meet.
pub fn step(
    registers: &Registers,
    Branches { leaves: below, takes }: &Branches,
    leaves: &mut [Leaf],
    first: usize,
    soma: &mut State,
    row: &mut Row<'_>,
    derivatives: Option<Derivatives>,
) {
    let mut entering = vec![0_i32; row.sums.len()];
    for (number, branch) in below.iter().enumerate() {
        let (before, own) = leaves.split_at_mut(number);
        let Some(leaf) = own.first_mut() else { return };
        if number == 0 {
            // The stack is empty, and only this compartment has a bias.
            entering.iter_mut().zip(row.biases.iter().cycle()).for_each(|(own, bias)| *own = *bias);
        } else {
            take(&mut entering, before, &branch.takes);
        }
        match derivatives {
            None => Arch::new().dispatch(LeafStep::<false> { branch, leaf, entering: &entering, first }),
            Some(_) => Arch::new().dispatch(LeafStep::<true> { branch, leaf, entering: &entering, first }),
        }
    }
    take(&mut entering, leaves, takes);
    let mut row = Row {
        sums: row.sums,
        biases: &entering,
        spikes: &mut *row.spikes,
        slopes: &mut *row.slopes,
        keeps: &mut *row.keeps,
    };
    arithmetic::step(registers, soma, &mut row, derivatives);
}

/// Sums the operands of the leaves at these places.
fn take(entering: &mut [i32], leaves: &[Leaf], takes: &[usize]) {
    entering.fill(0);
    for place in takes {
        entering.iter_mut().zip(&leaves[*place].operands).for_each(|(own, operand)| *own = own.wrapping_add(*operand));
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
    leaf.operands.resize(entering.len(), 0);
    for (row, entering) in entering.chunks_exact(n.max(1)).enumerate() {
        let own = row * n..(row + 1) * n;
        let of_step = first + row * n..first + (row + 1) * n;
        let (u, v) = (&mut leaf.state.u[own.clone()][..n], &mut leaf.state.v[own.clone()][..n]);
        let (left, operands) = (&mut leaf.state.waits[own.clone()][..n], &mut leaf.operands[own][..n]);
        let sums = &leaf.sums[of_step.clone()][..n];
        let (of_step, wanted) = if WANTED { (of_step, n) } else { (0..0, 0) };
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
            if WANTED {
                let follows = if is_waiting || held != free { 0.0 } else { 1.0 };
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
    leaves: &mut [Leaf],
    first: usize,
    soma: &mut Adjoint,
    row: &mut adjoint::Row<'_>,
) {
    let mut drives = vec![0.0_f32; row.sums.len()];
    for leaf in &mut *leaves {
        leaf.by_operands.clear();
        leaf.by_operands.resize(drives.len(), 0.0);
    }
    adjoint::step_with_drives(registers, soma, row, &mut drives);
    give(&drives, leaves, takes);
    for (number, branch) in below.iter().enumerate().rev() {
        let (before, own) = leaves.split_at_mut(number);
        let Some(leaf) = own.first_mut() else { return };
        Arch::new().dispatch(LeafBack { branch, leaf, drives: &mut drives, first });
        give(&drives, before, &branch.takes);
    }
}

/// Adds the derivatives by what entered a voltage to those by the operands of which it was the sum.
fn give(drives: &[f32], leaves: &mut [Leaf], takes: &[usize]) {
    for place in takes {
        leaves[*place].by_operands.iter_mut().zip(drives).for_each(|(own, drive)| *own += drive);
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

/// A step of a leaf backward, from the derivatives by its operands; leaves those by what entered its voltage.
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
        let (by_operands, sums) = (&leaf.by_operands[own][..n], &mut leaf.sums[of_step.clone()][..n]);
        let (passes, keeps) = (&leaf.passes[of_step.clone()][..n], &leaf.keeps[of_step][..n]);
        for at in 0..n {
            let voltage = passes[at] * (of_voltage * by_operands[at]) + keeps[at] * by_v[at];
            let current = voltage + of_current * by_operands[at] + by_u[at];
            drives[at] = voltage;
            sums[at] = 64.0 * current;
            by_v[at] = voltage * (keep_v[at] as f32 / 4096.0);
            by_u[at] = current * (keep_u[at] as f32 / 4096.0);
        }
    }
}
