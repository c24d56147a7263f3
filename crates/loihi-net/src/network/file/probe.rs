//! Probes of the TOML form.

use super::InvalidValue;
use super::form::ProbeForm;
use crate::probe::{Probe, ProbeError, ProbeTarget, register};

/// The probe of a table.
pub(super) fn probe(form: &ProbeForm) -> Result<Probe, InvalidValue> {
    let name = &form.register;
    let register = register(name.get_ref()).map_err(|error| InvalidValue::new(name.span(), error.to_string()))?;
    let compartment = form.compartment.as_ref().map(|compartment| *compartment.get_ref());
    let of = form.of.as_ref().map(|of| ProbeTarget { population: of.get_ref().clone(), compartment });
    if let Some(compartment) = form.compartment.as_ref().filter(|_| of.is_none()) {
        return Err(InvalidValue::new(compartment.span(), ProbeError::Compartment.to_string()));
    }
    let elements = form.elements.as_ref().map(|elements| {
        let [first, end] = *elements.get_ref();
        if first < end {
            Ok(first..end)
        } else {
            Err(InvalidValue::new(elements.span(), "give [FIRST, END], END after FIRST"))
        }
    });
    let every = form.every.as_ref().map_or(1, |every| *every.get_ref());
    let to = form.to.as_ref().map_or(u64::MAX, |to| *to.get_ref());
    let probe = Probe { of, register, elements: elements.transpose()?, every, window: form.from.unwrap_or(0)..to };
    probe.check().map_err(|error| {
        let timing = form.every.as_ref().map(toml::Spanned::span).or(form.to.as_ref().map(toml::Spanned::span));
        let timing = timing.filter(|_| matches!(error, ProbeError::Empty | ProbeError::SparseSpikes));
        InvalidValue::new(timing.unwrap_or_else(|| name.span()), error.to_string())
    })?;
    Ok(probe)
}
