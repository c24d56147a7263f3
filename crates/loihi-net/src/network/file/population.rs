//! Populations of the TOML form.

use super::InvalidValue;
use super::drawn::Draws;
use super::form::{CompartmentForm, HomeostasisForm, NoiseForm, PopulationForm};
use super::values::{Numbers, WeightsForm, array, shape};
use crate::network::{Bias, Each, Network, PeriodicReset, Population, size, units};
use loihi_core::image::{Homeostasis, Noise, Profile, Tree};
use loihi_core::num::{BiasExponent, BiasMantissa, Decay, OutOfRange, Refractory, ThresholdMantissa, Voltage};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// What the registers of a population are read with.
struct Reader<'r> {
    dt_us: u64,
    /// Of the network.
    seed: u32,
    /// Populations before this one.
    number: usize,
    folder: &'r Path,
    neurons: usize,
}

/// The population of a table.
pub(super) fn population(network: &Network, form: &PopulationForm, folder: &Path) -> Result<Population, InvalidValue> {
    let shape = match &form.shape {
        Some(form) => shape(form)?,
        None if network.classes > 0 => vec![network.classes as usize],
        None => {
            let what = "a population without `shape` has a neuron for each class of the data, and there are none: give its shape";
            return Err(InvalidValue::new(form.name.span(), what));
        }
    };
    let (seed, number) = (network.seed, network.populations.len());
    let reader = Reader { dt_us: network.dt_us, seed, number, folder, neurons: size(&shape) };
    let compartments = if form.compartment.is_empty() {
        vec![reader.profiles(&own(form))?]
    } else {
        own_registers(form)?;
        form.compartment.iter().map(|form| reader.profiles(form.get_ref())).collect::<Result<_, _>>()?
    };
    let bias = reader.bias(form)?;
    let v_start = reader.register(form.v_start.as_ref(), 0, false, |value| Voltage::new(value).map(|_| value))?;
    let reset = reset(form)?;
    Ok(Population { name: form.name.get_ref().clone(), shape, compartments, bias, v_start, reset })
}

/// The periodic reset of the neurons.
fn reset(form: &PopulationForm) -> Result<Option<PeriodicReset>, InvalidValue> {
    let offset = form.reset_offset_steps.as_ref();
    match (&form.reset_interval_steps, offset) {
        (None, None) => Ok(None),
        (None, Some(offset)) => {
            Err(InvalidValue::new(offset.span(), "`reset_offset_steps` has a meaning only with `reset_interval_steps`"))
        }
        (Some(interval), _) => Ok(Some(PeriodicReset {
            interval_steps: *interval.get_ref(),
            offset_steps: offset.map_or(0, |offset| *offset.get_ref()),
        })),
    }
}

/// The registers of a population whose neurons have one compartment.
fn own(form: &PopulationForm) -> CompartmentForm {
    CompartmentForm {
        decay_u: form.decay_u.clone(),
        decay_v: form.decay_v.clone(),
        v_th: form.v_th.clone(),
        refractory: form.refractory.clone(),
        v_min: form.v_min.clone(),
        v_max: form.v_max.clone(),
        noise: form.noise.clone(),
        homeostasis: form.homeostasis.clone(),
        stack_in: None,
        stack_out: None,
        join: None,
        threshold: None,
    }
}

/// Refuses registers of a population whose compartments have their own.
fn own_registers(form: &PopulationForm) -> Result<(), InvalidValue> {
    match form.register() {
        Some(given) => {
            Err(InvalidValue::new(given, "give registers either here or in each [[population.compartment]]"))
        }
        None => Ok(()),
    }
}

