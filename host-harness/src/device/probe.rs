//! What is sampled of a run, and when: `REGISTER[FIRST..END]@every=N,from=N,to=N`.

use loihi_core::probe::Register;
use std::ops::Range;
use std::str::FromStr;

/// Every register that can be probed, in the order in which users see them.
pub fn registers() -> impl Iterator<Item = Register> {
    let all = Register::ALL.into_iter().chain([Register::VReadout]);
    // Spikes are no dense samples.
    all.filter(|register| *register != Register::Spikes)
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

/// What is sampled, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The register.
    pub register: Register,
    /// Elements of it; `None`: all.
    pub elements: Option<Range<usize>>,
    /// Steps from one sample to the next, at least 1.
    pub every: u64,
    /// The steps, counted from 0, after which it is sampled, the first one included.
    pub window: Range<u64>,
}

/// What is wrong with the text of a probe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no such register.
    #[error("there is no register `{0}`; there are {known}", known = names())]
    Register(String),
    /// Spikes are no dense samples.
    #[error("spikes are recorded by --spikes")]
    Spikes,
    /// The range of elements is none.
    #[error("`{0}` is no range of elements: write FIRST..END, as in v[0..16], or one number")]
    Elements(String),
    /// Something after `@` is unknown.
    #[error("`{0}` is not understood: after @ come every=N, from=N and to=N, with commas between them")]
    Option(String),
    /// There is no step in the window, or `every` is 0.
    #[error("the probe samples no step: `every` must be at least 1 and `from` less than `to`")]
    Empty,
}

fn names() -> String {
    let names: Vec<&str> = registers().map(Register::name).collect();
    names.join(", ")
}

impl FromStr for Probe {
    type Err = ProbeError;

    /// `REGISTER[FIRST..END]@every=N,from=N,to=N`; everything after the register may be left out.
    fn from_str(text: &str) -> Result<Self, ProbeError> {
        let (target, options) = text.split_once('@').unwrap_or((text, ""));
        let (name, elements) = match target.split_once('[') {
            Some((name, rest)) => (name, Some(range(rest).ok_or_else(|| ProbeError::Elements(format!("[{rest}")))?)),
            None => (target, None),
        };
        if name == Register::Spikes.name() {
            return Err(ProbeError::Spikes);
        }
        let register = registers().find(|register| register.name() == name);
        let register = register.ok_or_else(|| ProbeError::Register(name.to_owned()))?;
        let mut probe = Self { register, elements, every: 1, window: 0..u64::MAX };
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let unknown = || ProbeError::Option(option.to_owned());
            let (key, value) = option.split_once('=').ok_or_else(unknown)?;
            let value = value.parse().map_err(|_| unknown())?;
            match key {
                "every" => probe.every = value,
                "from" => probe.window.start = value,
                "to" => probe.window.end = value,
                _ => return Err(unknown()),
            }
        }
        if probe.every == 0 || probe.window.is_empty() { Err(ProbeError::Empty) } else { Ok(probe) }
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

impl Probe {
    /// What the files are called: the register, and the elements if they are some of it.
    pub fn label(&self) -> String {
        match &self.elements {
            Some(elements) => format!("{}-{}-{}", self.register.name(), elements.start, elements.end),
            None => self.register.name().to_owned(),
        }
    }

    /// The first step from `step` on after which it is sampled.
    pub(super) fn next(&self, step: u64) -> Option<u64> {
        let since = step.saturating_sub(self.window.start);
        let next = since.div_ceil(self.every).checked_mul(self.every)?.checked_add(self.window.start)?;
        self.window.contains(&next).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_probe_is_read_and_a_wrong_one_says_what_there_is() {
        let probe: Probe = "v[0..16]@every=10,from=5,to=2000".parse().unwrap();
        assert_eq!(probe, Probe { register: Register::V, elements: Some(0..16), every: 10, window: 5..2000 });
        assert_eq!(probe.label(), "v-0-16");
        assert_eq!("x1[3]".parse::<Probe>().unwrap().elements, Some(3..4));
        let error = "voltage".parse::<Probe>().unwrap_err().to_string();
        assert!(error.contains("`voltage`") && error.contains("v_readout") && error.contains("y3"), "{error}");
        for wrong in ["v[4..4]", "v[a..b]", "v[1", "v@each=3", "v@every", "v@every=0", "v@from=9,to=3", "spikes"] {
            assert!(wrong.parse::<Probe>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_next_sample_is_the_first_that_fits(every in 1_u64..20, from in 0_u64..40, long in 1_u64..60, at in 0_u64..120) {
            let probe = Probe { register: Register::V, elements: None, every, window: from..from + long };
            let fits = |step: &u64| probe.window.contains(step) && (step - from).is_multiple_of(every);
            prop_assert_eq!(probe.next(at), (at..200).find(fits));
        }
    }
}
