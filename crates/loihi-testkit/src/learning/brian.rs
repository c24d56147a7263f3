//! `Brian2Loihi`'s learning: traces at every synapse, exact products, every step.

use super::super::ConformError;
use super::super::json::Field;
use super::super::plastic::{Learning, PlasticGroup, PlasticSynapse, RecordedDraws, TraceParameters, Words};
use super::super::vector::{Group, Synapse, Vector};
use super::{TRACES, constant, sign_mode, width, word16, words};
use loihi_core::image::{Dependency, Dialect, Factor, ProductRecord, Rounding, Target, Variable};
use loihi_core::num::Purpose;
use loihi_core::register::Register;
use loihi_core::synapse::{SignMode, scale};
use loihi_image::image::{Plasticity, Source, decay_table};

pub(super) fn read(vector: &mut Vector, root: &Field<'_>) -> Result<(), ConformError> {
    let field = root.at("learning")?;
    let group = root.at("synapses")?.item(field.at("synapse")?.number()?)?;
    let terms = field.at("terms")?.items()?;
    let products = terms.iter().map(product).collect::<Result<Vec<_>, _>>()?;
    let plastic = plastic_group(&field, &group, products, vector.inputs, vector.compartments.len())?;
    let draws = root.at("draws")?;
    if vector.skip.is_none() && rounds_at_random(&plastic.plasticity, &draws)? {
        vector.skip = Some(
            "its rule has products without x0 and y0 and the weights are not of full precision: Brian2Loihi then \
             rounds at random by values from before the step, in which every 2^-k counts as 0"
                .to_owned(),
        );
    }
    correct_first_step(vector, &group, &plastic)?;
    arrive(vector, &group)?;
    let expect = root.at("expect")?;
    vector.learning = Learning {
        recorded_draws: recorded_draws(&draws, plastic.axons.len(), vector.steps)?,
        expected: expected(&field, &expect, vector.steps)?,
        groups: vec![plastic],
        ..Learning::default()
    };
    Ok(())
}

fn plastic_group(
    field: &Field<'_>,
    group: &Field<'_>,
    products: Vec<ProductRecord>,
    inputs: u32,
    compartments: usize,
) -> Result<PlasticGroup, ConformError> {
    if group.at("src")?.text()? != "input" {
        return Err(group.invalid("group from external inputs, as plastic ones must be"));
    }
    let (pre, post): (Vec<u32>, Vec<u32>) = (group.at("pre")?.numbers()?, group.at("post")?.numbers()?);
    let mantissas: Vec<i16> = group.at("mant")?.numbers()?;
    let synapses = pre.iter().zip(&post).zip(&mantissas).map(|((pre, post), mantissa)| {
        // Inputs of their own, since they arrive when the delay is over; an axon each, since each has its own trace.
        (Source::Input(inputs + pre), vec![PlasticSynapse { post: *post, mantissa: *mantissa, delay: 0 }])
    });
    let mut traces = [const { None }; 5];
    for (trace, (name, _)) in traces.iter_mut().zip(TRACES) {
        *trace = self::trace(field, name)?;
    }
    let dialect = Dialect::IMPULSE_FIRST
        | Dialect::POST_LATE
        | Dialect::POST_TRACE_AT_SYNAPSE
        | Dialect::EXACT_PRODUCTS
        | Dialect::COUNT_FROM_ZERO;
    Ok(PlasticGroup {
        axons: synapses.collect(),
        posts: 0..compartments,
        traces,
        plasticity: Plasticity::default()
            .products(products)
            .wgt_exp(group.at("w_exp")?.number()?)
            .weight_bits(group.at("num_weight_bits")?.number()?)
            .sign_mode(sign_mode(&group.at("sign_mode")?)?)
            .rounding(Rounding::AwayThenTruncate)
            .dialect(Dialect(dialect)),
    })
}

