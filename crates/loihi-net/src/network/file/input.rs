//! Inputs of the TOML form.

use super::form::InputForm;
use super::values::{Numbers, WeightsForm, array, is_rows, shape};
use super::{InvalidValue, population_of};
use crate::network::{Encoding, Entry, Input, Network, Population, Weighted};
use loihi_core::num::BiasExponent;
use std::path::Path;
use toml::Spanned;

/// The input of a table.
pub(super) fn input(
    network: &Network,
    form: &InputForm,
    of_data: Option<&[usize]>,
    folder: &Path,
) -> Result<Input, InvalidValue> {
    let name = form.name.get_ref().clone();
    if let Some((key, span)) = form.without_effect() {
        let kind = if matches!(key, "gain" | "offset") { "bias_of" } else { "weighted_for" };
        return Err(InvalidValue::new(span, format!("`{key}` has a meaning only with `{kind}`")));
    }
    match (&form.shape, &form.bias_of, &form.weighted_for) {
        (Some(own), None, None) => {
            Ok(Input { encoding: encoding(form), ..Input::new(name, &shape(own)?, Entry::Spikes) })
        }
        (None, None, None) => {
            let what = "an input without `shape` takes that of the data, and there are none: give its shape";
            let shape = of_data.ok_or_else(|| InvalidValue::new(form.name.span(), what))?;
            Ok(Input { encoding: encoding(form), ..Input::new(name, shape, Entry::Spikes) })
        }
        (None, Some(population), None) => {
            let at = population_of(network, population)?;
            let shape = network.populations.get(at).map(|population| population.shape.clone()).unwrap_or_default();
            let offset = form.offset.as_ref().map(|offset| *offset.get_ref());
            let entry = Entry::Bias { population: at, gain_q16: gain_q16(form)?, offset: offset.unwrap_or(0) };
            Ok(Input { encoding: encoding(form), ..Input::new(name, &shape, entry) })
        }
        (Some(own), None, Some(population)) => {
            let at = population_of(network, population)?;
            let neurons = network.populations.get(at).map_or(0, Population::neurons);
            let entry = Entry::Weighted(weighted(form, (at, neurons), folder)?);
            Ok(Input { encoding: encoding(form), ..Input::new(name, &shape(own)?, entry) })
        }
        _ => Err(InvalidValue::new(
            form.name.span(),
            "an input has a `shape`, and sends spikes; or `bias_of`, and sets the biases of that population; or a `shape`, \
             `weighted_for` and `gains`, and sets them to weighted sums",
        )),
    }
}

/// How samples become spikes; the network's check says which keys have no effect.
fn encoding(form: &InputForm) -> Encoding {
    Encoding {
        coding: form.coding.as_ref().map(|word| (*word.get_ref()).into()),
        threshold: form.threshold.as_ref().map(|threshold| *threshold.get_ref()),
        time: form.time.as_ref().map(|word| (*word.get_ref()).into()),
        seed: form.seed.as_ref().map(|seed| *seed.get_ref()),
    }
}

fn gain_q16(form: &InputForm) -> Result<i32, InvalidValue> {
    let Some(gain) = &form.gain else { return Ok(1 << 16) };
    let scaled = gain.get_ref() * 65_536.0;
    if scaled.abs() > f64::from(i32::MAX) || scaled.is_nan() {
        return Err(InvalidValue::new(gain.span(), "a gain is within ±32,767"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    Ok(scaled.round() as i32)
}

fn weighted(form: &InputForm, (population, neurons): (usize, usize), folder: &Path) -> Result<Weighted, InvalidValue> {
    let narrow = |values: Vec<i64>, span: std::ops::Range<usize>| -> Result<Vec<i32>, InvalidValue> {
        let narrow: Result<_, _> = values.into_iter().map(i32::try_from).collect();
        narrow.map_err(|_| InvalidValue::new(span, "a number is beyond 32 bits"))
    };
    let missing =
        || InvalidValue::new(form.name.span(), "weighted sums take `gains`, rows of a neuron's weights in 1/4096");
    let gains = form.gains.as_ref().ok_or_else(missing)?;
    let (shape, numbers) = match gains.get_ref() {
        WeightsForm::Many(shape, values) => (shape.clone(), values.clone()),
        WeightsForm::Text(text) => array(&Spanned::new(gains.span(), text.clone()), folder)?,
        _ => return Err(missing()),
    };
    let values: usize = form.shape.as_ref().map_or(0, |shape| shape.get_ref().iter().product());
    if !is_rows(&shape, neurons, values) {
        let what =
            format!("gains of shape {shape:?}, but {neurons} neurons and {values} values take [{neurons}, {values}]");
        return Err(InvalidValue::new(gains.span(), what));
    }
    let gains = narrow(numbers, gains.span())?;
    let offsets = match form.offsets.as_ref().map(|offsets| (offsets.get_ref(), offsets.span())) {
        None => vec![0; neurons],
        Some((Numbers::One(value), span)) => narrow(vec![*value; neurons], span)?,
        Some((Numbers::Many(values), span)) => narrow(values.clone(), span)?,
        Some((Numbers::Text(text), span)) => narrow(array(&Spanned::new(span.clone(), text.clone()), folder)?.1, span)?,
    };
    let exponent = form.bias_exp.as_ref().map_or(Ok(BiasExponent::saturating(0)), |exponent| {
        BiasExponent::new(*exponent.get_ref()).map_err(|error| InvalidValue::new(exponent.span(), error.to_string()))
    })?;
    Ok(Weighted { population, gains, offsets, exponent })
}
