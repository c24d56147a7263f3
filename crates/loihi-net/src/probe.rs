//! What is sampled of a run, and when: `[POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N,compartment=N`.

use loihi_core::register::Register;
use loihi_files::names::unknown;
use std::fmt::{self, Display, Formatter, Write as _};
use std::ops::Range;
use std::str::FromStr;

/// Neurons that are sampled, by the population to which they belong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeTarget {
    /// The population.
    pub population: String,
    /// Which compartment of a neuron; `None`: its soma.
    pub compartment: Option<usize>,
}

/// What is sampled, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// The population; `None`: the register as it lies on the chip.
    pub of: Option<ProbeTarget>,
    /// The register.
    pub register: Register,
    /// Elements of it, or neurons of the population; `None`: all.
    pub elements: Option<Range<usize>>,
    /// Steps from one sample to the next, at least 1.
    pub every: u64,
    /// The steps, counted from 0, after which it is sampled, the first one included.
    pub window: Range<u64>,
}

/// What is wrong with a probe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// There is no such register.
    #[error("unknown register {}", unknown(.0, &names(|_| true), None))]
    Register(String),
    /// A register that neurons do not have.
    #[error("`{0}` is not a register of neurons; these are: {known}", known = names(is_of_neurons).join(", "))]
    OfNeurons(&'static str),
    /// The range of elements is invalid.
    #[error("`{0}` is not a range of elements: write FIRST..END, as in v[0..16], or one number")]
    Elements(String),
    /// Something after `@` is unknown.
    #[error("`{0}` is not understood: after @ come every=N, from=N, to=N and compartment=N, with commas between them")]
    Option(String),
    /// There is no step in the window, or `every` is 0.
    #[error("the probe samples no step: `every` must be at least 1 and `from` less than `to`")]
    Empty,
    /// Some spikes of a stretch of steps.
    #[error("every spike is recorded, or none: `every` has no meaning for spikes")]
    SparseSpikes,
    /// A compartment of nothing.
    #[error("`compartment` has a meaning only with a register of a population's neurons, and not with spikes")]
    Compartment,
    /// Some spikes of no population.
    #[error("spikes are recorded by population: write POPULATION.spikes[FIRST..END], or spikes for all")]
    SpikeElements,
}

/// Every register that can be probed, in the order in which users see them.
pub fn registers() -> impl Iterator<Item = Register> {
    Register::ALL.into_iter().chain([Register::VReadout])
}

/// Whether a register has a word for every compartment of the chip, if it has any.
pub const fn is_by_compartment(register: Register) -> bool {
    matches!(
        register,
        Register::U
            | Register::V
            | Register::VReadout
            | Register::Bias
            | Register::Refractory
            | Register::Threshold
            | Register::Activity
    )
}

/// Whether it can be sampled by population.
const fn is_of_neurons(register: Register) -> bool {
    is_by_compartment(register) || matches!(register, Register::Spikes)
}

fn names(of: fn(Register) -> bool) -> Vec<&'static str> {
    registers().filter(|register| of(*register)).map(Register::name).collect()
}

/// The register of a name.
///
/// # Errors
/// [`ProbeError::Register`] lists all names.
pub fn register(name: &str) -> Result<Register, ProbeError> {
    let found = registers().find(|register| register.name() == name);
    found.ok_or_else(|| ProbeError::Register(name.to_owned()))
}

/// What the words of a register are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// What has a word each.
    pub per: &'static str,
    /// Their unit.
    pub unit: &'static str,
    /// Their fixed-point format.
    pub format: &'static str,
}

/// What the words of a register are.
pub const fn meaning(register: Register) -> Meaning {
    let (per, unit, format) = match register {
        Register::U => ("compartment", "current", "Q23.0"),
        Register::V | Register::VReadout => ("compartment", "voltage", "Q23.0"),
        Register::Threshold => ("compartment, with homeostasis", "voltage", "Q23.0"),
        Register::Bias => ("compartment", "voltage per step", "Q23.0"),
        Register::Refractory => ("compartment", "steps left", "integer"),
        Register::Activity => ("compartment, with homeostasis", "trace", "integer"),
        Register::Dendrite => ("compartment and step to come", "current / 64", "integer"),
        Register::Auxiliary => ("compartment and step to come, of auxiliary accumulators", "current / 64", "integer"),
        Register::W => ("plastic synapse", "weight mantissa", "integer"),
        Register::T => ("plastic synapse; 0 if no rule uses tags", "tag", "integer"),
        Register::D => ("plastic synapse; fixed if no rule uses delays", "steps", "integer"),
        Register::X1 | Register::X2 => ("plastic axon", "trace", "integer"),
        Register::Y1 | Register::Y2 | Register::Y3 => ("post of a plastic group", "trace", "integer"),
        Register::Epoch => ("plastic axon and post", "step of the epoch", "integer"),
        Register::Profile => ("post of a plastic group", "profile", "integer"),
        Register::Reward => ("chip", "reward", "integer"),
        Register::Rate => ("plastic group and snip", "power of two", "integer"),
        Register::Spikes => ("spike", "compartment", "step, core, compartment, payload"),
        Register::Output => ("word of the output mailbox", "as the experiment fills it", "integer"),
        Register::Learned => ("word that snips learn", "as the snip has it", "integer"),
        Register::Working => ("word that snips remember", "as the snip has it", "integer"),
        Register::Mailbox => ("word toward the chip", "as the experiment fills it", "Q3.12"),
        Register::CoreCounts => ("core and count", "count", "integer"),
    };
    Meaning { per, unit, format }
}

