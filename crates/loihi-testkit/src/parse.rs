//! Vectors from the JSON of each emulator.

use super::ConformError;
use super::json::{Field, unreadable};
use super::plastic::Learning;
use super::vector::{Compartment, Expected, Group, Synapse, Vector, VectorKind};
use super::{learning, weights};
use loihi_core::image::{Noise, NoiseAt, Profile};
use serde_json::Value;

/// Reads a vector.
///
/// # Errors
/// [`ConformError::Unreadable`] names the field.
pub fn parse(text: &str) -> Result<Vector, ConformError> {
    let json: Value = serde_json::from_str(text).map_err(|error| unreadable(format!("not JSON: {error}")))?;
    let root = Field { path: String::new(), value: &json };
    let kind = match root.at("kind")?.text()? {
        "nengo_net" => VectorKind::NengoNet,
        "brian_net" => VectorKind::BrianNet,
        "lava_net" => VectorKind::LavaNet,
        "chip_net" => VectorKind::ChipNet,
        "nengo_pes" => VectorKind::NengoPes,
        "brian_learn" => VectorKind::BrianLearn,
        "lava_learn" => VectorKind::LavaLearn,
        other => return Err(unreadable(format!("kind `{other}` is not known"))),
    };
    let neurons = root.at("neurons")?;
    let count: usize = neurons.at("n")?.number()?;
    let inputs = root.at("inputs")?;
    let steps: usize = root.at("steps")?.number()?;
    let network = kind.network();
    let arrivals = match kind {
        VectorKind::LavaNet => delayed(inputs.at("emitted")?.numbers_by_step()?),
        VectorKind::LavaLearn => delayed(inputs.at("drive_emitted")?.numbers_by_step()?),
        _ => inputs.at("spikes")?.numbers_by_step()?,
    };
    let mut vector = Vector {
        case: root.at("case")?.text()?.to_owned(),
        kind,
        steps,
        compartments: (0..count).map(|i| compartment(network, &neurons, i)).collect::<Result<_, _>>()?,
        inputs: inputs.at(if kind == VectorKind::LavaLearn { "drive_n" } else { "n" })?.number()?,
        arrivals,
        groups: static_groups(kind, &root)?,
        noise: draws(&root, &neurons)?,
        learning: Learning::default(),
        expected: expected(&root.at("expect")?)?,
        skip: why_not(network, &root)?,
    };
    learning::read(&mut vector, &root)?;
    lengths_agree(vector)
}

/// The synapses that do not learn.
fn static_groups(kind: VectorKind, root: &Field<'_>) -> Result<Vec<Group>, ConformError> {
    if kind == VectorKind::LavaLearn {
        let mut drive = synapses(VectorKind::LavaNet, &root.at("drive")?)?;
        drive.from_input = true;
        return Ok(vec![drive]);
    }
    let plastic: Vec<usize> = match kind {
        VectorKind::NengoPes => {
            let groups = root.at("learning")?.items()?;
            groups.iter().map(|group| group.at("synapse")?.number()).collect::<Result<_, _>>()?
        }
        VectorKind::BrianLearn => vec![root.at("learning")?.at("synapse")?.number()?],
        _ => Vec::new(),
    };
    let groups = root.at("synapses")?.items()?;
    let still = groups.iter().enumerate().filter(|(number, _)| !plastic.contains(number));
    still.map(|(_, group)| synapses(kind.network(), group)).collect()
}

/// Lava's inputs are listed in the step in which they were emitted, one before they count.
fn delayed(mut emitted: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    emitted.insert(0, Vec::new());
    emitted.pop();
    emitted
}

fn lengths_agree(vector: Vector) -> Result<Vector, ConformError> {
    let Expected { u, v, v_readout, spikes, hashes, .. } = &vector.expected;
    let listed = [vector.arrivals.len(), u.len(), v.len(), spikes.len(), hashes.len()];
    let optional = [v_readout.len(), vector.noise.len()];
    let steps = vector.steps;
    if listed.iter().any(|length| *length != steps) || optional.iter().any(|length| ![0, steps].contains(length)) {
        return Err(unreadable(format!("{steps} steps are announced, {listed:?} {optional:?} are listed")));
    }
    if vector.noise.iter().any(|step| step.len() != vector.compartments.len()) {
        return Err(unreadable("draws.noise: a step does not have one value per neuron".to_owned()));
    }
    Ok(vector)
}

fn compartment(kind: VectorKind, neurons: &Field<'_>, i: usize) -> Result<Compartment, ConformError> {
    let field = |name: &str| neurons.at(name)?.each(i);
    let start = |name: &str| neurons.find(name).map_or(Ok(0), |field| field.each(i));
    let profile = Profile { decay_v: field("decay_v").or_else(|_| field("dv"))?, ..Profile::DEFAULT };
    let (profile, bias) = match kind {
        VectorKind::NengoNet | VectorKind::ChipNet | VectorKind::NengoPes => {
            let profile = Profile {
                decay_u: (field("decay_u")? + 1).min(4096),
                v_th: field("vth")?,
                refractory: field("refract")?.max(1),
                v_min: field("vmin")?,
                v_max: field("vmax")?,
                noise: noise(neurons, i)?,
                ..profile
            };
            (profile, field("bias")?)
        }
        VectorKind::BrianNet | VectorKind::BrianLearn => {
            let v_th = field("vth_mant")? << 6;
            (Profile { decay_u: field("decay_I")?, v_th, refractory: field("refract")?, ..profile }, 0)
        }
        VectorKind::LavaNet | VectorKind::LavaLearn => {
            let (mantissa, exponent) = (field("bias_mant")?, field("bias_exp")?);
            let bias = if exponent < 0 { mantissa >> -exponent } else { mantissa << exponent };
            (Profile { decay_u: (field("du")? + 1).min(4096), v_th: field("vth")? << 6, ..profile }, bias)
        }
    };
    Ok(Compartment { profile, bias, u: start("u0")?, v: start("v0")? })
}

