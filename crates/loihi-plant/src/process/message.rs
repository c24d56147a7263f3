//! Lines of JSON: what is told to a program, and what it answers.

use super::super::{Observation, Ports};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol.
const VERSION: u32 = 1;

/// The first line.
pub(super) fn greeting(ports: Ports) -> String {
    #[derive(Serialize)]
    struct Greeting {
        plant: u32,
        sensed: usize,
        actions: usize,
        errors: usize,
    }
    let Ports { sensed, actions, errors } = ports;
    line(&Greeting { plant: VERSION, sensed, actions, errors })
}

/// Asks for the beginning of an episode.
pub(super) fn reset(seed: u32) -> String {
    #[derive(Serialize)]
    struct Reset {
        reset: u32,
    }
    line(&Reset { reset: seed })
}

/// Asks for a step.
pub(super) fn action(action: &[f64]) -> String {
    #[derive(Serialize)]
    struct Action<'a> {
        action: &'a [f64],
    }
    line(&Action { action })
}

fn line(message: &impl Serialize) -> String {
    // Structures of numbers: nothing in them can fail to be written.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

/// What a program answers, its numbers as `f64` or [`Number`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Answer<N> {
    sensed: Vec<N>,
    #[serde(default = "Vec::new")]
    error: Vec<N>,
    cost: Option<N>,
    reward: Option<N>,
    right: Option<bool>,
    #[serde(default)]
    done: bool,
}

impl<N: Into<f64>> Answer<N> {
    fn observation(self) -> Observation {
        let list = |numbers: Vec<N>| numbers.into_iter().map(Into::into).collect();
        let Self { sensed, error, cost, reward, right, done } = self;
        let (cost, reward) = (cost.map(Into::into), reward.map(Into::into));
        Observation { sensed: list(sensed), error: list(error), cost, reward, right, done }
    }
}

/// The observation in a line, or what is wrong with it. NaN and infinite numbers, which many programs write although JSON has
/// none, are read here and refused, by name, when the observation is checked.
pub(super) fn observation(line: &[u8]) -> Result<Observation, String> {
    let error = match serde_json::from_slice::<Answer<f64>>(line) {
        Ok(answer) => return Ok(answer.observation()),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(line);
    let quoted = text.replace("-Infinity", "\"-inf\"").replace("Infinity", "\"inf\"").replace("NaN", "\"NaN\"");
    serde_json::from_str::<Answer<Number>>(&quoted).map(Answer::observation).map_err(|_| cause(&error))
}

/// An error without its place, which is always in line 1.
fn cause(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A number, or one that JSON cannot say in quotation marks.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct Number(f64);

impl TryFrom<Value> for Number {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let number = match &value {
            Value::String(text) => text.parse().ok().filter(|number: &f64| !number.is_finite()),
            other => other.as_f64(),
        };
        number.map(Self).ok_or("not a number")
    }
}

impl From<Number> for f64 {
    fn from(Number(value): Number) -> Self {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_documented() {
        let ports = Ports { sensed: 2, actions: 1, errors: 1 };
        assert_eq!(greeting(ports), "{\"plant\":1,\"sensed\":2,\"actions\":1,\"errors\":1}\n");
        assert_eq!(reset(11), "{\"reset\":11}\n");
        assert_eq!(action(&[0.0, -0.25]), "{\"action\":[0.0,-0.25]}\n");
    }

    #[test]
    fn answers_are_read() {
        let read = observation(b"{\"sensed\": [0, -1.5], \"error\": [2e-1], \"cost\": 3, \"done\": true}\r\n").unwrap();
        let sensed = vec![0.0, -1.5];
        let cost = Some(3.0);
        assert_eq!(read, Observation { sensed, error: vec![0.2], cost, done: true, ..Observation::default() });
        let read = observation(b"{\"sensed\": [NaN, -Infinity], \"cost\": Infinity, \"reward\": null}").unwrap();
        assert!(read.sensed[0].is_nan() && read.sensed[1] == f64::NEG_INFINITY && read.cost == Some(f64::INFINITY));
        assert_eq!(read.reward, None);
    }

    #[test]
    fn other_lines_are_refused() {
        for (line, why) in [
            ("hello", "expected value"),
            ("", "EOF while parsing a value"),
            ("3", "invalid type: integer `3`, expected an object"),
            ("{\"sense\": [0]}", "unknown field `sense`"),
            ("{\"error\": [0]}", "missing field `sensed`"),
            ("{\"sensed\": [\"a\"]}", "invalid type: string \"a\", expected f64"),
            ("{\"sensed\": [null]}", "invalid type: null, expected f64"),
            ("{\"sensed\": 1}", "expected a sequence"),
            ("{\"sensed\": [1e999]}", "number out of range"),
        ] {
            let said = observation(line.as_bytes()).unwrap_err();
            assert!(said.contains(why) && !said.contains("line"), "{line}: {said}");
        }
    }
}