impl Probe {
    /// Every spike of the chip.
    pub const SPIKES: Self =
        Self { of: None, register: Register::Spikes, elements: None, every: 1, window: 0..u64::MAX };

    /// A register as it lies on the chip, in every step.
    pub const fn new(register: Register) -> Self {
        Self { register, ..Self::SPIKES }
    }

    /// The same of a population's neurons.
    #[must_use]
    pub fn of(self, population: impl Into<String>) -> Self {
        Self { of: Some(ProbeTarget { population: population.into(), compartment: None }), ..self }
    }

    /// The same of one compartment of each neuron, leaves first, instead of the soma; without a population it changes
    /// nothing.
    #[must_use]
    pub fn compartment(mut self, compartment: usize) -> Self {
        if let Some(target) = &mut self.of {
            target.compartment = Some(compartment);
        }
        self
    }

    /// The same of some elements of the register, or some neurons of the population.
    #[must_use]
    pub fn elements(self, elements: Range<usize>) -> Self {
        Self { elements: Some(elements), ..self }
    }

    /// The same in every n-th step, from the first of the window on.
    #[must_use]
    pub fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }

    /// The same in these steps, counted from 0.
    #[must_use]
    pub fn window(self, window: Range<u64>) -> Self {
        Self { window, ..self }
    }

    /// Checks what can be known without a network.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn check(&self) -> Result<(), ProbeError> {
        if self.every == 0 || self.window.is_empty() {
            return Err(ProbeError::Empty);
        }
        let spikes = self.register == Register::Spikes;
        match &self.of {
            Some(_) if !is_of_neurons(self.register) => Err(ProbeError::OfNeurons(self.register.name())),
            Some(target) if spikes && target.compartment.is_some() => Err(ProbeError::Compartment),
            None if spikes && self.elements.is_some() => Err(ProbeError::SpikeElements),
            _ if spikes && self.every > 1 => Err(ProbeError::SparseSpikes),
            _ => Ok(()),
        }
    }

    /// What the files are called: population, register, and the elements if they are some of it.
    pub fn label(&self) -> String {
        let mut label = self.of.as_ref().map_or_else(String::new, |target| format!("{}.", target.population));
        label += &self.column();
        // Names may hold what a file's name must not.
        label.replace(|letter: char| !(letter.is_alphanumeric() || "._-".contains(letter)), "_")
    }

    /// The same without the population.
    pub fn column(&self) -> String {
        let mut column = self.register.name().to_owned();
        if let Some(compartment) = self.of.as_ref().and_then(|target| target.compartment) {
            let _ = write!(column, "-compartment-{compartment}");
        }
        if let Some(elements) = &self.elements {
            let _ = write!(column, "-{}-{}", elements.start, elements.end);
        }
        column
    }

    /// The first step from `step` on after which it is sampled.
    pub fn next(&self, step: u64) -> Option<u64> {
        let since = step.saturating_sub(self.window.start);
        let next = since.div_ceil(self.every).checked_mul(self.every)?.checked_add(self.window.start)?;
        self.window.contains(&next).then_some(next)
    }
}

impl Display for Probe {
    /// As [`Probe::from_str`] reads it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let compartment = self.of.as_ref().and_then(|target| target.compartment);
        if let Some(target) = &self.of {
            write!(f, "{}.", target.population)?;
        }
        write!(f, "{}", self.register.name())?;
        if let Some(elements) = &self.elements {
            write!(f, "[{}..{}]", elements.start, elements.end)?;
        }
        let options = [
            ("every", Some(self.every).filter(|every| *every != 1)),
            ("from", Some(self.window.start).filter(|from| *from != 0)),
            ("to", Some(self.window.end).filter(|to| *to != u64::MAX)),
            ("compartment", compartment.and_then(|compartment| u64::try_from(compartment).ok())),
        ];
        let mut before = '@';
        for (key, value) in options.iter().filter_map(|(key, value)| Some((key, (*value)?))) {
            write!(f, "{before}{key}={value}")?;
            before = ',';
        }
        Ok(())
    }
}

impl FromStr for Probe {
    type Err = ProbeError;

