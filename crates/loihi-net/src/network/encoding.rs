//! How samples become the spikes of an input.

loihi_files::choices! {
    /// How values become spikes.
    pub enum Coding {
        /// A spike with a chance of value / 256 in every step
        Rate = "rate",
        /// One spike, the sooner the larger the value
        Latency = "latency",
        /// A spike for every rise or fall by the threshold; a row of values is a step
        Delta = "delta",
        /// A spike for every value of at least half of the most; a row of values is a step
        Frames = "frames",
        /// A spike for every level that a value reaches; the first extent of the input counts levels, a row of values is a step
        Levels = "levels",
        /// A spike for every level that is crossed since the row before, rises first and falls after them: [2, levels, row]
        Crossings = "crossings",
        /// A spike for every change that a camera of events reports of an image in three saccades: [2, rows, columns]
        Saccades = "saccades",
    }
}

loihi_files::choices! {
    /// Where the time of recordings begins.
    #[derive(Default)]
    pub enum Time {
        /// With the first event of a file
        #[default]
        First = "first",
        /// At 0 of the file's own clock
        Absolute = "absolute",
    }
}

/// How samples become the spikes of an input, as far as the network says it. What it leaves open (`None`) is chosen where
/// samples are presented.
///
/// ```
/// use loihi_net::network::{Coding, Encoding};
///
/// let encoding = Encoding::new(Coding::Delta).threshold(8);
/// assert_eq!((encoding.coding, encoding.threshold), (Some(Coding::Delta), Some(8)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoding {
    /// How values become spikes.
    pub coding: Option<Coding>,
    /// Smallest change that [`Coding::Delta`] reports, 0..=255.
    pub threshold: Option<u8>,
    /// Where time begins, for events.
    pub time: Option<Time>,
    /// Seed of [`Coding::Rate`] and [`Coding::Saccades`].
    pub seed: Option<u32>,
}

impl Encoding {
    /// A coding of values, and nothing else.
    pub fn new(coding: Coding) -> Self {
        Self { coding: Some(coding), ..Self::default() }
    }

    /// Sets the smallest change that [`Coding::Delta`] reports.
    #[must_use]
    pub const fn threshold(mut self, threshold: u8) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Sets where time begins.
    #[must_use]
    pub const fn time(mut self, time: Time) -> Self {
        self.time = Some(time);
        self
    }

    /// Sets the seed of [`Coding::Rate`] and [`Coding::Saccades`].
    #[must_use]
    pub const fn seed(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The first key that has no meaning here, and why: `threshold` belongs to delta, `seed` to rate and saccades, all to spikes.
    pub(super) fn without_effect(&self, spikes: bool) -> Option<(&'static str, &'static str)> {
        let of_spikes = "it has a meaning only for inputs that send spikes";
        let of_delta = "it has a meaning only with coding = \"delta\"";
        let of_draws = "it has a meaning only with coding = \"rate\" or \"saccades\"";
        let [reports, draws] = [&[Coding::Delta][..], &[Coding::Rate, Coding::Saccades]]
            .map(|own| spikes && self.coding.is_some_and(|coding| own.contains(&coding)));
        let keys = [
            ("coding", self.coding.is_some(), spikes, of_spikes),
            ("time", self.time.is_some(), spikes, of_spikes),
            ("threshold", self.threshold.is_some(), reports, of_delta),
            ("seed", self.seed.is_some(), draws, of_draws),
        ];
        keys.into_iter().find(|(_, given, has_effect, _)| *given && !has_effect).map(|(key, .., why)| (key, why))
    }
}
