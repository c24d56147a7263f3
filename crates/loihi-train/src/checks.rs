//! Checks of `[train]`: keys out of range, without effect, or for parts that do not exist are refused.

use crate::beside::place_of;
use crate::loss::Loss;
use crate::parameter::Register;
use crate::settings::{RatesForm, TrainForm, is_trainable};
use loihi_adjoint::rate::Backward;
use loihi_net::network::{Connection, Network, ReadBy, Section, SectionError};

/// A key, whether it is within its range, and what to give instead.
type InRange = (&'static str, bool, &'static str);

fn within(value: f32, low: f32, high: f32) -> bool {
    (low..=high).contains(&value)
}

impl TrainForm {
    /// The table of a network, or the defaults of a network without one.
    ///
    /// # Errors
    /// [`SectionError`] at the first key that is not known, out of its range, or without effect.
    pub fn of(network: &Network) -> Result<Self, SectionError> {
        let Some(section) = &network.run.train else { return Ok(Self::default()) };
        let form: Self = section.form("train")?;
        form.check_ranges(section)?;
        form.check_effects(section, network)?;
        form.check_parts(section, network)?;
        Ok(form)
    }

    fn check_ranges(&self, section: &Section) -> Result<(), SectionError> {
        let mut rows = self.ranges_of_learning().into_iter().chain(self.ranges_of_parts());
        match rows.find(|(_, is_valid, _)| !is_valid) {
            Some((key, _, what)) => Err(section.error("train", key, what)),
            None => Ok(()),
        }
    }

    /// Keys of the course of training, the optimiser and the surrogate: whether each is within its range, and what to give.
    fn ranges_of_learning(&self) -> [InRange; 11] {
        [
            ("epochs", (1..=10_000).contains(&self.epochs), "give 1 to 10,000 epochs"),
            ("batch", (1..=4096).contains(&self.batch), "give a batch of 1 to 4,096 samples"),
            (
                "rate",
                within(self.rate, 1e-6, 256.0),
                "give a rate above 0, at most 256, in units of the weights' mantissas",
            ),
            ("average_epochs", self.average_epochs <= self.epochs, "give at most as many epochs as there are in all"),
            ("weight_decay", within(self.weight_decay, 0.0, 1.0), "give 0 to 1"),
            (
                "weight_decay",
                self.rate * self.weight_decay <= 1.0,
                "a step would take more than the weight away: give a `weight_decay` of at most 1 / `rate`",
            ),
            (
                "clip_norm",
                self.clip_norm == 0.0 || within(self.clip_norm, 1e-6, f32::MAX),
                "give 0 for any norm, or 0.000001 or more",
            ),
            ("validation_samples", self.validation_samples > 0, "give 1 or more"),
            ("per_score", within(self.per_score, 1e-6, 1e3), "give more than 0, at most 1000"),
            (
                "width",
                within(self.width, 1e-3, 1e3),
                "give a width of 0.001 to 1000 thresholds, or steps with \"last-spike\"",
            ),
            ("damping", within(self.damping, 1e-3, 1.0), "give a factor of 0.001 to 1"),
        ]
    }

