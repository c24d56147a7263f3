//! The compartments of a population's neurons: what each takes from the stack and pushes, and the buffers of a batch.

use crate::adjoint::Adjoint;
use crate::arithmetic::{Registers, State};
use crate::join::{Joined, Pushed, Route};
use loihi_core::image::{Join, Profile, StackOut, ThresholdMode, Tree};

/// A compartment below the soma, for all neurons of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Registers that stay.
    pub registers: Registers,
    /// What it takes of others.
    pub takes: Joined,
    /// What it pushes.
    pub pushes: StackOut,
    /// What happens above its threshold.
    pub threshold: ThresholdMode,
}

/// The compartments below the soma, and the operands of the soma; empty for neurons of one compartment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branches {
    /// Compartments below the soma, in their order.
    pub leaves: Vec<Branch>,
    /// What the soma takes.
    pub takes: Joined,
}

/// The buffers of a leaf for a batch; those of the soma are in the trail of its population.
#[derive(Debug, Default)]
pub struct Leaf {
    /// Sums; backward, the derivative of the loss by them.
    pub sums: Vec<f32>,
    /// The derivative of the voltage that is kept with respect to the one before the threshold.
    pub keeps: Vec<f32>,
    /// The derivative of the voltage that is pushed with respect to the one before the threshold.
    pub passes: Vec<f32>,
    /// Derivatives of the join, unless it is a sum.
    pub routes: Vec<Route>,
    /// Registers that a step changes.
    pub state: State,
    /// Derivatives on their way to earlier steps.
    pub adjoint: Adjoint,
    /// Backward, the derivative of the loss by a bias, over all steps.
    pub by_biases: Vec<f32>,
    /// What it hands on in the current step.
    pub pushed: Pushed,
    /// The derivative of the loss by what it hands on.
    pub by_operands: Vec<f32>,
    /// The derivative of the loss by its voltage, through gates.
    pub by_gates: Vec<f32>,
}

/// The buffers of a soma that joins compartments, besides those of every neuron.
#[derive(Debug, Default)]
pub struct Soma {
    /// As [`Leaf::routes`].
    pub routes: Vec<Route>,
    /// Backward, the derivative of the loss by what enters the voltage.
    pub by_drives: Vec<f32>,
}

impl Branches {
    /// Whether neurons are of one compartment, which joins nothing.
    pub fn is_plain(&self) -> bool {
        self.leaves.is_empty() && self.takes.adds()
    }

    /// Whether a compartment opens or shuts what another takes.
    pub fn has_gates(&self) -> bool {
        let mut all = self.leaves.iter().map(|leaf| &leaf.takes).chain([&self.takes]);
        all.any(|takes| matches!(takes.join, Join::Pass | Join::Block))
    }

    /// Sizes the buffers for a batch: `width` elements in a step, `wanted` elements in all steps that need derivatives.
    pub fn rest(&self, leaves: &mut [Leaf], soma: &mut Soma, [width, wanted]: [usize; 2]) {
        let routed = |takes: &Joined| if takes.adds() { 0 } else { wanted };
        for (leaf, branch) in leaves.iter_mut().zip(&self.leaves) {
            let n = branch.registers.len();
            leaf.state.rest(width / n.max(1), &vec![0; n]);
            leaf.keeps.resize(wanted, 0.0);
            leaf.passes.resize(wanted, 0.0);
            leaf.routes.resize(routed(&branch.takes), Route::default());
        }
        soma.routes.resize(routed(&self.takes), Route::default());
        soma.by_drives.resize(if self.is_plain() { 0 } else { wanted }, 0.0);
    }

    /// Clears the derivatives before the last step, the first one backward.
    pub fn clear(leaves: &mut [Leaf], width: usize) {
        for leaf in leaves {
            leaf.adjoint.clear(width);
            leaf.by_biases.clear();
            leaf.by_biases.resize(width, 0.0);
        }
    }
}

/// The branches of profiles, leaves first and the soma last, each with one for every neuron.
///
/// # Errors
/// What is not trained.
pub fn branches(compartments: &[Vec<Profile>]) -> Result<Branches, String> {
    let (mut stack, mut branches): (Vec<usize>, Vec<Branch>) = (Vec::new(), Vec::new());
    for (number, profiles) in compartments.iter().enumerate() {
        let tree = profiles.first().map_or(Tree::NONE, |profile| profile.tree);
        let takes = Joined::take(&tree, &mut stack);
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
