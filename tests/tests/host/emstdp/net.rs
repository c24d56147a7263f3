//! Networks that learn with EMSTDP, on any number of cores, and what they learn.

use crate::common::open_host;
use crate::taught::{Sample, take_layer, teach};
use host_harness::draw::pack;
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source};
use loihi_core::image::{Profile, Synapse};
use loihi_core::register::Register;
use loihi_core::rules::{EmstdpParams, RateEncoderParams};

/// A layer: its weights, `[axon][post]` in steps, how it is cut up, what an error spike adds, where its errors spike.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) weights: Vec<Vec<i64>>,
    pub(super) parts: Vec<usize>,
    pub(super) drive: i64,
    pub(super) error_threshold: i64,
}

impl Layer {
    pub(super) fn posts(&self) -> usize {
        self.weights[0].len()
    }

    /// A compartment that an error spike makes spike at once.
    pub(super) fn v_th(&self) -> i64 {
        (2 * self.drive.max(1) - 1) * 64
    }
}

/// Layers, the lowest first.
#[derive(Clone)]
pub(super) struct Net {
    pub(super) layers: Vec<Layer>,
    /// The value that spikes in every step.
    pub(super) full_scale: u32,
    /// Of every hidden post, counted over all layers, and every output.
    pub(super) direct: Option<Vec<Vec<i64>>>,
    pub(super) params: EmstdpParams,
}

pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}

impl Net {
    pub(super) fn inputs(&self) -> usize {
        self.layers[0].weights.len()
    }

    pub(super) fn outputs(&self) -> usize {
        self.layers.last().unwrap().posts()
    }

    pub(super) fn steps(&self) -> u16 {
        u16::try_from(2 * self.params.phase_steps + 1).unwrap()
    }

    /// The image; `swapped`: two axons of the second layer change places.
    pub(super) fn image(
        &self,
        change: impl Fn(EmstdpParams) -> EmstdpParams,
        swapped: bool,
    ) -> Result<ImageFile, BuildError> {
        let (inputs, outputs) = (number(self.inputs()), number(self.outputs()));
        let mut builder = ImageBuilder::new();
        builder.seed(5);
        builder.mailboxes(inputs, outputs, outputs);
        let mut sources: Vec<Source> = builder.inputs(inputs).map(Source::Input).collect();
        builder.snip(&RateEncoderParams { count: inputs, full_scale: self.full_scale, ..RateEncoderParams::default() });
        let (mut words, mut group) = (Vec::new(), 0_i64);
        for (at, layer) in self.layers.iter().enumerate() {
            words.extend([group, number(layer.posts()).into()]);
            let v_th = i32::try_from(layer.v_th()).unwrap();
            let profile = Profile { decay_u: 4096, decay_v: 0, v_th, ..Profile::DEFAULT };
            let (mut next, mut first) = (Vec::new(), 0);
            for posts in &layer.parts {
                let core = builder.core();
                let compartments = builder.group(*posts, profile);
                builder.bias(compartments.start, &vec![0; *posts]);
                next.extend(compartments.map(Source::Compartment));
                let row = |weights: &Vec<i64>| {
                    let weight = |post: usize| i16::try_from(2 * weights[first + post]).unwrap();
                    (0..*posts).map(|post| Synapse { compartment: post, delay: 0, weight: weight(post) }).collect()
                };
                let mut axons: Vec<_> =
                    sources.iter().zip(&layer.weights).map(|(source, weights)| (*source, row(weights))).collect();
                if swapped && at == 1 {
                    axons.swap(0, 2);
                }
                builder.plastic_group(core, 0..*posts, &Plasticity::default(), axons);
                group += 1;
                first += posts;
            }
            sources = next;
        }
        words.extend(self.layers.iter().flat_map(|layer| [layer.drive, layer.error_threshold]));
        let words: Vec<i32> = words.into_iter().map(|word| i32::try_from(word).unwrap()).collect();
        let posts: Vec<u32> = self.layers.iter().map(|layer| number(layer.posts())).collect();
        let direct = self.direct.as_ref().map(|rows| {
            let bytes: Vec<i8> = rows.concat().into_iter().map(|weight| i8::try_from(weight).unwrap()).collect();
            pack(&bytes)
        });
        let params = EmstdpParams {
            layers: number(self.layers.len()),
            data_first: builder.data(&words),
            inputs,
            posts: posts.iter().sum(),
            posts_max: posts.into_iter().max().unwrap(),
            outputs,
            direct_feedback: direct.map(|words| builder.data(&words)),
            ..self.params
        };
        builder.snip(&change(params));
        builder.build()
    }

    pub(super) fn on_the_chip(&self, samples: &[Sample]) -> Outcome {
        let mut session = open_host();
        session.load(&self.image(|params| params, false).unwrap()).unwrap();
        let outputs = teach(&mut session, self.steps(), samples);
        let all = session.read(Register::W).unwrap();
        let mut rest = all.as_slice();
        let layer = |layer: &Layer| {
            let weights = take_layer(&mut rest, layer.weights.len(), layer.parts.iter().copied());
            weights.into_iter().map(|weight| i64::from(weight / 2)).collect()
        };
        let weights = self.layers.iter().map(layer).collect();
        Outcome { outputs, weights, updates: session.read(Register::Learned).unwrap() }
    }

    /// The same net, its layers cut into these parts.
    pub(super) fn cut(&self, parts: &[&[usize]]) -> Self {
        let mut net = self.clone();
        net.layers.iter_mut().zip(parts).for_each(|(layer, parts)| layer.parts = parts.to_vec());
        net
    }
}

/// What is answered, and what is learned: weights in steps, layer after layer, axon after axon.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) outputs: Vec<Vec<i32>>,
    pub(super) weights: Vec<Vec<i64>>,
    pub(super) updates: Vec<i32>,
}