    /// Keys of spikes that are wanted, of samples, synapses and thresholds.
    fn ranges_of_parts(&self) -> [InRange; 9] {
        let targets = |[right, wrong]: [f32; 2]| within(wrong, 0.0, 1e6) && within(right, wrong, 1e6);
        let rates = |rates: RatesForm| {
            within(rates.low, 0.0, 1.0) && within(rates.high, rates.low, 1.0) && within(rates.strength, 1e-9, 1e6)
        };
        [
            (
                "target_spikes",
                self.target_spikes.is_none_or(targets),
                "give the spikes of the right class, and then fewer of the others",
            ),
            (
                "rates",
                self.rates.is_none_or(rates),
                "give `low` and `high` of 0 to 1 spikes a step, and a `strength` above 0",
            ),
            ("turn_degrees", within(self.turn_degrees, 0.0, 180.0), "give 0 to 180 degrees"),
            ("stretch", within(self.stretch, 0.0, 0.9), "give a share of 0 to 0.9"),
            ("input_dropout", within(self.input_dropout, 0.0, 0.9), "give a share of 0 to 0.9"),
            (
                "connectivity",
                self.connectivity.values().all(|share| within(*share, 1e-4, 1.0)),
                "give shares of 0.0001 to 1 of all synapses",
            ),
            ("rewire_l1", within(self.rewire_l1, 0.0, 256.0), "give 0 to 256 units of the weights' mantissas"),
            ("rewire_noise", within(self.rewire_noise, 0.0, 256.0), "give 0 to 256 units of the weights' mantissas"),
            (
                "v_th_rate",
                self.v_th_rate.is_none_or(|rate| (1e-4..=0.9).contains(&rate)),
                "give a share of 0.0001 to 0.9 of the neurons",
            ),
        ]
    }

    /// Refuses keys that would do nothing.
    fn check_effects(&self, section: &Section, network: &Network) -> Result<(), SectionError> {
        let given = |key: &str| section.keys.contains_key(key);
        let of_scores = self.loss == Loss::CrossEntropy;
        if given("per_score") && !of_scores {
            return Err(section.error("train", "per_score", "`per_score` is of loss = \"cross-entropy\": take it out"));
        }
        if given("target_spikes") && of_scores {
            let what = "`target_spikes` is of loss = \"target-spikes\": give that, or take it out";
            return Err(section.error("train", "target_spikes", what));
        }
        if self.loss == Loss::TargetSpikes && self.target_spikes.is_none() {
            let what = "loss = \"target-spikes\" takes `target_spikes = [RIGHT, WRONG]`";
            return Err(section.error("train", "loss", what));
        }
        if self.loss == Loss::TargetSpikes && network.readout.is_some_and(|readout| readout.by != ReadBy::Spikes) {
            let what = "loss = \"target-spikes\" is on spikes: read them, by = \"spikes\" in [readout]";
            return Err(section.error("train", "loss", what));
        }
        if let Some(key) = self.without_backward().iter().find(|key| given(key)) {
            let backward = self.backward.key();
            let what = format!("`{key}` has no effect with backward = \"{backward}\": take out one of them");
            return Err(section.error("train", key, what));
        }
        if self.backward == Backward::Rate && network.readout.is_some_and(|own| own.by == ReadBy::FirstSpike) {
            let what = "a first spike has no rate: read spikes or voltages, or take out backward = \"rate\"";
            return Err(section.error("train", "backward", what));
        }
        if let Some((key, what)) = self.answers_refusal(network) {
            return Err(section.error("train", key, what));
        }
        for key in ["rewire_l1", "rewire_noise"] {
            if given(key) && self.connectivity.is_empty() {
                let what = format!("`{key}` is of sparse rewiring: give a `connectivity`, or take it out");
                return Err(section.error("train", key, what));
            }
        }
        if given("average_epochs") && self.average_epochs == 0 {
            return Err(section.error("train", "average_epochs", "`average_epochs = 0` changes nothing: take it out"));
        }
        if self.average_epochs > 0 && !self.connectivity.is_empty() {
            let what =
                "synapses at different places have no mean of as many: take out `average_epochs` or `connectivity`";
            return Err(section.error("train", "average_epochs", what));
        }
        let nothing =
            [("turn_degrees", self.turn_degrees), ("stretch", self.stretch), ("input_dropout", self.input_dropout)];
        if let Some((key, _)) = nothing.into_iter().find(|(key, most)| given(key) && *most == 0.0) {
            return Err(section.error("train", key, format!("`{key} = 0` changes nothing: take it out")));
        }
        if self.shift == Some([0, 0]) {
            return Err(section.error("train", "shift", "`shift = [0, 0]` moves nothing: take it out"));
        }
        Ok(())
    }

