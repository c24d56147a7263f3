//! Recorded vectors: the JSON of each emulator, brought to one form.

use super::ConformError;
use serde_json::Value;

/// Where a vector was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nengo-loihi's emulator.
    NengoNet,
    /// brian2-loihi.
    BrianNet,
    /// Lava's fixed-point models.
    LavaNet,
    /// The chip.
    ChipNet,
}

/// Parameters and initial state of one compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compartment {
    /// Effective decay of the current.
    pub decay_u: i32,
    /// Decay of the voltage.
    pub decay_v: i32,
    /// Threshold in units of the voltage.
    pub v_th: i32,
    /// Lower clip.
    pub v_min: i32,
    /// Upper clip.
    pub v_max: i32,
    /// Bias in units of the voltage.
    pub bias: i32,
    /// Refractory period in steps, 1..=64.
    pub refractory: i32,
}

/// One synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// Number of the input or compartment that it comes from.
    pub pre: u32,
    /// Compartment that it goes to.
    pub post: u32,
    /// What a spike adds, in units of 64.
    pub weight: i32,
    /// Steps of delay.
    pub delay: u32,
}

/// Synapses with one kind of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whether they come from external inputs; else from compartments.
    pub from_input: bool,
    /// The synapses.
    pub synapses: Vec<Synapse>,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Compartments whose `u` and `v` are listed.
    pub probe: Vec<u32>,
    /// Current per step and probed compartment.
    pub u: Vec<Vec<i32>>,
    /// Voltage per step and probed compartment.
    pub v: Vec<Vec<i32>>,
    /// Compartments that fired, per step.
    pub spikes: Vec<Vec<u32>>,
    /// FNV-1a 64 over the `u` and then the `v` of all compartments, per step.
    pub hashes: Vec<u64>,
}

/// A vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Its name.
    pub case: String,
    /// Where it was recorded.
    pub kind: Kind,
    /// Number of steps.
    pub steps: usize,
    /// The compartments.
    pub compartments: Vec<Compartment>,
    /// External inputs.
    pub inputs: u32,
    /// Inputs whose spikes count in each step.
    pub arrivals: Vec<Vec<u32>>,
    /// The synapses.
    pub groups: Vec<Group>,
    /// What came out.
    pub expected: Expected,
    /// Why it cannot be replayed, if so.
    pub skip: Option<String>,
}

/// Reads a vector.
///
/// # Errors
/// [`ConformError::Unreadable`] names the field.
pub fn parse(text: &str) -> Result<Vector, ConformError> {
    let json: Value = serde_json::from_str(text).map_err(|error| unreadable(format!("not JSON: {error}")))?;
    let root = Field { path: String::new(), value: &json };
    let kind = match root.at("kind")?.text()? {
        "nengo_net" => Kind::NengoNet,
        "brian_net" => Kind::BrianNet,
        "lava_net" => Kind::LavaNet,
        "chip_net" => Kind::ChipNet,
        other => return Err(unreadable(format!("kind `{other}` is not known"))),
    };
    let neurons = root.at("neurons")?;
    let count = neurons.at("n")?.number()?;
    let compartments = (0..count).map(|i| compartment(kind, &neurons, i)).collect::<Result<Vec<_>, _>>()?;
    let inputs = root.at("inputs")?;
    let steps: usize = root.at("steps")?.number()?;
    let arrivals = match kind {
        Kind::LavaNet => delayed(inputs.at("emitted")?.numbers_by_step()?),
        _ => inputs.at("spikes")?.numbers_by_step()?,
    };
    let groups = root.at("synapses")?.items()?.iter().map(|group| synapses(kind, group)).collect::<Result<_, _>>()?;
    let expected = expected(&root.at("expect")?)?;
    let skip = why_not(kind, &root)?;
    let case = root.at("case")?.text()?.to_owned();
    let vector =
        Vector { case, kind, steps, compartments, inputs: inputs.at("n")?.number()?, arrivals, groups, expected, skip };
    lengths_agree(vector)
}

/// Lava's inputs are listed in the step in which they were emitted, one before they count.
fn delayed(mut emitted: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    emitted.insert(0, Vec::new());
    emitted.pop();
    emitted
}

fn lengths_agree(vector: Vector) -> Result<Vector, ConformError> {
    let expected = &vector.expected;
    let listed =
        [vector.arrivals.len(), expected.u.len(), expected.v.len(), expected.spikes.len(), expected.hashes.len()];
    if listed.iter().any(|length| *length != vector.steps) {
        return Err(unreadable(format!("{} steps are announced, {listed:?} are listed", vector.steps)));
    }
    Ok(vector)
}

fn compartment(kind: Kind, neurons: &Field<'_>, i: usize) -> Result<Compartment, ConformError> {
    let field = |name: &str| neurons.at(name)?.each(i);
    let free = Compartment {
        decay_u: 0,
        decay_v: field("decay_v").or_else(|_| field("dv"))?,
        v_th: 0,
        v_min: -8_388_607,
        v_max: 8_388_607,
        bias: 0,
        refractory: 1,
    };
    match kind {
        Kind::NengoNet | Kind::ChipNet => Ok(Compartment {
            decay_u: (field("decay_u")? + 1).min(4096),
            v_th: field("vth")?,
            bias: field("bias")?,
            refractory: field("refract")?.max(1),
            v_min: field("vmin")?,
            v_max: field("vmax")?,
            ..free
        }),
        Kind::BrianNet => Ok(Compartment {
            decay_u: field("decay_I")?,
            v_th: field("vth_mant")? << 6,
            refractory: field("refract")?,
            ..free
        }),
        Kind::LavaNet => {
            let (mantissa, exponent) = (field("bias_mant")?, field("bias_exp")?);
            let bias = if exponent < 0 { mantissa >> -exponent } else { mantissa << exponent };
            Ok(Compartment { decay_u: (field("du")? + 1).min(4096), v_th: field("vth")? << 6, bias, ..free })
        }
    }
}