/// A trace, if it has an impulse. What is left is computed with the decay of 15 digits that the emulator's generated
/// code has, whether it rounds up with the full one.
fn trace(field: &Field<'_>, name: &str) -> Result<Option<TraceParameters>, ConformError> {
    let impulse = field.given(&format!("imp_{name}")).map_or(Ok(0), |impulse| impulse.number())?;
    if impulse == 0 {
        return Ok(None);
    }
    let short = decay_table(field.at("decay_15")?.at(name)?.float()?, 0.0);
    let full = decay_table(field.at("decay_full")?.at(name)?.float()?, 0.0);
    let decay = std::array::from_fn(|value| [short[value][0], full[value][1]]);
    Ok(Some(TraceParameters { impulse, impulse_fraction: 0, decay, joint: None }))
}

/// A term of the rule; the first of x0, y0 and `u_k` is when it is evaluated.
fn product(term: &Field<'_>) -> Result<ProductRecord, ConformError> {
    let mut dependency = None;
    let mut factors = Vec::new();
    for field in term.at("f")?.items()? {
        let (name, constant) = match field.value.as_array() {
            Some(_) => (field.item(0)?.text()?, field.item(1)?.number()?),
            None => (field.text()?, 0),
        };
        let due = match name {
            "x0" => Some(Dependency::X0),
            "y0" => Some(Dependency::Y0),
            _ => name.strip_prefix('u').and_then(|k| k.parse().ok()).map(Dependency::U),
        };
        if let (None, Some(due), 0) = (dependency, due, constant) {
            dependency = Some(due);
            continue;
        }
        let variable = variable(name).ok_or_else(|| field.invalid("variable of a rule"))?;
        factors.push(Factor { variable, sign: false, constant });
    }
    let mut factor = [Factor::NONE; 4];
    if factors.len() > factor.len() {
        return Err(term.invalid("product of at most four factors"));
    }
    for (place, given) in factor.iter_mut().zip(&factors) {
        *place = *given;
    }
    Ok(ProductRecord {
        target: Target::Weight,
        profiles: 0xFF,
        dependency: dependency.ok_or_else(|| term.invalid("product with x0, y0 or u"))?,
        mantissa: term.at("mant")?.number()?,
        exponent: term.at("exp")?.number()?,
        factors: factors.len(),
        factor,
    })
}

pub(super) fn variable(name: &str) -> Option<Variable> {
    Some(match name {
        "C" => Variable::Constant,
        "x0" => Variable::X0,
        "x1" => Variable::X1,
        "x2" => Variable::X2,
        "y0" => Variable::Y0,
        "y1" => Variable::Y1,
        "y2" => Variable::Y2,
        "y3" => Variable::Y3,
        "w" => Variable::W,
        "t" => Variable::T,
        "d" => Variable::D,
        _ => return None,
    })
}

/// Whether the emulator's random rounding of weights can do something. It is decided by products that need neither
/// x0 nor y0, with constants that are whole numbers.
fn rounds_at_random(plasticity: &Plasticity, draws: &Field<'_>) -> Result<bool, ConformError> {
    let full = plasticity.weight_bits + u32::from(plasticity.sign_mode != SignMode::Mixed) > 8;
    let never = match draws.given("const16") {
        Some(draw) => draw.number::<u32>()? >= 1 << 16,
        None => false,
    };
    let spikes = |product: &ProductRecord| {
        let factors = product.factor.iter().take(product.factors);
        let reads = |variable| factors.clone().any(|f| f.variable == variable && f.constant == 0);
        !matches!(product.dependency, Dependency::U(_)) || reads(Variable::X0) || reads(Variable::Y0)
    };
    let decides = |product: &ProductRecord| !spikes(product) && product.exponent >= 0;
    Ok(!full && !never && plasticity.products.iter().any(decides))
}

