//! The keys of the TOML form, read and written.

use super::values::{Numbers, WeightsForm};
use crate::network;
use loihi_core::image;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use toml::Spanned;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkForm {
    pub(super) name: Option<String>,
    pub(super) about: Option<String>,
    pub(super) seed: Option<u32>,
    pub(super) dt: Option<Spanned<String>>,
    pub(super) steps: Option<u32>,
    pub(super) late_steps: Option<u32>,
    pub(super) beyond_the_chip: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) input: Vec<Spanned<InputForm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) population: Vec<Spanned<PopulationForm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) connection: Vec<Spanned<ConnectionForm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) probe: Vec<Spanned<ProbeForm>>,
    pub(super) readout: Option<Spanned<ReadoutForm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) snip: Vec<Spanned<toml::Table>>,
    pub(super) task: Option<Spanned<toml::Table>>,
    pub(super) train: Option<Spanned<toml::Table>>,
    pub(super) scale: Option<Spanned<toml::Table>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stage: Vec<Spanned<toml::Table>>,
    pub(super) reward: Option<Spanned<toml::Table>>,
    pub(super) teacher: Option<Spanned<toml::Table>>,
    pub(super) plant: Option<Spanned<toml::Table>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) spikes: Vec<Spanned<toml::Table>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) measure: Vec<Spanned<toml::Table>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputForm {
    pub(super) name: Spanned<String>,
    pub(super) shape: Option<Spanned<Vec<usize>>>,
    pub(super) bias_of: Option<Spanned<String>>,
    pub(super) gain: Option<Spanned<f64>>,
    pub(super) offset: Option<Spanned<i32>>,
    pub(super) weighted_for: Option<Spanned<String>>,
    pub(super) gains: Option<Spanned<WeightsForm>>,
    pub(super) offsets: Option<Spanned<Numbers>>,
    pub(super) bias_exp: Option<Spanned<i32>>,
    pub(super) coding: Option<Spanned<CodingForm>>,
    pub(super) threshold: Option<Spanned<u8>>,
    pub(super) time: Option<Spanned<TimeForm>>,
    pub(super) seed: Option<Spanned<u32>>,
}

/// A population; the registers are those of its compartments, unless these have lists of their own.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PopulationForm {
    pub(super) name: Spanned<String>,
    pub(super) shape: Option<Spanned<Vec<usize>>>,
    pub(super) bias: Option<Spanned<WeightsForm>>,
    pub(super) bias_exp: Option<Spanned<Numbers>>,
    pub(super) v_start: Option<Spanned<Numbers>>,
    pub(super) reset_interval_steps: Option<Spanned<u32>>,
    pub(super) reset_offset_steps: Option<Spanned<u32>>,
    pub(super) decay_u: Option<Spanned<Numbers>>,
    pub(super) decay_v: Option<Spanned<Numbers>>,
    pub(super) v_th: Option<Spanned<Numbers>>,
    pub(super) refractory: Option<Spanned<Numbers>>,
    pub(super) v_min: Option<Spanned<i64>>,
    pub(super) v_max: Option<Spanned<i64>>,
    pub(super) noise: Option<Spanned<NoiseForm>>,
    pub(super) homeostasis: Option<Spanned<HomeostasisForm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) compartment: Vec<Spanned<CompartmentForm>>,
}

/// A compartment of a neuron of several.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompartmentForm {
    pub(super) decay_u: Option<Spanned<Numbers>>,
    pub(super) decay_v: Option<Spanned<Numbers>>,
    pub(super) v_th: Option<Spanned<Numbers>>,
    pub(super) refractory: Option<Spanned<Numbers>>,
    pub(super) v_min: Option<Spanned<i64>>,
    pub(super) v_max: Option<Spanned<i64>>,
    pub(super) noise: Option<Spanned<NoiseForm>>,
    pub(super) homeostasis: Option<Spanned<HomeostasisForm>>,
    pub(super) stack_in: Option<StackIns>,
    pub(super) stack_out: Option<StackOuts>,
    pub(super) join: Option<Joins>,
    pub(super) threshold: Option<Thresholds>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoiseForm {
    pub(super) at: NoisePlace,
    pub(super) exponent: u32,
    #[serde(default)]
    pub(super) offset: i32,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HomeostasisForm {
    pub(super) gain: i32,
    pub(super) a_min: i32,
    pub(super) a_max: i32,
    pub(super) impulse: i32,
    pub(super) decay: i32,
    pub(super) epoch_steps: u32,
}

macro_rules! words {
    ($($name:ident => $of:path { $($variant:ident),* })*) => { $(
        #[derive(Clone, Copy, Debug, Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),* }

        impl From<$name> for $of {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),* }
            }
        }

        impl From<$of> for $name {
            fn from(word: $of) -> Self {
                use $of as Word;
                match word { $(Word::$variant => Self::$variant),* }
            }
        }
    )* };
}