/// The noise of compartment `i`.
fn noise(neurons: &Field<'_>, i: usize) -> Result<Option<Noise>, ConformError> {
    let Some(noise) = neurons.find("noise") else { return Ok(None) };
    if noise.at("enable")?.each(i)? == 0 {
        return Ok(None);
    }
    let at = if noise.at("at_membrane")?.each(i)? == 0 { NoiseAt::Current } else { NoiseAt::Voltage };
    let exponent = noise.at("exp")?;
    let exponent_value =
        u32::try_from(exponent.each(i)?).map_err(|_| exponent.invalid("exponent that is 0 or more"))?;
    Ok(Some(Noise { at, exponent: exponent_value, offset: noise.at("mant_offset")?.each(i)? }))
}

fn draws(root: &Field<'_>, neurons: &Field<'_>) -> Result<Vec<Vec<i32>>, ConformError> {
    match neurons.find("noise") {
        Some(_) => root.at("draws")?.at("noise")?.numbers_by_step(),
        None => Ok(Vec::new()),
    }
}

fn synapses(kind: VectorKind, group: &Field<'_>) -> Result<Group, ConformError> {
    let from_input = group.at("src")?.text()? == "input";
    if kind == VectorKind::LavaNet {
        let exponent = group.find("w_exp").map_or(Ok(0), |field| field.number::<i32>())?;
        let sum_shift_right = exponent.is_negative().then(|| exponent.unsigned_abs());
        let shift_left = if sum_shift_right.is_some() { 0 } else { exponent.unsigned_abs() + 6 };
        return Ok(Group { from_input, sum_shift_right, synapses: dense(group, shift_left)? });
    }
    let pre: Vec<u32> = group.at("pre")?.numbers()?;
    let post: Vec<u32> = group.at("post")?.numbers()?;
    let weights: Vec<i32> = group.at("weight")?.numbers()?;
    let delay = group.find("delay").map_or(Ok(0), |field| field.number())?;
    if pre.len() != post.len() || pre.len() != weights.len() {
        return Err(unreadable(format!("{}: lists of different length", group.path)));
    }
    weights::check(kind, group, &weights)?;
    let synapses = pre.into_iter().zip(post).zip(weights);
    let synapses = synapses.map(|((pre, post), weight)| Synapse { pre, post, weight, delay }).collect();
    Ok(Group { from_input, sum_shift_right: None, synapses })
}

/// Lava's `[post][pre]` matrices; zero weights are not synapses.
fn dense(group: &Field<'_>, shift_left: u32) -> Result<Vec<Synapse>, ConformError> {
    let delays = group.find("delays");
    let mut synapses = Vec::new();
    for (post, row) in (0..).zip(group.at("stored")?.items()?) {
        let delays: Vec<u32> = match &delays {
            Some(delays) => delays.item(post as usize)?.numbers()?,
            None => Vec::new(),
        };
        for (pre, weight) in (0..).zip(row.numbers::<i32>()?) {
            if weight != 0 {
                let delay = delays.get(pre as usize).copied().unwrap_or(0);
                synapses.push(Synapse { pre, post, weight: weight << shift_left, delay });
            }
        }
    }
    Ok(synapses)
}

fn expected(expect: &Field<'_>) -> Result<Expected, ConformError> {
    let hash = |field: &Field<'_>| {
        u64::from_str_radix(field.text()?, 16).map_err(|_| unreadable(format!("{}: no hexadecimal number", field.path)))
    };
    Ok(Expected {
        probe: expect.at("probe")?.numbers()?,
        u: expect.at("u")?.numbers_by_step()?,
        v: expect.at("v")?.numbers_by_step()?,
        v_readout: expect.find("v_readout").map_or(Ok(Vec::new()), |field| field.numbers_by_step())?,
        spikes: expect.at("spikes")?.numbers_by_step()?,
        hashes: expect.at("hash")?.items()?.iter().map(hash).collect::<Result<_, _>>()?,
    })
}

/// Runs outside the chip's ranges, where an emulator lacks the chip's overflow.
fn why_not(kind: VectorKind, root: &Field<'_>) -> Result<Option<String>, ConformError> {
    let in_range = root.at("expect")?.find("in_range").is_none_or(|flag| flag.value.as_bool() != Some(false));
    Ok(match kind {
        VectorKind::BrianNet if !in_range => Some(
            "leaves the chip's ranges, where Brian2Loihi neither wraps nor clips (it computes in doubles)".to_owned(),
        ),
        VectorKind::LavaNet if !in_range => Some(
            "leaves the chip's ranges, where Lava wraps neither the synaptic sum nor, correctly, the current"
                .to_owned(),
        ),
        _ => None,
    })
}
