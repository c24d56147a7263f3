//! Unknown names: which one may be meant, and which there are.

/// Least Jaro-Winkler similarity of a misspelt name and the one that is meant.
const LIKE: f64 = 0.85;
/// Most names that are listed if a command shows all.
const LISTED_MAX: usize = 8;

/// The name that is most like a misspelt one, if any is like it; of several the first.
pub fn nearest<'n>(misspelt: &str, names: &[&'n str]) -> Option<&'n str> {
    let misspelt = misspelt.to_lowercase();
    let alike = |name: &str| {
        let name = name.to_lowercase();
        let alike = strsim::jaro_winkler(&misspelt, &name);
        // One letter is a large part of a short name.
        if lacks_a_letter(&misspelt, &name) || lacks_a_letter(&name, &misspelt) { alike.max(LIKE) } else { alike }
    };
    let near = names.iter().rev().map(|name| (alike(name), *name)).filter(|(alike, _)| *alike >= LIKE);
    near.max_by(|(one, _), (two, _)| one.total_cmp(two)).map(|(_, name)| name)
}

/// Whether a word of two letters or more is another one without one of its letters.
fn lacks_a_letter(word: &str, other: &str) -> bool {
    let [own, whole] = [word, other].map(|word| word.chars().count());
    own >= 2 && own + 1 == whole && strsim::levenshtein(word, other) == 1
}

/// What a message says of an unknown name: the closest known one, and all of them if they are few or if no command shows them.
///
/// ```
/// use loihi_files::names::unknown;
///
/// let sets = ["digits", "mnist"];
/// assert_eq!(unknown("mnst", &sets, None), "`mnst`: did you mean `mnist`? There are: digits, mnist");
/// assert_eq!(unknown("words", &sets, None), "`words`; there are: digits, mnist");
/// let many: Vec<String> = (0..9).map(|number| format!("board-{number}")).collect();
/// let many: Vec<&str> = many.iter().map(String::as_str).collect();
/// assert_eq!(unknown("mine", &many, Some("`loihi boards`")), "`mine`; `loihi boards` shows all");
/// ```
pub fn unknown(name: &str, names: &[&str], shows: Option<&str>) -> String {
    let meant = nearest(name, names).map(|near| format!(": did you mean `{near}`?"));
    let all = match (shows.filter(|_| names.len() > LISTED_MAX), &meant) {
        (Some(command), _) => format!("{command} shows all"),
        (None, Some(_)) => format!("There are: {}", names.join(", ")),
        (None, None) => format!("there are: {}", names.join(", ")),
    };
    format!("`{}`{} {all}", name.escape_debug(), meant.as_deref().unwrap_or(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_is_meant_and_none_if_none_is() {
        let sets = ["digits", "mnist", "fashion-mnist", "cifar-10"];
        let meant = |name| nearest(name, &sets);
        assert_eq!(["mnst", "MNIST", "nmist"].map(meant), [Some("mnist"); 3]);
        assert_eq!(
            ["fashion", "digit", "cifar10"].map(meant),
            [Some("fashion-mnist"), Some("digits"), Some("cifar-10")]
        );
        assert_eq!(["nix", "", "words"].map(meant), [None; 3]);
        assert_eq!(nearest("digits", &["digits-pes", "digits-clp"]), Some("digits-pes"));
        assert_eq!(nearest("a", &[]), None);
        let short = |name| nearest(name, &["lif", "learn", "u"]);
        assert_eq!(
            ["lf", "liif", "LF", "fl", "l", "v", ""].map(short),
            [Some("lif"), Some("lif"), Some("lif"), None, None, None, None]
        );
    }
}