    /// `[POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N,compartment=N`; all but the register may be left out.
    fn from_str(text: &str) -> Result<Self, ProbeError> {
        // Populations may have any name, so what follows it is taken off from the end.
        let (target, options) = text.rsplit_once('@').unwrap_or((text, ""));
        let (path, elements) = match target.rsplit_once('[') {
            Some((path, rest)) => (path, Some(range(rest).ok_or_else(|| ProbeError::Elements(format!("[{rest}")))?)),
            None => (target, None),
        };
        let (population, name) = path.rsplit_once('.').map_or((None, path), |(of, name)| (Some(of), name));
        let mut probe = Self { elements, ..Self::new(register(name)?) };
        let mut compartment = None;
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let unknown = || ProbeError::Option(option.to_owned());
            let (key, value) = option.split_once('=').ok_or_else(unknown)?;
            let value: u64 = value.parse().map_err(|_| unknown())?;
            match key {
                "every" => probe.every = value,
                "from" => probe.window.start = value,
                "to" => probe.window.end = value,
                "compartment" => compartment = Some(usize::try_from(value).map_err(|_| unknown())?),
                _ => return Err(unknown()),
            }
        }
        match (population, compartment) {
            (Some(population), compartment) => {
                probe.of = Some(ProbeTarget { population: population.to_owned(), compartment });
            }
            (None, Some(_)) => return Err(ProbeError::Compartment),
            (None, None) => {}
        }
        probe.check()?;
        Ok(probe)
    }
}

/// What stands between the brackets, and the closing one.
fn range(text: &str) -> Option<Range<usize>> {
    let inside = text.strip_suffix(']')?;
    let range = match inside.split_once("..") {
        Some((first, end)) => first.parse().ok()?..end.parse().ok()?,
        None => inside.parse().ok().and_then(|first: usize| Some(first..first.checked_add(1)?))?,
    };
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_probe_is_read_and_a_wrong_one_says_what_there_is() {
        let probe: Probe = "v[0..16]@every=10,from=5,to=2000".parse().unwrap();
        let expected = Probe { elements: Some(0..16), every: 10, window: 5..2000, ..Probe::new(Register::V) };
        assert_eq!((&probe, probe.label().as_str()), (&expected, "v-0-16"));
        assert_eq!("x1[3]".parse::<Probe>().unwrap().elements, Some(3..4));
        let error = "voltage".parse::<Probe>().unwrap_err().to_string();
        assert!(error.contains("`voltage`") && error.contains("v_readout") && error.contains("y3"), "{error}");
        for wrong in ["v[4..4]", "v[a..b]", "v[1", "v@each=3", "v@every", "v@every=0", "v@from=9,to=3", "a.v[2..1]"] {
            assert!(wrong.parse::<Probe>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_probe_of_a_population_names_neurons() {
        let probe: Probe = "lif1.lif.v[4]@every=2,compartment=0".parse().unwrap();
        let target = ProbeTarget { population: "lif1.lif".to_owned(), compartment: Some(0) };
        assert_eq!((probe.of.as_ref(), &probe.elements, probe.every), (Some(&target), &Some(4..5), 2));
        assert_eq!(probe.label(), "lif1.lif.v-compartment-0-4-5");
        assert_eq!("a/b c.u".parse::<Probe>().unwrap().label(), "a_b_c.u");
        let refused = |text: &str| text.parse::<Probe>().unwrap_err();
        assert!(refused("out.w").to_string().contains("these are: u, v, bias"), "{}", refused("out.w"));
        assert_eq!(refused("v@compartment=1"), ProbeError::Compartment);
        assert_eq!(refused("out.spikes@compartment=1"), ProbeError::Compartment);
        assert_eq!(refused("out.spikes@every=2"), ProbeError::SparseSpikes);
        assert_eq!(refused("spikes[0..3]"), ProbeError::SpikeElements);
        assert_eq!("spikes".parse::<Probe>().unwrap(), Probe::SPIKES);
    }

    proptest! {
        #[test]
        fn the_next_sample_is_the_first_that_fits(every in 1_u64..20, from in 0_u64..40, long in 1_u64..60, at in 0_u64..120) {
            let probe = Probe { every, window: from..from + long, ..Probe::new(Register::V) };
            let fits = |step: &u64| probe.window.contains(step) && (step - from).is_multiple_of(every);
            prop_assert_eq!(probe.next(at), (at..200).find(fits));
        }

        #[test]
        fn what_is_printed_is_read_again(
            population in proptest::option::of("[a-z][a-z0-9 .@\\[_-]{0,6}[a-z]"),
            compartment in proptest::option::of(0_usize..3),
            elements in proptest::option::of((0_usize..9, 1_usize..9)),
            every in 1_u64..4,
            from in 0_u64..3,
            to in proptest::option::of(3_u64..9),
        ) {
            let of = population.map(|population| ProbeTarget { population, compartment });
            let elements = elements.map(|(first, many)| first..first + many);
            let probe = Probe { of, register: Register::U, elements, every, window: from..to.unwrap_or(u64::MAX) };
            // A name with @ or [ in it needs options and elements behind it to be told from them.
            let odd = |of: &ProbeTarget| of.population.contains(['@', '[']);
            let whole = every > 1 && probe.elements.is_some();
            prop_assume!(whole || !probe.of.as_ref().is_some_and(odd));
            prop_assert_eq!(probe.to_string().parse::<Probe>(), Ok(probe));
        }
    }
}
