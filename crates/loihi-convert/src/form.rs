//! What a network file says of the training of an ANN: `[train]` with `ann = true`.

use loihi_net::network::{Network, Section, SectionError};
use loihi_train::optimiser::Schedule;
use serde::{Deserialize, Serialize};

/// `[train]` of a network of rectified units: every key but `ann` has a default.
///
/// ```
/// let train: loihi_convert::form::AnnForm = toml::from_str("ann = true\nepochs = 30")?;
/// assert_eq!((train.epochs, train.batch), (30, 64));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AnnForm {
    /// That it is one.
    pub ann: bool,
    /// Epochs over the training set, 1 to 10,000; `--epochs` comes first.
    pub epochs: u32,
    /// Samples between two changes of the weights, 1 to 4,096.
    pub batch: usize,
    /// Learning rate of `AdamW`: about what a weight moves in a step.
    pub rate: f32,
    /// How the rate changes over all epochs.
    pub schedule: Schedule,
    /// Share of a weight that a step takes away, at a rate of 1.
    pub weight_decay: f32,
    /// Shifts each sample at random, by at most this many rows and columns.
    pub shift: Option<[u8; 2]>,
    /// Half of the samples are shown with left and right exchanged.
    pub flip: bool,
    /// Upper bound of activations; none by default. A neuron spikes at most once a step, so a few large activations would slow
    /// down all others.
    pub clip: Option<f32>,
    /// Samples of the training set that are held back with `--validate`; of small sets it is a fifth.
    pub validation_samples: usize,
}

impl Default for AnnForm {
    fn default() -> Self {
        Self {
            ann: false,
            epochs: 20,
            batch: 64,
            rate: 1e-3,
            schedule: Schedule::Cosine,
            weight_decay: 0.0,
            shift: None,
            flip: false,
            clip: None,
            validation_samples: 5000,
        }
    }
}

impl AnnForm {
    /// Whether a network file asks for an ANN.
    pub fn is_asked_for(network: &Network) -> bool {
        network.run.train.as_ref().is_some_and(|section| section.keys.contains_key("ann"))
    }

    /// The table of a network.
    ///
    /// # Errors
    /// [`SectionError`] at the first key that is not known or out of its range.
    pub fn of(network: &Network) -> Result<Self, SectionError> {
        let empty = Section::default();
        let section = network.run.train.as_ref().unwrap_or(&empty);
        let form: Self = section.form("train")?;
        let rows = [
            ("ann", form.ann, "give ann = true, or leave it out to train spikes"),
            ("epochs", (1..=10_000).contains(&form.epochs), "give 1 to 10,000 epochs"),
            ("batch", (1..=4096).contains(&form.batch), "give a batch of 1 to 4,096 samples"),
            ("rate", form.rate > 0.0 && form.rate <= 1.0, "give a rate above 0, at most 1"),
            ("weight_decay", (0.0..=1.0).contains(&form.weight_decay), "give a share of 0 to 1"),
            ("shift", form.shift != Some([0, 0]), "`shift = [0, 0]` moves nothing: take it out"),
            ("clip", form.clip.is_none_or(|clip| clip > 0.0 && clip <= 1e6), "give a number above 0"),
            ("validation_samples", form.validation_samples > 0, "give 1 or more samples"),
        ];
        for (key, is_valid, what) in rows {
            if !is_valid {
                return Err(section.error("train", key, what));
            }
        }
        Ok(form)
    }
}
