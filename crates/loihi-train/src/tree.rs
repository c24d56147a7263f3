//! Neurons of several compartments, forward and backward: leaves hand currents or voltages to the soma, which spikes.
//!
//! As [`loihi_core::compartment::tree`] has it, for joins that add. Forward, a compartment adds what it takes from the stack to
//! its own input; backward, what it took gets the derivative by its drive.

use crate::adjoint::Adjoint;
use crate::arithmetic::{Derivatives, Registers, Row, State, current, decayed, slope, waits};
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
#[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
pub fn step(
    registers: &Registers,
    Branches { leaves: below, takes }: &Branches,
    leaves: &mut [Leaf],
    first: usize,
    soma: &mut State,
    row: &mut Row<'_>,
    derivatives: Option<Derivatives>,
) {
    let n = registers.len();
    let mut operands = vec![0; below.len()];
    for at in 0..row.sums.len() {
        let neuron = at % n;
        let bias = row.biases[if row.biases.len() == n { neuron } else { at }];
        for (number, (branch, leaf)) in below.iter().zip(&mut *leaves).enumerate() {
            let own_bias = if number == 0 { bias } else { 0 };
            let taken = branch.takes.iter().map(|place| operands[*place]).fold(0, i32::wrapping_add);
            let turn = Turn { registers: &branch.registers, neuron, at, bias: own_bias, taken };
            let voltage = turn.voltage(leaf.sums[first + at], &mut leaf.state);
            let above = voltage.value > branch.registers.v_th[neuron];
            let [stays, passed] = match (branch.threshold, above) {
                (ThresholdMode::SpikeAndReset, true) => [0, 0],
                (ThresholdMode::SpikeAndReset, false) | (ThresholdMode::PassAbove, true) => [voltage.value; 2],
                (_, false) => [voltage.value, 0],
                (ThresholdMode::PassAboveAndSaturate, true) => [branch.registers.v_th[neuron], voltage.value],
            };
            leaf.state.v[at] = stays;
            let spikes = above && branch.threshold == ThresholdMode::SpikeAndReset;
            turn.count(spikes, &mut leaf.state);
            operands[number] = if branch.pushes == StackOut::PushU { leaf.state.u[at] } else { passed };
            if derivatives.is_some() {
                let keeps = !above || branch.threshold == ThresholdMode::PassAbove;
                let passes = above != (branch.threshold == ThresholdMode::SpikeAndReset);
                leaf.keeps[first + at] = if keeps { voltage.follows } else { 0.0 };
                leaf.passes[first + at] = if passes { voltage.follows } else { 0.0 };
            }
        }
        let taken = takes.iter().map(|place| operands[*place]).fold(0, i32::wrapping_add);
        // The bias enters the first leaf.
        let turn = Turn { registers, neuron, at, bias: 0, taken };
        let voltage = turn.voltage(row.sums[at], soma);
        let spikes = voltage.value > registers.v_th[neuron];
        soma.v[at] = if spikes { 0 } else { voltage.value };
        turn.count(spikes, soma);
        row.spikes[at] = f32::from(u8::from(spikes));
        if let Some(own) = derivatives {
            let Before { value, follows } = voltage;
            let slope = slope(value, registers.v_th[neuron], follows, own.width, |x| own.surrogate.at(x));
            let through = if own.through_reset { slope * value as f32 } else { 0.0 };
            row.slopes[at] = slope;
            row.keeps[at] = if spikes { 0.0 } else { follows } - through;
        }
    }
}

/// A compartment in its turn.
struct Turn<'r> {
    registers: &'r Registers,
    neuron: usize,
    at: usize,
    bias: i32,
    /// What it has taken from the stack.
    taken: i32,
}

/// A voltage before the threshold, and its derivative by what drives it.
struct Before {
    value: i32,
    follows: f32,
}

impl Turn<'_> {
    fn voltage(&self, sum: f32, state: &mut State) -> Before {
        let Self { registers, neuron, at, bias, taken } = self;
        let u = current(state.u[*at], registers.keep_u[*neuron], sum);
        state.u[*at] = u;
        let drive = wrap_signed(wrap_signed(u.wrapping_add(*bias), 23).wrapping_add(*taken), 23);
        let free = decayed(state.v[*at], registers.keep_v[*neuron]).wrapping_add(drive);
        let held = free.max(registers.v_min[*neuron]).min(registers.v_max[*neuron]);
        let waits = state.waits[*at] > 0;
        Before { value: if waits { 0 } else { held }, follows: f32::from(u8::from(!waits && held == free)) }
    }

    fn count(&self, spikes: bool, state: &mut State) {
        let left = &mut state.waits[self.at];
        *left = waits(*left, self.registers.refractory[self.neuron], spikes);
    }
}

/// Goes a step back, as [`crate::adjoint::step`] does.
///
/// # Panics
/// The lengths do not meet.
#[expect(clippy::cast_precision_loss, reason = "at most 4096")]
pub fn back(
    registers: &Registers,
    Branches { leaves: below, takes }: &Branches,
    leaves: &mut [Leaf],
    first: usize,
    soma: &mut Adjoint,
    row: &mut crate::adjoint::Row<'_>,
) {
    let n = registers.len();
    let keep = |kept: &[i32], neuron: usize| kept[neuron] as f32 / 4096.0;
    let mut by_operands = vec![0.0_f32; below.len()];
    for at in 0..row.sums.len() {
        let neuron = at % n;
        by_operands.fill(0.0);
        let voltage = row.slopes[at] * row.spikes[at] + row.keeps[at] * soma.v[at];
        let current = voltage + soma.u[at];
        row.sums[at] = 64.0 * current;
        soma.v[at] = voltage * keep(&registers.keep_v, neuron);
        soma.u[at] = current * keep(&registers.keep_u, neuron);
        for place in takes {
            by_operands[*place] += voltage;
        }
        for (number, (branch, leaf)) in below.iter().zip(&mut *leaves).enumerate().rev() {
            let pushed = by_operands[number];
            let [by_voltage, by_current] = match branch.pushes {
                StackOut::Skip => [0.0, 0.0],
                StackOut::Push => [pushed, 0.0],
                StackOut::PushU => [0.0, pushed],
            };
            let voltage = leaf.passes[first + at] * by_voltage + leaf.keeps[first + at] * leaf.adjoint.v[at];
            let current = voltage + by_current + leaf.adjoint.u[at];
            leaf.sums[first + at] = 64.0 * current;
            leaf.adjoint.v[at] = voltage * keep(&branch.registers.keep_v, neuron);
            leaf.adjoint.u[at] = current * keep(&branch.registers.keep_u, neuron);
            branch.takes.iter().for_each(|place| by_operands[*place] += voltage);
        }
    }
}
