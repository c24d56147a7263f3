//! Which samples are shown to which input of a network, as options of a command name them: `WHAT`, or `NAME=WHAT` for each input.

use super::present::{PresentError, input_of};
use loihi_net::network::Network;
use std::path::{Path, PathBuf};

/// What is shown to the inputs of a network.
#[derive(Clone, Copy, Debug)]
pub struct Fed<'f> {
    /// Samples: of the only input, of the one that is named, or `NAME=WHAT` for each.
    pub data: &'f [PathBuf],
    /// The only input that is shown something.
    pub input: Option<&'f str>,
    /// The option that names samples, for errors.
    pub option: &'static str,
}

impl Fed<'_> {
    /// Inputs by their places, ascending, and their samples. Unless one is named, every input has its own.
    ///
    /// # Errors
    /// [`PresentError`] says which input has none, or two, or is not there.
    pub fn inputs(&self, network: &Network) -> Result<Vec<(usize, PathBuf)>, PresentError> {
        let Self { data, input, option } = *self;
        let refused = |what: String| Err(PresentError::Fed(what));
        let split = |path: &PathBuf| {
            let (name, what) = named(path)?;
            Some((network.inputs.iter().position(|input| input.name == name)?, PathBuf::from(what)))
        };
        if let Some((name, _)) =
            data.iter().filter(|path| split(path).is_none() && !path.exists()).find_map(|path| named(path))
        {
            let inputs: Vec<&str> = network.inputs.iter().map(|input| input.name.as_str()).collect();
            return refused(format!("unknown input `{name}`; there are: {}", inputs.join(", ")));
        }
        let mut fed = match data {
            [only] if split(only).is_none() => vec![(input_of(network, input)?, only.clone())],
            _ => match data.iter().map(split).collect::<Option<Vec<_>>>().filter(|_| input.is_none()) {
                Some(each) => each,
                None => return refused(format!("give {option} NAME=PATH for each input, without --input")),
            },
        };
        fed.sort_by_key(|(input, _)| *input);
        for (at, own) in network.inputs.iter().enumerate() {
            let what = match fed.iter().filter(|(fed, _)| *fed == at).count() {
                0 if input.is_none() => "no samples",
                0 | 1 => continue,
                _ => "samples twice",
            };
            return refused(format!(
                "the input `{}` has {what}: give each input its own, {option} NAME=PATH",
                own.name
            ));
        }
        Ok(fed)
    }
}

/// The name of an input and what is shown to it.
fn named(path: &Path) -> Option<(&str, &str)> {
    path.to_str()?.split_once('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_its_own_or_one_is_named() {
        let mut network = Network::new("n");
        network.input("a", 1);
        network.input("b", 1);
        let fed = |data: &[&str], input| {
            let data: Vec<PathBuf> = data.iter().map(PathBuf::from).collect();
            let inputs = Fed { data: &data, input, option: "--train" }.inputs(&network);
            inputs.map_err(|error| error.to_string())
        };
        let each =
            |all: &[(usize, &str)]| Ok(all.iter().map(|(at, what)| (*at, PathBuf::from(what))).collect::<Vec<_>>());
        assert_eq!(fed(&["b=digits", "a=x.npz"], None), each(&[(0, "x.npz"), (1, "digits")]));
        assert_eq!(fed(&["digits"], Some("b")), each(&[(1, "digits")]), "the other is silent");
        let said = |data: &[&str], input| fed(data, input).unwrap_err();
        assert!(said(&["digits"], None).contains("say --input with one of a, b"));
        assert!(
            said(&["a=digits"], None)
                .contains("the input `b` has no samples: give each input its own, --train NAME=PATH")
        );
        assert!(said(&["a=digits", "a=x", "b=y"], None).contains("the input `a` has samples twice"));
        assert!(said(&["c=digits", "a=x"], None).contains("unknown input `c`; there are: a, b"));
        assert!(
            said(&["a=digits", "b=y"], Some("a")).contains("give --train NAME=PATH for each input, without --input")
        );
    }
}
