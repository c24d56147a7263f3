//! The table of layers in `lib.rs` is true: no module uses one that stands below it there. A test of this crate, and of
//! the host's library.

use std::format;
use std::fs;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

/// The sources of the crate under test.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The modules of the table, from the ground up.
fn layers() -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join("lib.rs")).unwrap();
    let row = |line: &str| {
        let name = line.strip_prefix("//! | ")?.split_once(" |")?.0;
        name.trim_matches(['[', ']']).strip_prefix('`')?.strip_suffix('`').map(ToString::to_string)
    };
    text.lines().filter_map(row).collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Uses of `crate::MODULE` in a source, with their lines: neither in comments nor in unit tests, which come last.
fn uses(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let code: Vec<&str> = lines.map(|line| line.split("//").next().unwrap_or("")).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        found.extend(modules(&code[at + "crate::".len()..]).into_iter().map(|module| (line, module)));
    }
    found
}

/// The modules that a path behind `crate::` begins with: one, or those of a list in braces.
fn modules(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let Some(list) = path.strip_prefix('{') else { return [name(path)].into_iter().collect() };
    let (mut depth, mut names) = (0_usize, Vec::new());
    names.push(name(list));
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&list[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What is wrong with the uses in a file of the module `own`.
fn complaints(layers: &[String], own: &str, file: &str, text: &str) -> Vec<String> {
    let place = |module: &str| layers.iter().position(|layer| layer == module);
    let Some(here) = place(own) else { return [format!("{file}: `{own}` is not in the table of lib.rs")].into() };
    let upward = |(line, module): (usize, String)| {
        let there = place(&module)?;
        (there > here).then(|| format!("{file}:{line}: `{own}` uses `{module}`, which stands below it in the table"))
    };
    uses(text).into_iter().filter_map(upward).collect()
}

#[test]
#[cfg_attr(miri, ignore = "reads the text of all modules, which Miri takes minutes for, and runs nothing of them")]
fn no_module_uses_one_that_stands_below_it_in_the_table() {
    let (layers, root) = (layers(), Path::new(ROOT));
    assert!(layers.len() > 1, "the table of lib.rs was not found: {layers:?}");
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut all = Vec::new();
    for path in files {
        let relative = path.strip_prefix(root).unwrap();
        let own = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        // The crate's own root, this test, and unit tests that have a file of their own.
        let is_test = relative.iter().any(|part| part == "tests.rs" || part == "tests");
        if !matches!(own, "lib" | "main" | "layers") && !is_test {
            let text = fs::read_to_string(&path).unwrap();
            all.extend(complaints(&layers, own, &format!("{}", path.display()), &text));
        }
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn an_upward_use_is_told_with_file_and_line() {
    let layers = ["ground", "middle", "top"].map(ToString::to_string);
    let text = "//! A file.\nuse crate::{middle::{A, B}, top::C};\nfn f() -> crate::top::D {} // crate::top\nuse crate::{\n    ground,\n    top,\n};\n";
    let told = complaints(&layers, "middle", "middle/new.rs", text);
    let expected = [
        "middle/new.rs:2: `middle` uses `top`, which stands below it in the table",
        "middle/new.rs:3: `middle` uses `top`, which stands below it in the table",
        "middle/new.rs:4: `middle` uses `top`, which stands below it in the table",
    ];
    assert_eq!(told, expected);
    assert!(complaints(&layers, "none", "none.rs", "")[0].contains("not in the table"));
}
