//! Networks whose weights are still to be trained offline, and what to do first.

use std::path::{Path, PathBuf};

/// For a network file with a table `[train]`, which a trained network has no more: the command that trains it.
pub fn command(text: &str, path: &Path, data: &[PathBuf]) -> Option<String> {
    let is_header = |line: &str| line.split('#').next().is_some_and(|line| line.trim() == "[train]");
    text.lines().any(is_header).then(|| {
        let data = data.first().map_or_else(|| "DATA".to_owned(), |data| data.display().to_string());
        format!("`loihi train {} --train {data} --out DIR` makes DIR/network.toml, which runs", path.display())
    })
}

/// The same as an error of what needs trained weights.
pub fn refused(text: &str, path: &Path, data: &[PathBuf]) -> Option<String> {
    command(text, path, data).map(|command| format!("{} is still to be trained: {command}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_training_says_that_it_is_to_be_done() {
        let said = |text: &str| refused(text, Path::new("net.toml"), &["digits".into()]);
        let expected = "net.toml is still to be trained: `loihi train net.toml --train digits --out DIR` makes \
                        DIR/network.toml, which runs";
        assert_eq!(said("steps = 3\n\n[train]  # offline\nepochs = 2\n").as_deref(), Some(expected));
        assert_eq!(said("# [train]\n[training]\n"), None);
    }
}
