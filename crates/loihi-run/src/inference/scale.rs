//! `[scale]` of a network file: which numbers of samples become 0 and 255, by input.

use loihi_data::Scale;
use loihi_files::names::unknown;
use loihi_net::network::{Network, Section, SectionError};
use toml::Value;

/// The name of the table.
const TABLE: &str = "scale";

/// The scale that a network has for an input, by its place in the list, if it has one.
///
/// ```
/// use loihi_data::Scale;
/// use loihi_net::network::Network;
/// use loihi_run::inference::scale;
///
/// let mut network = Network::new("n");
/// network.input("values", 4);
/// assert_eq!(scale::of(&network, 0)?, None);
/// let scale = Scale::of_ends([-1.5, 4.0]);
/// scale.into_iter().for_each(|scale| scale::keep(&mut network, 0, scale));
/// assert_eq!(scale::of(&network, 0)?, scale);
/// # Ok::<(), loihi_net::network::SectionError>(())
/// ```
///
/// # Errors
/// [`SectionError`] at the first key that is not an input, or whose value is not two numbers in ascending order.
pub fn of(network: &Network, input: usize) -> Result<Option<Scale>, SectionError> {
    let Some(section) = &network.run.scale else { return Ok(None) };
    let mut own = None;
    for (name, value) in &section.keys {
        let Some(place) = network.inputs.iter().position(|input| input.name == *name) else {
            let inputs: Vec<&str> = network.inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(section.error(TABLE, name, format!("unknown input {}", unknown(name, &inputs, None))));
        };
        let ends = match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => number(low).zip(number(high)),
            _ => None,
        };
        let scale = ends.and_then(|(low, high)| Scale::of_ends([low, high])).ok_or_else(|| {
            section.error(TABLE, name, "give two numbers, the one that becomes 0 and a larger one that becomes 255")
        })?;
        if place == input {
            own = Some(scale);
        }
    }
    Ok(own)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of samples are no wider")]
fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// Gives a network a scale for an input, by its place in the list; not one that the numbers of each file say themselves.
pub fn keep(network: &mut Network, input: usize, scale: Scale) {
    let Some(scale) = scale.kept() else { return };
    let Some(name) = network.inputs.get(input).map(|input| input.name.clone()) else { return };
    let section = network.run.scale.take().unwrap_or_default();
    let ends = scale.ends().map(Value::from).to_vec();
    network.run.scale = Some(Section::with(section, &name, ends));
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::file::parse;
    use std::path::Path;

    fn read(scale: &str) -> Result<[Option<Scale>; 2], String> {
        let text = format!(
            "input = [{{ name = \"a\", shape = [1] }}, {{ name = \"b\", shape = [1] }}]\n\
             population = [{{ name = \"p\", shape = [1] }}]\n[scale]\n{scale}\n"
        );
        let network = parse(&text, Path::new("n.toml")).unwrap();
        let of = |input| of(&network, input).map_err(|error| error.to_string());
        Ok([of(0)?, of(1)?])
    }

    #[test]
    fn each_input_has_its_own() {
        assert_eq!(read("b = [-3, 0.5]"), Ok([None, Scale::of_ends([-3.0, 0.5])]));
        assert_eq!(read("a = [0, 1]\nb = [0, 255]"), Ok([[0.0, 1.0], [0.0, 255.0]].map(Scale::of_ends)));
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        assert_eq!(
            read("c = [0, 1]"),
            Err("n.toml, line 4, `c = [0, 1]`: unknown input `c`; there are: a, b".to_owned())
        );
        for wrong in ["[1, 0]", "[0, 0]", "[0]", "3", "[0, inf]", "[0, 1, 2]", "[\"0\", 1]"] {
            let said = read(&format!("a = {wrong}")).unwrap_err();
            let expected = "give two numbers, the one that becomes 0 and a larger one that becomes 255";
            assert_eq!(said, format!("n.toml, line 4, `a = {wrong}`: {expected}"));
        }
    }

    #[test]
    fn a_network_that_is_written_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.toml");
        let text = "input = [{ name = \"a\", shape = [1] }]\npopulation = [{ name = \"p\", shape = [1] }]\n";
        let mut network = parse(text, &path).unwrap();
        let scale = Scale::of_extremes([0.1, 1.0 / 3.0]).unwrap();
        keep(&mut network, 0, Scale::BYTES);
        keep(&mut network, 0, Scale::SHARES);
        assert_eq!(network.run.scale, None);
        keep(&mut network, 0, scale);
        network.save(&path).unwrap();
        assert_eq!(of(&loihi_net::network::file::read(&path).unwrap(), 0), Ok(Some(scale)));
    }
}
