//! Connections of the TOML form.

use super::form::{ConnectionForm, LearningForm, TraceForm};
use super::values::{Numbers, array, own};
use super::weights::{Ends, weights};
use super::{InvalidValue, population_of};
use crate::network::{Connection, Each, Endpoint, Learning, Network, Signs, TraceShape, Weights};
use loihi_core::num::{Delay, WeightExponent};
use std::path::Path;
use toml::Spanned;

/// The connection of a table.
pub(super) fn connection(network: &Network, form: &ConnectionForm, folder: &Path) -> Result<Connection, InvalidValue> {
    if let Some((key, span)) = form.without_effect() {
        let what = format!("`{key}` has no meaning for this `kind` of connection");
        return Err(InvalidValue::new(span, what));
    }
    let from = network.find(form.from.get_ref()).ok_or_else(|| {
        let inputs = network.inputs.iter().map(|input| input.name.as_str());
        let names: Vec<&str> = inputs.chain(network.populations.iter().map(|own| own.name.as_str())).collect();
        let what = format!("unknown input or population `{}`; there are: {}", form.from.get_ref(), names.join(", "));
        InvalidValue::new(form.from.span(), what)
    })?;
    let to = population_of(network, &form.to)?;
    let signs = form.signs.map_or(Signs::Mixed, Into::into);
    let wgt_exp = form.wgt_exp.as_ref().map_or(Ok(WeightExponent::saturating(0)), |form| {
        let value = i32::try_from(*form.get_ref()).unwrap_or(i32::MAX);
        WeightExponent::new(value).map_err(|error| InvalidValue::new(form.span(), error.to_string()))
    })?;
    let ends = Ends {
        from: network.shape_of(from),
        to: network.shape_of(Endpoint::Population(to)),
        is_recurrent: from == Endpoint::Population(to),
    };
    let seed = [network.seed, u32::try_from(network.connections.len()).unwrap_or(u32::MAX)];
    Ok(Connection {
        compartment: form.compartment.unwrap_or(0),
        weights: weights(form, folder, ends, signs, seed)?,
        wgt_exp,
        signs,
        weight_bits: form.weight_bits.as_ref().map_or(8, |bits| *bits.get_ref()),
        delay: delay(form.delay.as_ref(), folder)?,
        learning: form.learning.as_ref().map(|form| learning(form.get_ref())).transpose()?,
        ..Connection::new(from, Endpoint::Population(to), Weights::Dense(Vec::new()))
    })
}

fn delay(form: Option<&Spanned<Numbers>>, folder: &Path) -> Result<Each<Delay>, InvalidValue> {
    let Some(form) = form else { return Ok(Each::Same(Delay::saturating(0))) };
    let span = form.span();
    let one = |value: i64| {
        let value = i32::try_from(value).unwrap_or(i32::MAX);
        Delay::new(value).map_err(|error| InvalidValue::new(span.clone(), error.to_string()))
    };
    let values = match form.get_ref() {
        Numbers::One(value) => return one(*value).map(Each::Same),
        Numbers::Many(values) => values.clone(),
        Numbers::Text(text) => array(&Spanned::new(span.clone(), text.clone()), folder)?.1,
    };
    values.into_iter().map(one).collect::<Result<_, _>>().map(Each::Every)
}

fn learning(form: &LearningForm) -> Result<Learning, InvalidValue> {
    let traces = [&form.x1, &form.x2, &form.y1, &form.y2, &form.y3];
    let mut shapes = [None; 5];
    for (shape, form) in shapes.iter_mut().zip(traces) {
        *shape = form.as_ref().map(trace).transpose()?;
    }
    let rule = form.rule.get_ref().trim();
    if rule.is_empty() {
        let what = "an empty rule: write \"dw = ...\", or leave the weights to a `[[snip]]`";
        return Err(InvalidValue::new(form.rule.span(), what));
    }
    let learning = Learning::new(form.rule.get_ref().clone()).epoch_steps(own(form.epoch_steps.as_ref(), 1));
    let signed_by_profile = form.signed_by_profile.unwrap_or(false);
    Ok(Learning { traces: shapes, signed_by_profile, ..learning })
}

fn trace(form: &Spanned<TraceForm>) -> Result<TraceShape, InvalidValue> {
    let TraceForm { impulse, tau_steps } = *form.get_ref();
    let tau = tau_steps.unwrap_or(0.0) * 1000.0;
    if !(0..=127).contains(&impulse) || !(0.0..=4e9).contains(&tau) {
        return Err(InvalidValue::new(form.span(), "a trace has an impulse of 0..=127 and a tau_steps of 0 or more"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    Ok(TraceShape::new(impulse, tau.round() as u32))
}
