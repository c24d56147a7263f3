//! Which networks can be gone back through as `[train]` says: `backward` and `surrogate`.

use crate::layers::{Neurons, Synapses};
use crate::settings::TrainForm;
use loihi_adjoint::rate::Backward;
use loihi_adjoint::surrogate::Surrogate;

/// Refuses neurons and connections that cannot be gone back through; `groups` are populations that reach each other.
pub(crate) fn check(
    form: &TrainForm,
    neurons: &[Neurons],
    synapses: &[Synapses],
    groups: &[Vec<usize>],
) -> Result<(), String> {
    check_compartments(form, neurons)?;
    if form.backward == Backward::Rate { check_rates(neurons, synapses, groups) } else { Ok(()) }
}

/// Refuses neurons of several compartments that cannot be trained as the file says.
fn check_compartments(form: &TrainForm, neurons: &[Neurons]) -> Result<(), String> {
    let by_steps = form.backward == Backward::Time;
    if let Some(own) = neurons.iter().find(|own| !by_steps && !own.branches.is_plain()) {
        let (name, key) = (&own.name, form.backward.key());
        return Err(format!("`{name}` has several compartments: take out backward = \"{key}\" in [train]"));
    }
    if form.surrogate != Surrogate::LastSpike {
        return Ok(());
    }
    match neurons.iter().find(|own| own.branches.has_gates()) {
        Some(own) => Err(format!(
            "`{}` has gates, whose compartments do not spike: take out surrogate = \"last-spike\" in [train]",
            own.name
        )),
        None => Ok(()),
    }
}

/// Refuses networks that cannot be trained by rates.
fn check_rates(neurons: &[Neurons], synapses: &[Synapses], groups: &[Vec<usize>]) -> Result<(), String> {
    let is_inside = |own: &&Synapses| groups.iter().any(|group| own.is_within(group));
    if let Some(own) = synapses.iter().find(is_inside) {
        let name = &neurons[own.to].name;
        return Err(format!("`{name}` is recurrent, which takes steps: take out backward = \"rate\" in [train]"));
    }
    Ok(())
}
