//! `bias-encoder`: a population as an ensemble of Nengo's, whose biases carry values.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use loihi_core::image::Profile;
use loihi_core::rules::BiasEncoderParams;
use loihi_net::draw;
use loihi_net::network::{SectionError, size};

/// Exponent of the biases.
const EXPONENT: u32 = 5;
/// Most constants of an ensemble, as of an input with weighted sums.
const CONSTANTS_MAX: usize = 1 << 24;

/// An ensemble: leaky integrators with a direction, a maximum rate and an intercept each.
#[derive(Debug)]
pub(super) struct BiasEncoder {
    input: usize,
    population: usize,
    neurons: u32,
    dimensions: u32,
    max_rates_hz: [f64; 2],
    intercepts: [f64; 2],
    lif: Lif,
    params: BiasEncoderParams,
}

impl SnipForm for BiasEncoder {
    const NAME: &'static str = "bias-encoder";
    const ABOUT: &'static str = "values of an `input` as biases of a `population`: an ensemble of leaky integrators";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "bias-encoder"
# input = "values"       # one value a dimension, 1.0 is 4096; it sends no spikes; default: the only one
population = "hidden"    # leaky integrators of one profile, `decay_u` 4096
max_rates_hz = [200.0, 400.0] # lowest and highest rate at a value of 1, drawn for each neuron; default [200.0, 400.0]
intercepts = [-1.0, 1.0] # lowest and highest value at which a neuron begins to fire, drawn for each; default [-1.0, 1.0]
# tau_rc_steps = 20.0    # time constant of the membrane; default: that of `decay_v`
exponent = 5             # biases are held in steps of 2^exponent, 0..=7; default 5
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let input = keys.input()?;
        let population = keys.population("population")?;
        let max_rates_hz = range(keys, "max_rates_hz", [200.0, 400.0], [1e-3, 1e6])?;
        let intercepts = range(keys, "intercepts", [-1.0, 1.0], [-1.0, 1.0])?;
        let tau_rc_steps: Option<f64> = keys.take("tau_rc_steps")?;
        let exponent = keys.take("exponent")?.unwrap_or(EXPONENT);
        let network = keys.network();
        let one = network.populations[population].compartments.len() == 1;
        let Some(profile) = keys.profile(population).filter(|_| one) else {
            return Err(
                keys.error("population", "an ensemble has neurons of one compartment, all with the same registers")
            );
        };
        if profile.decay_v <= 0 || profile.v_th < 64 {
            return Err(keys.error("population", "an ensemble takes a `decay_v` and a `v_th` of 1 or more"));
        }
        let of_decay = -1.0 / (1.0 - f64::from(profile.decay_v.min(4095)) / 4096.0).ln();
        let tau_rc_steps = tau_rc_steps.unwrap_or(of_decay);
        if !(0.1..=1e6).contains(&tau_rc_steps) {
            return Err(keys.error("tau_rc_steps", "give a `tau_rc_steps` of 0.1 to 1e6"));
        }
        let (neurons, dimensions) = (network.populations[population].neurons(), size(&network.inputs[input].shape));
        if neurons.saturating_mul(dimensions.saturating_add(1)) > CONSTANTS_MAX {
            let what = format!("{neurons} neurons of {dimensions} dimensions: give fewer of either");
            return Err(keys.error("population", what));
        }
        let [neurons, dimensions] = [neurons, dimensions].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        // A step without a duration counts as 1 ms.
        let step_us = u32::try_from(network.dt_us).unwrap_or(u32::MAX);
        let step_s = if step_us == 0 { 1e-3 } else { f64::from(step_us) / 1e6 };
        let lif = Lif { tau_rc_steps, profile, step_s };
        let params = BiasEncoderParams { exponent, ..BiasEncoderParams::default() };
        Ok(Self { input, population, neurons, dimensions, max_rates_hz, intercepts, lif, params })
    }
}

/// Two numbers in order within limits.
fn range(
    keys: &mut Keys<'_>,
    key: &'static str,
    default: [f64; 2],
    [least, most]: [f64; 2],
) -> Result<[f64; 2], SectionError> {
    let [low, high] = keys.take(key)?.unwrap_or(default);
    if least <= low && low <= high && high <= most {
        return Ok([low, high]);
    }
    Err(keys.error(key, format!("give `{key} = [low, high]` within {least} to {most}")))
}

/// A leaky integrator.
#[derive(Clone, Copy, Debug)]
struct Lif {
    tau_rc_steps: f64,
    profile: Profile,
    step_s: f64,
}

impl Lif {
    /// Offset and gain of the bias, in units of the voltage, with which it begins to fire at a value of `intercept` and
    /// fires at `max_rate_hz` at 1.
    fn tuning(self, max_rate_hz: f64, intercept: f64) -> [f64; 2] {
        // The drive, in thresholds per leak, at which a leaky integrator fires at its maximum rate.
        let refractory = f64::from(self.profile.refractory);
        let steps_to_fire = (1.0 / (max_rate_hz * self.step_s) - refractory + 0.5).max(0.5);
        let drive_max = 1.0 / (1.0 - (-steps_to_fire / self.tau_rc_steps).exp());
        let gain = (drive_max - 1.0) / (1.0 - intercept).max(1e-3);
        let offset = 1.0 - gain * intercept;
        let unit = f64::from(self.profile.v_th) * f64::from(self.profile.decay_v) / 4096.0;
        [offset * unit, gain * unit]
    }
}

impl BiasEncoder {
    /// Offset, then a gain for each dimension.
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    fn constants(&self, seed: u32, neuron: u32) -> Vec<i32> {
        let uniform = |what, stream| draw::uniform(seed, neuron, what, stream);
        // One dimension has but two directions.
        let (directions, rate, intercept) = if self.dimensions == 1 {
            let sign = if uniform(0, 3) < 0.5 { -1.0 } else { 1.0 };
            (vec![sign], uniform(1, 3), uniform(2, 3))
        } else {
            (direction(seed, neuron, self.dimensions).collect(), uniform(0, 2), uniform(0, 3))
        };
        let between = |[low, high]: [f64; 2], share: f64| low + (high - low) * share;
        let [max_rate_hz, intercept] = [between(self.max_rates_hz, rate), between(self.intercepts, intercept)];
        let [offset, gain] = self.lif.tuning(max_rate_hz, intercept);
        std::iter::once(offset).chain(directions.iter().map(|part| gain * part)).map(|value| value as i32).collect()
    }
}

/// A direction, all equally likely: a vector of length 1.
fn direction(seed: u32, neuron: u32, dimensions: u32) -> impl Iterator<Item = f64> {
    let part = move |dimension| draw::gauss(seed, neuron, dimension, 1);
    let length = (0..dimensions).map(|dimension| part(dimension).powi(2)).sum::<f64>().sqrt();
    (0..dimensions).map(move |dimension| part(dimension) / length.max(f64::MIN_POSITIVE))
}

impl Program for BiasEncoder {
    fn biased(&self) -> Vec<usize> {
        vec![self.population]
    }

    fn values(&self) -> Vec<usize> {
        vec![self.input]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let compartments = layout.compartments(self.population)?;
        let words = layout.stimulus(self.input, false, true);
        let seed = layout.network().seed;
        let constants: Vec<i32> = (0..self.neurons).flat_map(|neuron| self.constants(seed, neuron)).collect();
        let data_first = layout.data(&constants);
        let params = BiasEncoderParams {
            stimulus_first: words.start,
            dimensions: self.dimensions,
            compartment_first: compartments.start,
            count: self.neurons,
            data_first,
            ..self.params
        };
        layout.program(table, &params);
        Ok(())
    }
}
