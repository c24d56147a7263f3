//! Whether weights fit the ends of their connection, and its sign mode holds them.

use super::{Element, NetworkError};
use crate::network::compressed::CompressedWeights;
use crate::network::conv::planes;
use crate::network::{Connection, Conv2d, Each, Network, Pool2d, SYNAPSES_MAX, Signs, SparseSynapse, Weights, size};

/// A connection and the shapes of its ends.
#[derive(Clone, Copy)]
struct Ends<'n> {
    network: &'n Network,
    element: Element,
    from: &'n [usize],
    to: &'n [usize],
    sources: usize,
    neurons: usize,
}

impl Network {
    pub(super) fn check_weights(
        &self,
        element: Element,
        connection: &Connection,
        [from, to]: [&[usize]; 2],
    ) -> Result<(), NetworkError> {
        let ends = Ends { network: self, element, from, to, sources: size(from), neurons: size(to) };
        match &connection.weights {
            Weights::Dense(weights) => ends.check_dense(weights),
            Weights::Compressed(weights) => ends.check_compressed(weights, connection.learning.is_some()),
            Weights::OneToOne(weights) => ends.check_one_to_one(weights),
            Weights::Conv2d(conv) => ends.check_convolution(conv),
            Weights::Pool2d(pool) => ends.check_pool(pool),
            Weights::Sparse(synapses) => ends.check_sparse(synapses),
        }
    }

    pub(super) fn check_mantissas(&self, element: Element, connection: &Connection) -> Result<(), NetworkError> {
        let (low, high, values) = match connection.signs {
            Signs::Mixed => (-256, 254, "even numbers from -256 to 254 with signs = \"mixed\""),
            Signs::Excitatory => (0, 255, "0 to 255 with signs = \"excitatory\""),
            Signs::Inhibitory => (-256, 0, "-256 to 0 with signs = \"inhibitory\""),
            Signs::Split => (-256, 255, "-256 to 255 with signs = \"split\""),
        };
        let even = connection.signs == Signs::Mixed && connection.learning.is_none();
        let valid = |weight: i16| (low..=high).contains(&weight) && (!even || weight % 2 == 0);
        let wrong = match &connection.weights {
            Weights::Dense(weights) => first_invalid(weights, valid),
            Weights::Compressed(weights) => weights.mantissas().find(|weight| !valid(*weight)),
            Weights::OneToOne(weights) => first_invalid(weights.values(), valid),
            Weights::Conv2d(conv) => first_invalid(&conv.weights, valid),
            Weights::Pool2d(pool) => first_invalid(&[pool.weight], valid),
            Weights::Sparse(synapses) => synapses.iter().map(|synapse| synapse.weight).find(|weight| !valid(*weight)),
        };
        self.require(wrong.is_none(), element, "weights", || {
            let advice = if even { "; \"split\" holds odd ones, for twice the axons" } else { "" };
            format!("a weight of {}, but mantissas are {values}{advice}", wrong.unwrap_or(0))
        })
    }
}