words! {
    CodingForm => network::Coding { Rate, Latency, Delta, Frames, Levels, Crossings, Saccades }
    TimeForm => network::Time { First, Absolute }
    SignForm => network::Signs { Mixed, Excitatory, Inhibitory, Split }
    ReadBys => network::ReadBy { Spikes, Voltage, FirstSpike }
    NoisePlace => image::NoiseAt { Current, Voltage }
    StackIns => image::StackIn { Skip, PopA, PopB, PopAAndB }
    StackOuts => image::StackOut { Skip, Push, PushU }
    Joins => image::Join { Skip, Add, Max, Min, Pass, Block, Or, And }
    Thresholds => image::ThresholdMode { SpikeAndReset, PassAbove, PassAboveAndSaturate }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WeightsKind {
    Dense,
    OneToOne,
    Conv2d,
    Pool2d,
    Sparse,
    Rows,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionForm {
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) kind: Option<WeightsKind>,
    pub(super) weights: Spanned<WeightsForm>,
    pub(super) compartment: Option<usize>,
    pub(super) wgt_exp: Option<Spanned<i64>>,
    pub(super) signs: Option<SignForm>,
    pub(super) weight_bits: Option<Spanned<u32>>,
    pub(super) delay: Option<Spanned<Numbers>>,
    pub(super) stride: Option<Spanned<[usize; 2]>>,
    pub(super) padding: Option<Spanned<[usize; 2]>>,
    pub(super) dilation: Option<Spanned<[usize; 2]>>,
    pub(super) groups: Option<Spanned<usize>>,
    pub(super) kernel: Option<Spanned<[usize; 2]>>,
    pub(super) learning: Option<Spanned<LearningForm>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LearningForm {
    pub(super) rule: Spanned<String>,
    pub(super) epoch_steps: Option<Spanned<u32>>,
    pub(super) signed_by_profile: Option<bool>,
    pub(super) x1: Option<Spanned<TraceForm>>,
    pub(super) x2: Option<Spanned<TraceForm>>,
    pub(super) y1: Option<Spanned<TraceForm>>,
    pub(super) y2: Option<Spanned<TraceForm>>,
    pub(super) y3: Option<Spanned<TraceForm>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceForm {
    pub(super) impulse: i32,
    pub(super) tau_steps: Option<f64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadoutForm {
    pub(super) population: Spanned<String>,
    pub(super) by: Option<ReadBys>,
    pub(super) skip_steps: Option<Spanned<u32>>,
    pub(super) window_steps: Option<Spanned<u32>>,
    pub(super) per_pixel: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeForm {
    pub(super) of: Option<Spanned<String>>,
    pub(super) register: Spanned<String>,
    pub(super) elements: Option<Spanned<[usize; 2]>>,
    pub(super) compartment: Option<Spanned<usize>>,
    pub(super) every: Option<Spanned<u64>>,
    pub(super) from: Option<u64>,
    pub(super) to: Option<Spanned<u64>>,
}

/// The place of a key that is given.
fn place<T>(key: Option<&Spanned<T>>) -> Option<Range<usize>> {
    key.map(Spanned::span)
}

impl InputForm {
    /// Keys that its kind does not have, and where they are.
    pub(super) fn without_effect(&self) -> Option<(&'static str, Range<usize>)> {
        let of_biases = [("gain", place(self.gain.as_ref())), ("offset", place(self.offset.as_ref()))];
        let of_sums = [
            ("gains", place(self.gains.as_ref())),
            ("offsets", place(self.offsets.as_ref())),
            ("bias_exp", place(self.bias_exp.as_ref())),
        ];
        let of_biases = of_biases.into_iter().filter(|_| self.bias_of.is_none());
        let of_sums = of_sums.into_iter().filter(|_| self.weighted_for.is_none());
        of_biases.chain(of_sums).find_map(|(key, span)| Some((key, span?)))
    }

    /// Where a key is in the text.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        match key {
            "name" => Some(self.name.span()),
            "shape" => self.shape.as_ref().map(Spanned::span),
            "gains" => self.gains.as_ref().map(Spanned::span),
            "coding" => place(self.coding.as_ref()),
            "threshold" => place(self.threshold.as_ref()),
            "time" => place(self.time.as_ref()),
            "seed" => place(self.seed.as_ref()),
            _ => self.bias_of.as_ref().map(Spanned::span),
        }
    }
}

impl ProbeForm {
    /// Where a key is in the text.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        match key {
            "of" => place(self.of.as_ref()),
            "elements" => place(self.elements.as_ref()),
            "compartment" => place(self.compartment.as_ref()),
            _ => Some(self.register.span()),
        }
    }
}

impl PopulationForm {
    /// A register that is given here, and not in a compartment.
    pub(super) fn register(&self) -> Option<Range<usize>> {
        let numbers = [&self.decay_u, &self.decay_v, &self.v_th, &self.refractory];
        let numbers = numbers.into_iter().find_map(|key| place(key.as_ref()));
        let limits = [&self.v_min, &self.v_max].into_iter().find_map(|key| place(key.as_ref()));
        numbers.or(limits).or_else(|| place(self.noise.as_ref())).or_else(|| place(self.homeostasis.as_ref()))
    }

    /// Where a key is in the text.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        match key {
            "name" => Some(self.name.span()),
            "shape" => place(self.shape.as_ref()),
            "bias" => self.bias.as_ref().map(Spanned::span),
            "reset_interval_steps" => place(self.reset_interval_steps.as_ref()),
            "reset_offset_steps" => place(self.reset_offset_steps.as_ref()),
            "v_min" => place(self.v_min.as_ref()).or_else(|| place(self.v_max.as_ref())),
            _ => None,
        }
    }
}

