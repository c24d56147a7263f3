//! The programs of a network: read from its tables, added to its image.

use super::keys::{Keys, TEACHER, table, table_name};
use super::kind::{Program, SnipKind, kind_of};
use super::kinds::{KINDS, Teacher};
use super::layout::Layout;
use loihi_files::names::unknown;
use loihi_net::network::{Endpoint, Network, Section, SectionError};

/// Whether programs of a network take real numbers, and not values of 0 to 255.
pub fn takes_reals(network: &Network) -> bool {
    network.snips.iter().any(|section| section.text("kind") == Some("bias-encoder"))
}

/// Reads all programs of a network.
///
/// # Errors
/// [`SectionError`] at the offending key.
pub fn programs(network: &Network, kinds: &[SnipKind]) -> Result<Vec<Box<dyn Program>>, SectionError> {
    let mut names = std::collections::BTreeSet::new();
    let mut programs = Vec::new();
    for (number, section) in network.snips.iter().enumerate() {
        let invalid = |key: &str, what: String| section.error(&table_name(section), key, what);
        let all = || kinds.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let name = section.text("kind").ok_or_else(|| invalid("kind", format!("say its `kind`: {}", all())))?;
        let kind = kind_of(kinds, name).ok_or_else(|| {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
            invalid("kind", format!("unknown kind {}", unknown(name, &names, Some("`loihi list --snips`"))))
        })?;
        if let Some(own) = section.keys.get("name") {
            let own = own.as_str().filter(|own| !own.is_empty());
            let own = own.ok_or_else(|| invalid("name", "a name is text".to_owned()))?;
            if !names.insert(own) {
                return Err(invalid("name", format!("`{own}` is there twice: choose another name")));
            }
        }
        let Some(mut keys) = Keys::new(network, number) else { continue };
        let program = (kind.read)(&mut keys)?;
        keys.finish()?;
        programs.push(program);
    }
    if let Some(mut keys) = Keys::new(network, network.snips.len()) {
        let teacher = Teacher::read(&mut keys)?;
        keys.finish()?;
        programs.push(Box::new(teacher));
    }
    third_factors_are_written(network, &programs)?;
    Ok(programs)
}

/// A rule that reads a third factor needs one that is written. A program of the user's own may write any.
fn third_factors_are_written(network: &Network, programs: &[Box<dyn Program>]) -> Result<(), SectionError> {
    if network.snips.iter().any(is_own) {
        return Ok(());
    }
    let written: Vec<usize> = programs.iter().flat_map(|program| program.third_factors()).collect();
    for (number, connection) in network.connections.iter().enumerate() {
        let reads = connection.learning.as_ref().is_some_and(|learning| learning.signed_by_profile);
        if reads && !written.contains(&number) {
            let what = "nothing writes the third factor that it reads with the sign of the profile: add a table [teacher], or a \
                        `[[snip]]` of kind `third-factor`, for this population";
            let to = network.name_of(Endpoint::Population(connection.to));
            let table = format!("connection {} from `{}` to `{to}`", number + 1, network.name_of(connection.from));
            return Err(Section::default().error(&table, "rule", what));
        }
    }
    Ok(())
}

/// Whether the program of a table is none of the built-in ones.
pub fn is_own(section: &Section) -> bool {
    section.text("kind").is_some_and(|kind| kind_of(KINDS, kind).is_none())
}

/// Adds all programs to an image.
///
/// # Errors
/// [`SectionError`] at the table that cannot be added.
pub fn add(programs: &[Box<dyn Program>], kinds: &[SnipKind], layout: &mut Layout<'_>) -> Result<(), SectionError> {
    for (table, program) in programs.iter().enumerate() {
        let network = layout.network();
        let Some(section) = self::table(network, table) else { continue };
        let kind = section.text("kind").and_then(|name| kind_of(kinds, name)).map_or(TEACHER, |kind| kind.name);
        layout.turn(section.text("name").unwrap_or(kind), kind);
        program.add(layout, table).map_err(|what| section.error(&table_name(section), "kind", what))?;
    }
    Ok(())
}