fn synapses(kind: Kind, group: &Field<'_>) -> Result<Group, ConformError> {
    let from_input = group.at("src")?.text()? == "input";
    let exponent = group.find("w_exp").map_or(Ok(0), |field| field.number::<i32>())?;
    if kind == Kind::LavaNet {
        // Vectors with a negative exponent are skipped.
        return Ok(Group { from_input, synapses: dense(group, exponent.max(0))? });
    }
    let pre: Vec<u32> = group.at("pre")?.numbers()?;
    let post: Vec<u32> = group.at("post")?.numbers()?;
    let weights: Vec<i32> = group.at("weight")?.numbers()?;
    let delay = group.find("delay").map_or(Ok(0), |field| field.number())?;
    if pre.len() != post.len() || pre.len() != weights.len() || weights.iter().any(|weight| weight % 64 != 0) {
        return Err(unreadable(format!(
            "{}: lists of different length, or a weight that is no multiple of 64",
            group.path
        )));
    }
    let synapses = pre.into_iter().zip(post).zip(weights);
    let synapses = synapses.map(|((pre, post), weight)| Synapse { pre, post, weight: weight / 64, delay }).collect();
    Ok(Group { from_input, synapses })
}

/// Lava's `[post][pre]` matrices; zero weights are no synapses.
fn dense(group: &Field<'_>, exponent: i32) -> Result<Vec<Synapse>, ConformError> {
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
                synapses.push(Synapse { pre, post, weight: weight << exponent, delay });
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
        spikes: expect.at("spikes")?.numbers_by_step()?,
        hashes: expect.at("hash")?.items()?.iter().map(hash).collect::<Result<_, _>>()?,
    })
}

/// Runs outside the chip's ranges, where the emulator lacks the chip's overflow, and what is not built.
fn why_not(kind: Kind, root: &Field<'_>) -> Result<Option<String>, ConformError> {
    let in_range = root.at("expect")?.find("in_range").is_none_or(|flag| flag.value.as_bool() != Some(false));
    Ok(match kind {
        Kind::BrianNet if !in_range => Some("leaves the chip's ranges, where Brian2Loihi does not overflow".to_owned()),
        Kind::LavaNet if !in_range => {
            Some("leaves the chip's ranges, where Lava does not wrap the synaptic sum".to_owned())
        }
        Kind::NengoNet if root.at("neurons")?.find("noise").is_some() => Some("noise is not supported yet".to_owned()),
        Kind::LavaNet if shifts_sums(root)? => {
            Some("negative weight exponents that apply to the sum of a step are not supported yet".to_owned())
        }
        _ => None,
    })
}

/// Whether a group's exponent is negative, which Lava applies to the sum and not to each weight.
fn shifts_sums(root: &Field<'_>) -> Result<bool, ConformError> {
    let groups = root.at("synapses")?.items()?;
    let exponents = groups.iter().map(|group| group.at("w_exp")?.number::<i32>()).collect::<Result<Vec<_>, _>>()?;
    Ok(exponents.into_iter().any(|exponent| exponent < 0))
}

/// A value of the file and where it is.
struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    fn find(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| Field { path: format!("{}.{name}", self.path), value })
    }

    fn at(&self, name: &str) -> Result<Self, ConformError> {
        self.find(name).ok_or_else(|| unreadable(format!("{}.{name} is missing", self.path)))
    }

    fn wrong(&self, expected: &str) -> ConformError {
        unreadable(format!("{} is no {expected}", self.path))
    }

    fn text(&self) -> Result<&'a str, ConformError> {
        self.value.as_str().ok_or_else(|| self.wrong("text"))
    }

    fn number<T: TryFrom<i64>>(&self) -> Result<T, ConformError> {
        let number = self.value.as_i64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.wrong("whole number in range"))
    }

    fn items(&self) -> Result<Vec<Self>, ConformError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("list"))?;
        Ok(items.iter().enumerate().map(|(i, value)| Field { path: format!("{}[{i}]", self.path), value }).collect())
    }

    fn item(&self, i: usize) -> Result<Self, ConformError> {
        let value = self.value.get(i).ok_or_else(|| self.wrong("list that is long enough"))?;
        Ok(Field { path: format!("{}[{i}]", self.path), value })
    }

    fn numbers<T: TryFrom<i64>>(&self) -> Result<Vec<T>, ConformError> {
        self.items()?.iter().map(Field::number).collect()
    }

    fn numbers_by_step<T: TryFrom<i64>>(&self) -> Result<Vec<Vec<T>>, ConformError> {
        self.items()?.iter().map(Field::numbers).collect()
    }

    /// The value for compartment `i`: of a list the i-th, else the one for all.
    fn each(&self, i: usize) -> Result<i32, ConformError> {
        if self.value.is_array() { self.item(i)?.number() } else { self.number() }
    }
}

fn unreadable(what: String) -> ConformError {
    ConformError::Unreadable(what)
}