impl ConnectionForm {
    /// Keys that its kind does not have, and where they are.
    pub(super) fn without_effect(&self) -> Option<(&'static str, Range<usize>)> {
        let (conv, pool) = (self.kind == Some(WeightsKind::Conv2d), self.kind == Some(WeightsKind::Pool2d));
        let keys = [
            ("stride", place(self.stride.as_ref()), conv || pool),
            ("padding", place(self.padding.as_ref()), conv || pool),
            ("dilation", place(self.dilation.as_ref()), conv),
            ("groups", place(self.groups.as_ref()), conv),
            ("kernel", place(self.kernel.as_ref()), conv || pool),
        ];
        keys.into_iter().filter(|(.., own)| !own).find_map(|(key, span, _)| Some((key, span?)))
    }

    /// Where a key is in the text.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        match key {
            "from" => Some(self.from.span()),
            "to" | "shape" => Some(self.to.span()),
            "weights" | "synapses" => Some(self.weights.span()),
            "weight_bits" => self.weight_bits.as_ref().map(Spanned::span),
            "delay" => self.delay.as_ref().map(Spanned::span),
            "stride" => self.stride.as_ref().map(Spanned::span),
            "rule" => self.learning.as_ref().map(|learning| learning.get_ref().rule.span()),
            key => self.learning.as_ref().and_then(|learning| {
                let form = learning.get_ref();
                match key {
                    "epoch_steps" => form.epoch_steps.as_ref().map(Spanned::span),
                    "x1" => place(form.x1.as_ref()),
                    "x2" => place(form.x2.as_ref()),
                    "y1" => place(form.y1.as_ref()),
                    "y2" => place(form.y2.as_ref()),
                    "y3" => place(form.y3.as_ref()),
                    _ => None,
                }
            }),
        }
    }
}