    /// Keys that have no effect with the file's `backward`.
    const fn without_backward(&self) -> &'static [&'static str] {
        match self.backward {
            Backward::Time => &[],
            Backward::Kernel => &["through_reset"],
            Backward::Rate => {
                &["surrogate", "width", "damping", "through_reset", "delay", "decay_u", "decay_v", "v_th", "bias"]
            }
        }
    }

    /// The first key that cannot be combined with answers per window or pixel, and why.
    fn answers_refusal(&self, network: &Network) -> Option<(&'static str, &'static str)> {
        let readout = network.readout?;
        if readout.window_steps > 0 && self.backward == Backward::Rate {
            return Some((
                "backward",
                "a rate is of all steps: take `window_steps` out of [readout], or backward = \"rate\"",
            ));
        }
        let key = self.moves().filter(|_| readout.per_pixel)?;
        Some((key, "the classes of pixels do not move with the sample: take it out"))
    }

    /// The first key by which samples are moved.
    pub(crate) fn moves(&self) -> Option<&'static str> {
        let moves = [
            ("shift", self.shift.is_some()),
            ("turn_degrees", self.turn_degrees > 0.0),
            ("stretch", self.stretch > 0.0),
        ];
        moves.into_iter().find_map(|(key, moves)| moves.then_some(key))
    }

    /// Refuses names of populations that are not trained, and keys for populations that do not exist.
    fn check_parts(&self, section: &Section, network: &Network) -> Result<(), SectionError> {
        let answers = |place: usize| network.readout.is_some_and(|readout| readout.population == place);
        let is_bounded = |(place, is_reached): (usize, bool)| is_reached && !answers(place);
        if self.rates.is_some() && !self.reached(network).into_iter().enumerate().any(is_bounded) {
            let what = "`rates` is for populations other than the readout, and no weights that lead to one are trained: take it out";
            return Err(section.error("train", "rates", what));
        }
        if let Some(what) = self.delay.as_ref().and_then(|delay| delay.refusal(network)) {
            return Err(section.error("train", "delay", what));
        }
        if let Some(what) = self.bias.as_ref().and_then(|bias| bias.refusal(network)) {
            return Err(section.error("train", "bias", what));
        }
        if self.bias.is_some() && !(0..network.populations.len()).any(|place| self.trains_bias(network, place)) {
            let what = "samples set the biases of all populations that are trained: take it out";
            return Err(section.error("train", "bias", what));
        }
        for register in Register::ALL {
            let refusal = self.register(register).and_then(|form| form.refusal(register, network));
            if let Some(what) = refusal {
                return Err(section.error("train", register.key(), what));
            }
        }
        if self.v_th.is_some()
            && (0..network.populations.len()).all(|place| !self.trains_register(Register::VTh, network, place))
        {
            let what = "`v_th` is for populations other than a readout by voltage, and no weights into one are trained: take it out";
            return Err(section.error("train", "v_th", what));
        }
        for name in self.connectivity.keys() {
            let place = place_of(network, name).map_err(|what| section.error("train", "connectivity", what))?;
            let is_rewired = |own: &Connection| {
                own.to == place && own.weights.is_dense() && self.trains(&own.weights, &network.populations[place])
            };
            if !network.connections.iter().any(is_rewired) {
                let what = format!("no dense connection that is trained leads to `{name}`: take it out");
                return Err(section.error("train", "connectivity", what));
            }
        }
        for name in &self.learn {
            let place = place_of(network, name).map_err(|what| section.error("train", "learn", what))?;
            if !network.connections.iter().any(|own| own.to == place && is_trainable(&own.weights)) {
                let what = format!("no dense or sparse connection and no convolution leads to `{name}`: take it out");
                return Err(section.error("train", "learn", what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::Population;

    /// What is said of these keys, in a network of two layers.
    fn said(keys: &str) -> Option<String> {
        let mut network = Network::new("n");
        let input = network.input("in", 1);
        let hidden = network.population(Population::new("hidden", 1));
        let out = network.population(Population::new("out", 1));
        network.connect(Connection::new(input, hidden, [2]));
        network.connect(Connection::new(hidden, out, [2]));
        network.read(out, ReadBy::Spikes);
        let mut section = Section::default();
        section.keys = toml::from_str(keys).unwrap();
        network.run.train = Some(section);
        TrainForm::of(&network).err().map(|error| error.to_string())
    }

    #[test]
    fn keys_without_effect_and_out_of_range_are_refused() {
        for (keys, expected) in [
            ("shift = [0, 0]", "moves nothing: take it out"),
            ("stretch = 0.0", "`stretch = 0` changes nothing: take it out"),
            ("average_epochs = 0", "`average_epochs = 0` changes nothing: take it out"),
            ("epochs = 4\naverage_epochs = 5", "give at most as many epochs as there are in all"),
            ("average_epochs = 2\nconnectivity = { hidden = 0.2 }", "take out `average_epochs` or `connectivity`"),
            ("input_dropout = 0.0", "`input_dropout = 0` changes nothing: take it out"),
            ("input_dropout = 0.95", "give a share of 0 to 0.9"),
            ("clip_norm = 1e-30", "give 0 for any norm, or 0.000001 or more"),
            ("validation_samples = 0", "give 1 or more"),
            ("rates = { high = 0.1, strength = 0.0 }", "a `strength` above 0"),
            ("rewire_l1 = 0.1", "`rewire_l1` is of sparse rewiring: give a `connectivity`"),
            ("connectivity = { hide = 0.2 }", "unknown population `hide`; there are: hidden, out"),
            (
                "connectivity = { hidden = 0.2 }\nlearn = [\"out\"]",
                "no dense connection that is trained leads to `hidden`",
            ),
            ("connectivity = { hidden = 0 }", "give shares of 0.0001 to 1"),
            ("rates = { high = 0.1, strength = 1.0 }\nlearn = [\"out\"]", "populations other than the readout"),
            (
                "backward = \"rate\"\nwidth = 0.5",
                "`width` has no effect with backward = \"rate\": take out one of them",
            ),
            ("backward = \"kernel\"\nthrough_reset = true", "`through_reset` has no effect with backward = \"kernel\""),
            ("rate = 4.0\nweight_decay = 0.5", "give a `weight_decay` of at most 1 / `rate`"),
            ("delay = { rate = 0.0 }", "give a `rate` above 0, at most 16 steps"),
            ("delay = { rate = 0.1, max_steps = 63 }", "give `max_steps` of 1 to 62"),
            ("delay = { rate = 0.1, into = [\"ou\"] }", "unknown population `ou`; there are: hidden, out"),
            ("delay = { rate = 0.1, most = 3 }", "unknown field `most`"),
            ("decay_u = { rate = 5000.0 }", "give a `rate` above 0, at most 4096, in units of `decay_u`"),
            ("v_th = { rate = 1.0, of = [\"in\"] }", "unknown population `in`"),
            ("turn_degrees = 181.0", "give 0 to 180 degrees"),
            ("stretch = -0.1", "give a share of 0 to 0.9"),
        ] {
            let said = said(keys).unwrap_or_default();
            assert!(said.contains(expected), "{keys}: {said}");
        }
        for keys in [
            "delay = { rate = 0.1, max_steps = 62, into = [\"hidden\"] }",
            "v_th = { rate = 1.0, of = [\"out\"] }\nlearn = [\"hidden\"]",
            "connectivity = { hidden = 0.2 }\nrewire_noise = 0.1",
            "epochs = 4\naverage_epochs = 4",
            "shift = [0, 1]",
            "rates = { high = 0.1, strength = 1.0 }",
            "rate = 2.0\nweight_decay = 0.5",
        ] {
            assert_eq!(said(keys), None, "{keys}");
        }
    }
}