impl Reader<'_> {
    fn profiles(&self, form: &CompartmentForm) -> Result<Each<Profile>, InvalidValue> {
        let decay_u = self.register(form.decay_u.as_ref(), Profile::DEFAULT.decay_u, true, |value| {
            Decay::new(value).map(Decay::get)
        })?;
        let decay_v = self.register(form.decay_v.as_ref(), Profile::DEFAULT.decay_v, true, |value| {
            Decay::new(value).map(Decay::get)
        })?;
        let v_th = self.register(form.v_th.as_ref(), 0, false, |value| {
            ThresholdMantissa::new(value).map(ThresholdMantissa::threshold)
        })?;
        let refractory =
            self.register(form.refractory.as_ref(), 1, false, |value| Refractory::new(value).map(Refractory::get))?;
        let plain = Profile {
            v_min: voltage(form.v_min.as_ref(), Voltage::MIN)?,
            v_max: voltage(form.v_max.as_ref(), Voltage::MAX)?,
            noise: form.noise.as_ref().map(noise).transpose()?,
            homeostasis: form.homeostasis.as_ref().map(homeostasis).transpose()?,
            tree: Tree {
                stack_in: form.stack_in.map_or(Tree::NONE.stack_in, Into::into),
                stack_out: form.stack_out.map_or(Tree::NONE.stack_out, Into::into),
                join: form.join.map_or(Tree::NONE.join, Into::into),
                threshold: form.threshold.map_or(Tree::NONE.threshold, Into::into),
            },
            ..Profile::DEFAULT
        };
        let at = |neuron: usize| {
            Some(Profile {
                decay_u: *decay_u.get(neuron)?,
                decay_v: *decay_v.get(neuron)?,
                v_th: *v_th.get(neuron)?,
                refractory: *refractory.get(neuron)?,
                ..plain
            })
        };
        let uniform = [&decay_u, &decay_v, &v_th, &refractory].iter().all(|each| matches!(each, Each::Same(_)));
        let neurons = if uniform { 1 } else { self.neurons };
        Ok(Each::of((0..neurons).filter_map(at).collect()))
    }

    /// One value for all neurons or one for each, within the register.
    fn register(
        &self,
        form: Option<&Spanned<Numbers>>,
        default: i32,
        is_decay: bool,
        within: impl Fn(i32) -> Result<i32, OutOfRange>,
    ) -> Result<Each<i32>, InvalidValue> {
        let Some(form) = form else { return Ok(Each::Same(default)) };
        let span = form.span();
        let within = |value: i64| {
            let value = i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX });
            within(value).map_err(|error| InvalidValue::new(span.clone(), error.to_string()))
        };
        match form.get_ref() {
            Numbers::One(value) => within(*value).map(Each::Same),
            Numbers::Many(values) => self.every(&span, values, within),
            Numbers::Text(text) if text.contains(':') => {
                let (_, values) = array(&Spanned::new(span.clone(), text.clone()), self.folder)?;
                self.every(&span, &values, within)
            }
            Numbers::Text(text) if is_decay => {
                let decay = units::decay(text, self.dt_us)
                    .map_err(|error| InvalidValue::new(span.clone(), error.to_string()))?;
                within(decay).map(Each::Same)
            }
            Numbers::Text(text) => {
                Err(InvalidValue::new(span.clone(), format!("`{text}` is a text; this register takes whole numbers")))
            }
        }
    }

    fn every<T>(
        &self,
        span: &Range<usize>,
        values: &[i64],
        within: impl Fn(i64) -> Result<T, InvalidValue>,
    ) -> Result<Each<T>, InvalidValue> {
        if values.len() != self.neurons {
            let what = format!("{} values, but there are {} neurons", values.len(), self.neurons);
            return Err(InvalidValue::new(span.clone(), what));
        }
        values.iter().map(|value| within(*value)).collect::<Result<_, _>>().map(Each::Every)
    }

    /// What a bias is given by, drawn if it says so.
    fn bias_numbers(&self, form: &Spanned<WeightsForm>) -> Result<Spanned<Numbers>, InvalidValue> {
        let span = form.span();
        let numbers = match form.get_ref() {
            WeightsForm::One(value) => Numbers::One(*value),
            WeightsForm::Many(_, values) => Numbers::Many(values.clone()),
            WeightsForm::Text(text) => Numbers::Text(text.clone()),
            WeightsForm::Drawn(from) => {
                // Other words than those of connections.
                let number = u32::try_from(self.number).unwrap_or(u32::MAX) ^ 0x8000_0000;
                let limits = [BiasMantissa::MIN, BiasMantissa::MAX].map(i64::from);
                let (step, what) = (1, "biases");
                let draws = Draws { seed: self.seed, number, sources: 1, is_recurrent: false, step, limits, what };
                Numbers::Many(draws.numbers(self.neurons, *from, &span)?)
            }
        };
        Ok(Spanned::new(span, numbers))
    }

    fn bias(&self, form: &PopulationForm) -> Result<Each<Bias>, InvalidValue> {
        if let Some(exponent) = form.bias_exp.as_ref().filter(|_| form.bias.is_none()) {
            return Err(InvalidValue::new(exponent.span(), "`bias_exp` has a meaning only with `bias`"));
        }
        let given = form.bias.as_ref().map(|form| self.bias_numbers(form)).transpose()?;
        let mantissa =
            self.register(given.as_ref(), 0, false, |value| BiasMantissa::new(value).map(BiasMantissa::get))?;
        let exponent =
            self.register(form.bias_exp.as_ref(), 0, false, |value| BiasExponent::new(value).map(BiasExponent::get))?;
        let bias = |mantissa: i32, exponent: i32| Bias {
            mantissa: BiasMantissa::saturating(mantissa),
            exponent: BiasExponent::saturating(exponent),
        };
        if let (Each::Same(mantissa), Each::Same(exponent)) = (&mantissa, &exponent) {
            return Ok(Each::Same(bias(*mantissa, *exponent)));
        }
        let at = |neuron| Some(bias(*mantissa.get(neuron)?, *exponent.get(neuron)?));
        Ok(Each::Every((0..self.neurons).filter_map(at).collect()))
    }
}

fn voltage(form: Option<&Spanned<i64>>, default: i32) -> Result<i32, InvalidValue> {
    let Some(form) = form else { return Ok(default) };
    let value = i32::try_from(*form.get_ref()).unwrap_or(i32::MIN);
    Voltage::new(value).map(Voltage::get).map_err(|error| InvalidValue::new(form.span(), error.to_string()))
}

fn noise(form: &Spanned<NoiseForm>) -> Result<Noise, InvalidValue> {
    let NoiseForm { at, exponent, offset } = *form.get_ref();
    if exponent > Noise::EXPONENT_MAX || offset.abs() > Noise::OFFSET_MAX {
        let what = format!("noise has exponents 0..={} and offsets ±{}", Noise::EXPONENT_MAX, Noise::OFFSET_MAX);
        return Err(InvalidValue::new(form.span(), what));
    }
    Ok(Noise { at: at.into(), exponent, offset })
}

fn homeostasis(form: &Spanned<HomeostasisForm>) -> Result<Homeostasis, InvalidValue> {
    let HomeostasisForm { gain, a_min, a_max, impulse, decay, epoch_steps } = *form.get_ref();
    let activity = 0..=Homeostasis::ACTIVITY_MAX;
    let valid = (0..=Homeostasis::GAIN_MAX).contains(&gain)
        && [a_min, a_max, impulse].iter().all(|value| activity.contains(value))
        && (0..=4096).contains(&decay)
        && (1..=64).contains(&epoch_steps);
    if !valid {
        let what = "gain, a_min, a_max and impulse are 0..=127, decay 0..=4096, epoch_steps 1..=64";
        return Err(InvalidValue::new(form.span(), what));
    }
    Ok(Homeostasis { gain, a_min, a_max, impulse, decay, epoch_steps })
}