/// In the first step the emulator's weights have lost what their precision does not hold, later not any more.
fn correct_first_step(vector: &mut Vector, group: &Field<'_>, plastic: &PlasticGroup) -> Result<(), ConformError> {
    let delay: usize = group.find("delay").map_or(Ok(0), |field| field.number())?;
    let (pre, post): (Vec<u32>, Vec<u32>) = (group.at("pre")?.numbers()?, group.at("post")?.numbers()?);
    let weights: Vec<i32> = group.at("weight")?.numbers()?;
    let input = vector.inputs;
    let first = vector.arrivals.first().cloned().unwrap_or_default();
    let wgt_exp = plastic.plasticity.wgt_exp;
    let mut synapses = Vec::new();
    for (((_, own), weight), (pre, post)) in plastic.axons.iter().zip(&weights).zip(pre.iter().zip(&post)) {
        let later = own.first().map_or(0, |synapse| i32::from(scale(i32::from(synapse.mantissa), wgt_exp)));
        if delay == 0 && first.contains(pre) && weight / 64 != later {
            synapses.push(Synapse { pre: 2 * input, post: *post, weight: weight - 64 * later, delay: 0 });
        }
    }
    if !synapses.is_empty() {
        let extra = 2 * input;
        if let Some(arrivals) = vector.arrivals.first_mut() {
            arrivals.push(extra);
        }
        vector.groups.push(Group { from_input: true, sum_shift_right: None, synapses });
    }
    Ok(())
}

/// Lets the inputs of plastic synapses arrive when their delay is over, since the emulator delays the traces too.
fn arrive(vector: &mut Vector, group: &Field<'_>) -> Result<(), ConformError> {
    let delay: usize = group.find("delay").map_or(Ok(0), |field| field.number())?;
    let inputs = vector.inputs;
    let emitted = vector.arrivals.clone();
    for (step, spikes) in emitted.iter().enumerate() {
        if let Some(arrivals) = vector.arrivals.get_mut(step + delay) {
            arrivals.extend(spikes.iter().filter(|input| **input < inputs).map(|input| inputs + input));
        }
    }
    vector.inputs = 2 * inputs + 1;
    Ok(())
}

fn recorded_draws(draws: &Field<'_>, synapses: usize, steps: usize) -> Result<Vec<RecordedDraws>, ConformError> {
    if let Some(draw) = draws.given("const16") {
        let word = word16(draw.number()?);
        return Ok(vec![constant(Purpose::PreDecay, word), constant(Purpose::PostDecay, word)]);
    }
    let side = |purpose, names: &[&str]| -> Result<RecordedDraws, ConformError> {
        let traces: Vec<Option<Vec<Vec<u32>>>> = names
            .iter()
            .map(|name| draws.given(name).map(|field| field.numbers_by_step()).transpose())
            .collect::<Result<_, _>>()?;
        let draw = |trace: &Option<Vec<Vec<u32>>>, step: usize, synapse: usize| {
            let draws = trace.as_ref().and_then(|steps| steps.get(step)).and_then(|draws| draws.get(synapse));
            word16(draws.copied().unwrap_or(0))
        };
        let mut words = Vec::with_capacity(steps * synapses * names.len());
        for step in 0..steps {
            for synapse in 0..synapses {
                words.extend(traces.iter().map(|trace| draw(trace, step, synapse)));
            }
        }
        Ok(RecordedDraws { purpose, epoch_steps: 1, per_row: width(synapses * names.len())?, words })
    };
    Ok(vec![side(Purpose::PreDecay, &["x1", "x2"])?, side(Purpose::PostDecay, &["y1", "y2", "y3"])?])
}

fn expected(field: &Field<'_>, expect: &Field<'_>, steps: usize) -> Result<Vec<Vec<Words>>, ConformError> {
    let mut expected: Vec<Vec<Words>> = vec![Vec::new(); steps];
    let mut record = |register, rows: Vec<Vec<i32>>| {
        for (step, row) in expected.iter_mut().zip(rows) {
            step.push(words(register, row));
        }
    };
    for (name, register) in TRACES {
        if trace(field, name)?.is_some() {
            record(register, expect.at("traces")?.at(name)?.numbers_by_step()?);
        }
    }
    record(Register::W, expect.at("w")?.numbers_by_step()?);
    Ok(expected)
}