impl Ends<'_> {
    fn require(self, valid: bool, key: &'static str, what: impl FnOnce() -> String) -> Result<(), NetworkError> {
        self.network.require(valid, self.element, key, what)
    }

    fn check_dense(self, weights: &[i16]) -> Result<(), NetworkError> {
        let Self { sources, neurons, .. } = self;
        let wanted = neurons.saturating_mul(sources);
        self.require(weights.len() == wanted, "weights", || {
            format!("{} weights, but {neurons} neurons and {sources} sources take {wanted}", weights.len())
        })
    }

    fn check_compressed(self, weights: &CompressedWeights, learns: bool) -> Result<(), NetworkError> {
        let Self { sources, neurons, .. } = self;
        let [rows, neurons_of_row, sources_of_row] = weights.extents();
        let fits = [neurons_of_row, sources_of_row].map(|own| rows.saturating_mul(own)) == [neurons, sources];
        self.require(fits, "weights", || {
            format!(
                "weights of {rows} rows of {neurons_of_row} neurons and {sources_of_row} sources, but there are {neurons} \
                 neurons and {sources} sources"
            )
        })?;
        let all = if learns { weights.places() } else { weights.len() };
        self.require(all <= SYNAPSES_MAX, "weights", || {
            format!(
                "{all} synapses, since a weight of 0 can learn, too; but a connection can have {SYNAPSES_MAX}: give fewer by \
                 `kind = \"sparse\"`, or divide the population"
            )
        })
    }

    fn check_one_to_one(self, weights: &Each<i16>) -> Result<(), NetworkError> {
        let Self { sources, neurons, .. } = self;
        self.require(sources == neurons, "weights", || {
            format!("one to one takes as many sources ({sources}) as neurons ({neurons})")
        })?;
        let every = weights.get(neurons - 1).is_some() && weights.values().len() <= neurons;
        self.require(every, "weights", || {
            format!("{} weights, but there are {neurons} neurons", weights.values().len())
        })
    }

    fn check_convolution(self, conv: &Conv2d) -> Result<(), NetworkError> {
        let Self { from, to, .. } = self;
        let [outputs, inputs_per_group, height, width] = conv.shape;
        let stored = outputs.saturating_mul(inputs_per_group).saturating_mul(height).saturating_mul(width);
        let channels = planes(from).map_or(0, |[channels, ..]| channels);
        let grouped = conv.groups > 0
            && outputs % conv.groups == 0
            && Some(channels) == inputs_per_group.checked_mul(conv.groups);
        self.require(grouped && stored == conv.weights.len() && stored > 0, "weights", || {
            format!(
                "{} weights of shape {:?} in {} groups do not fit {channels} channels",
                conv.weights.len(),
                conv.shape,
                conv.groups
            )
        })?;
        let steps = conv.stride.iter().chain(&conv.dilation).all(|step| (1..=4096).contains(step));
        self.require(steps, "stride", || "stride and dilation are 1 or more".to_owned())?;
        let gives = planes(from).zip(planes(to)).is_some_and(|(from, to)| conv.gives(from, to));
        self.require(gives, "shape", || {
            let shape = planes(from).and_then(|from| conv.output_shape(from)).unwrap_or_default();
            format!("the convolution of {from:?} gives {shape:?}, but the population has {to:?}")
        })
    }

    fn check_pool(self, pool: &Pool2d) -> Result<(), NetworkError> {
        let Self { from, to, .. } = self;
        let steps = pool.stride.iter().chain(&pool.kernel).all(|step| (1..=4096).contains(step));
        self.require(steps, "stride", || "kernel and stride are 1 or more".to_owned())?;
        let shape = planes(from).and_then(|from| pool.output_shape(from));
        self.require(shape.is_some() && shape == planes(to), "shape", || {
            format!("the pool of {from:?} gives {:?}, but the population has {to:?}", shape.unwrap_or_default())
        })
    }

    fn check_sparse(self, synapses: &[SparseSynapse]) -> Result<(), NetworkError> {
        let Self { sources, neurons, .. } = self;
        let outside = synapses.iter().find(|synapse| synapse.source >= sources || synapse.neuron >= neurons);
        self.require(outside.is_none(), "synapses", || {
            let [source, neuron] = outside.map_or([0; 2], |synapse| [synapse.source, synapse.neuron]);
            format!("one from {source} to {neuron}, but there are {sources} sources and {neurons} neurons")
        })?;
        let place = |synapse: &SparseSynapse| (synapse.source, synapse.neuron);
        self.require(synapses.is_sorted_by_key(place), "synapses", || {
            "they are not in ascending order of source, then neuron".to_owned()
        })
    }
}

/// The first invalid weight. Networks have millions of them: all are looked at without a branch for each.
fn first_invalid(weights: &[i16], valid: impl Fn(i16) -> bool) -> Option<i16> {
    let all = weights.iter().fold(true, |all, weight| all & valid(*weight));
    if all { None } else { weights.iter().copied().find(|weight| !valid(*weight)) }
}
