//! Lava's learning connections: epochs, tags, a third factor from outside; one draw a step for all elements.

use super::super::ConformError;
use super::super::json::Field;
use super::super::plastic::{Learning, PlasticGroup, PlasticSynapse, RecordedDraws, TraceParameters, Words};
use super::super::vector::Vector;
use super::brian::variable;
use super::{TRACES, constant, sign_mode, words};
use loihi_core::image::{Dependency, Dialect, Factor, ProductRecord, Rounding, Target};
use loihi_core::num::Purpose;
use loihi_core::register::Register;
use loihi_image::image::{Plasticity, Source, decay_table};

pub(super) fn read(vector: &mut Vector, root: &Field<'_>) -> Result<(), ConformError> {
    let (rule, plastic) = (root.at("rule")?, root.at("plastic")?);
    let wgt_exp: i32 = plastic.at("w_exp")?.number()?;
    if vector.skip.is_none() && wgt_exp < 0 {
        vector.skip =
            Some("Lava floors the sum of plastic weights with a negative exponent, not each weight".to_owned());
    }
    let external = rule.at("factors3")?.value.as_bool() == Some(true);
    let (stored, tags, delays) = (matrix(&plastic, "weights")?, matrix(&plastic, "tag_1")?, matrix(&plastic, "tag_2")?);
    let inputs = root.at("inputs")?;
    let sources: u32 = inputs.at("n")?.number()?;
    let group = plastic_group(&rule, &plastic, &stored, vector.inputs, external)?;
    // A spike is seen by the traces in the step in which it is emitted, by the compartments in the next.
    let emitted: Vec<Vec<u32>> = inputs.at("emitted")?.numbers_by_step()?;
    for (arrivals, spikes) in vector.arrivals.iter_mut().zip(&emitted) {
        arrivals.extend(spikes.iter().map(|input| vector.inputs + input));
    }
    vector.inputs += sources;
    vector.learning = Learning {
        recorded_draws: recorded_draws(&root.at("draws")?, group.plasticity.epoch_steps)?,
        start: vec![words(Register::T, transposed(&tags)), words(Register::D, transposed(&delays))],
        writes: if external { writes(&rule.at("ext_y")?, vector.steps)? } else { Vec::new() },
        expected: expected(&root.at("expect")?, vector.steps)?,
        groups: vec![group],
    };
    Ok(())
}

fn matrix(field: &Field<'_>, name: &str) -> Result<Vec<Vec<i32>>, ConformError> {
    field.at(name)?.numbers_by_step()
}

/// `[post][pre]` in the order of our synapses, axon after axon.
fn transposed(matrix: &[Vec<i32>]) -> Vec<i32> {
    let columns = matrix.first().map_or(0, Vec::len);
    (0..columns).flat_map(|pre| matrix.iter().filter_map(move |row| row.get(pre).copied())).collect()
}

fn plastic_group(
    rule: &Field<'_>,
    plastic: &Field<'_>,
    weights: &[Vec<i32>],
    first_input: u32,
    external: bool,
) -> Result<PlasticGroup, ConformError> {
    let weight_bits: u32 = plastic.at("num_weight_bits")?.number()?;
    let mode = sign_mode(&plastic.at("sign_mode")?)?;
    let lost = 8_u32.saturating_sub(weight_bits) + u32::from(mode == loihi_core::synapse::SignMode::Mixed);
    let (low, high) = match mode {
        loihi_core::synapse::SignMode::Mixed => (-256, 255),
        loihi_core::synapse::SignMode::Excitatory => (0, 255),
        loihi_core::synapse::SignMode::Inhibitory => (-255, 0),
    };
    // Once, at the beginning: floored to the precision, the magnitude in inhibitory mode.
    let stored = |weight: i32| {
        let clipped = weight.clamp(low, high);
        if high == 0 { -((-clipped >> lost) << lost) } else { (clipped >> lost) << lost }
    };
    let sources = weights.first().map_or(0, Vec::len);
    let axon = |pre: usize| {
        let synapses = (0..).zip(weights).filter_map(|(post, row)| {
            let mantissa = i16::try_from(stored(*row.get(pre)?)).ok()?;
            Some(PlasticSynapse { post, mantissa, delay: 1 })
        });
        (Source::Input(first_input + u32::try_from(pre).unwrap_or(u32::MAX)), synapses.collect())
    };
    let mut traces = [const { None }; 5];
    for (trace, (name, _)) in traces.iter_mut().zip(TRACES) {
        *trace = Some(self::trace(rule, name)?);
    }
    let external = if external { Dialect::POST_EXTERNAL } else { 0 };
    Ok(PlasticGroup {
        axons: (0..sources).map(axon).collect(),
        posts: 0..weights.len(),
        traces,
        plasticity: Plasticity::default()
            .products(products(&rule.at("products")?)?)
            .epoch_steps(rule.at("t_epoch")?.number()?)
            .wgt_exp(plastic.at("w_exp")?.number()?)
            .weight_bits(weight_bits)
            .sign_mode(mode)
            .rounding(Rounding::FloorStochastic)
            .dialect(Dialect(Dialect::WIDE_MANTISSA | Dialect::LAVA_RANGES | external)),
    })
}

