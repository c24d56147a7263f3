//! Parameters of an experiment from a TOML file.

use super::Task;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What every file of parameters begins with.
#[derive(Debug, Deserialize)]
struct Header {
    experiment: String,
}

/// Which experiment a file of parameters is for.
///
/// # Errors
/// [`toml::de::Error`] points at the line.
pub fn experiment(text: &str) -> Result<String, toml::de::Error> {
    toml::from_str::<Header>(text).map(|header| header.experiment)
}

/// The parameters without the name of the experiment, whose line is left blank so that errors point at the right one.
pub(super) fn read<T: Task + DeserializeOwned + 'static>(text: &str) -> Result<Box<dyn Task>, toml::de::Error> {
    let is_name = |line: &&str| line.split('=').next().is_some_and(|key| key.trim() == "experiment");
    let name = text.lines().take_while(|line| !line.trim_start().starts_with('[')).find(is_name);
    let body = name.map_or_else(|| text.to_owned(), |name| text.replacen(name, "", 1));
    toml::from_str::<T>(&body).map(|task| Box::new(task) as Box<dyn Task>)
}