fn trace(rule: &Field<'_>, name: &str) -> Result<TraceParameters, ConformError> {
    let impulse = rule.at("impulse")?.at(name)?;
    let fraction: u32 = impulse.item(1)?.number()?;
    Ok(TraceParameters {
        impulse: impulse.item(0)?.number()?,
        // The fraction has 8 bits, the draw 7: from one half on it always rounds up.
        impulse_fraction: if fraction >= 128 { u32::MAX } else { fraction << 25 },
        decay: decay_table(rule.at("decay")?.at(name)?.float()?, 0.0),
        joint: None,
    })
}

fn products(field: &Field<'_>) -> Result<Vec<ProductRecord>, ConformError> {
    let mut products = Vec::new();
    for (name, target) in [("dw", Target::Weight), ("dt", Target::Tag), ("dd", Target::Delay)] {
        for term in field.given(name).map_or(Ok(Vec::new()), |terms| terms.items())? {
            products.push(product(&term, target)?);
        }
    }
    Ok(products)
}

fn product(term: &Field<'_>, target: Target) -> Result<ProductRecord, ConformError> {
    let dependency = match term.at("dep")?.text()? {
        "x0" => Dependency::X0,
        "y0" => Dependency::Y0,
        _ => Dependency::U(term.at("k")?.number()?),
    };
    let fields = term.at("factors")?.items()?;
    let mut factor = [Factor::NONE; 4];
    if fields.len() > factor.len() {
        return Err(term.invalid("product of at most four factors"));
    }
    for (place, field) in factor.iter_mut().zip(&fields) {
        *place = Factor {
            variable: variable(field.at("var")?.text()?).ok_or_else(|| field.invalid("variable of a rule"))?,
            sign: field.at("sgn")?.value.as_bool() == Some(true),
            constant: field.given("const").map_or(Ok(0), |constant| constant.number())?,
        };
    }
    let (mantissa, exponent) = (term.at("s_mant")?.number()?, term.at("s_exp7")?.number::<i32>()? - 7);
    Ok(ProductRecord { target, profiles: 0xFF, dependency, mantissa, exponent, factors: fields.len(), factor })
}

/// One draw serves all elements of a side, in a learning phase also all steps of the epoch.
fn recorded_draws(draws: &Field<'_>, epoch_steps: u32) -> Result<Vec<RecordedDraws>, ConformError> {
    let ends = |words: Vec<u32>| -> Vec<u32> {
        words.chunks(epoch_steps as usize).filter_map(|epoch| epoch.get(epoch_steps as usize - 1).copied()).collect()
    };
    let uniform = |name: &str| -> Result<Vec<u32>, ConformError> {
        draws.at(name)?.items()?.iter().map(|draw| Ok(word(draw.float()?))).collect()
    };
    let of_seven = |name: &str| -> Result<Vec<u32>, ConformError> {
        Ok(draws.at(name)?.numbers::<u32>()?.into_iter().map(|draw| draw << 25).collect())
    };
    let recorded = |purpose, epoch_steps, words| RecordedDraws { purpose, epoch_steps, per_row: 1, words };
    let weights = uniform("syn_var")?;
    Ok(vec![
        recorded(Purpose::PreDecay, epoch_steps, ends(uniform("x_decay")?)),
        recorded(Purpose::PreImpulse, epoch_steps, ends(of_seven("x_impulse")?)),
        // A second spike of an axon always rounds up.
        constant(Purpose::PreAgain, 0),
        recorded(Purpose::PostDecay, epoch_steps, ends(uniform("y_decay")?)),
        recorded(Purpose::PostImpulse, epoch_steps, ends(of_seven("y_impulse")?)),
        recorded(Purpose::PostAgain, 1, of_seven("y_impulse_multi")?),
        recorded(Purpose::Weight, epoch_steps, weights.clone()),
        recorded(Purpose::Tag, epoch_steps, weights.clone()),
        recorded(Purpose::Delay, epoch_steps, weights),
    ])
}

/// The word of a uniform number in 0..1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^32")]
fn word(draw: f64) -> u32 {
    (draw * 2_f64.powi(32)).floor() as u32
}

/// y1, y2, y3 as they are delivered before each step.
fn writes(external: &Field<'_>, steps: usize) -> Result<Vec<Vec<Words>>, ConformError> {
    let mut writes: Vec<Vec<Words>> = vec![Vec::new(); steps];
    for (name, register) in TRACES.into_iter().skip(2) {
        for (step, row) in writes.iter_mut().zip(external.at(name)?.numbers_by_step::<i32>()?) {
            step.push(words(register, row));
        }
    }
    Ok(writes)
}

fn expected(expect: &Field<'_>, steps: usize) -> Result<Vec<Vec<Words>>, ConformError> {
    let mut expected: Vec<Vec<Words>> = vec![Vec::new(); steps];
    for (name, register) in TRACES {
        for (step, row) in expected.iter_mut().zip(expect.at(name)?.numbers_by_step::<i32>()?) {
            step.push(words(register, row));
        }
    }
    for (name, register) in [("weights", Register::W), ("tag_1", Register::T), ("tag_2", Register::D)] {
        for (step, matrix) in expected.iter_mut().zip(expect.given(name).map_or(Ok(Vec::new()), |f| f.items())?) {
            step.push(words(register, transposed(&matrix.numbers_by_step::<i32>()?)));
        }
    }
    Ok(expected)
}
