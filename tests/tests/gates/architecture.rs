//! The structure of the workspace: crates use only what stands above them in the table of `host-harness/src/lib.rs`, no
//! modules of a folder use each other in a circle, heavy crates stay behind the one crate that wraps them.

use crate::tree::files;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a crate of the host.
const LINES_MAX: usize = 6000;

/// External crates, and the only crates of this workspace that may use them outside of tests.
const WRAPPED: [(&str, &[&str]); 16] = [
    ("hdf5-pure", &["loihi-hdf5"]),
    ("ureq", &["loihi-fetch"]),
    ("hound", &["loihi-data"]),
    ("realfft", &["loihi-data"]),
    ("lz4_flex", &["loihi-data"]),
    ("ruzstd", &["loihi-data"]),
    ("lzma-rust2", &["loihi-fetch"]),
    ("png", &["loihi-data"]),
    ("npyz", &["loihi-files"]),
    ("ratatui", &["loihi-show", "host-harness"]),
    ("defmt-decoder", &["loihi-device"]),
    ("gemm-common", &["loihi-adjoint", "loihi-train"]),
    ("gemm-f32", &["loihi-train"]),
    ("prost", &["loihi-convert"]),
    ("indicatif", &["loihi-terminal"]),
    ("clap", &["host-harness", "loihi-args", "xtask"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Folders of packages by name: those that the host's programs are made of, and `xtask`.
fn packages() -> BTreeMap<String, PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.extend(["loihi-core", "host-harness", "xtask"].map(|name| root().join(name)));
    let named = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), path);
    folders.into_iter().map(named).collect()
}

/// Names of the packages that a package is built from, without those of its tests.
fn dependencies(package: &Path) -> BTreeSet<String> {
    let manifest: toml::Table = fs::read_to_string(package.join("Cargo.toml")).unwrap().parse().unwrap();
    let names = |table: &toml::Table| -> Vec<String> {
        let table = table.get("dependencies").and_then(toml::Value::as_table);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    };
    let mut all: BTreeSet<String> = names(&manifest).into_iter().collect();
    for target in manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values) {
        all.extend(names(target.as_table().unwrap()));
    }
    all
}

/// The crates of the table in `host-harness/src/lib.rs`, from the ground up.
fn floors() -> Vec<String> {
    let text = fs::read_to_string(root().join("host-harness/src/lib.rs")).unwrap();
    let row = |line: &str| {
        let cell = line.strip_prefix("//! | ")?.split(" | ").nth(1)?;
        Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned())
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn no_crate_uses_one_that_stands_below_it_in_the_table() {
    let mut floors = floors();
    floors.insert(0, "loihi-core".to_owned());
    floors.push("host-harness".to_owned());
    let packages = packages();
    for (name, path) in packages.iter().filter(|(name, _)| *name != "xtask") {
        let position = |name: &str| floors.iter().position(|floor| floor == name);
        let own = position(name).unwrap_or_else(|| panic!("{name} is missing in the table of host-harness/src/lib.rs"));
        for used in dependencies(path).iter().filter(|used| packages.contains_key(*used)) {
            assert!(position(used) < Some(own), "{name} uses {used}, which stands below it in the table");
        }
    }
    assert_eq!(floors.len() + 1, packages.len(), "the table names a crate that is not there");
}

#[test]
fn a_heavy_crate_is_used_by_the_crate_that_wraps_it() {
    for (package, path) in packages() {
        let dependencies = dependencies(&path);
        for (heavy, users) in WRAPPED {
            let is_allowed = users.contains(&package.as_str());
            assert!(is_allowed || !dependencies.contains(heavy), "{package} uses {heavy}, which is for {users:?}");
        }
    }
}

#[test]
fn no_crate_of_the_host_is_large() {
    for (package, path) in packages() {
        let lines: usize =
            files(&path.join("src"), "rs").iter().map(|file| fs::read_to_string(file).unwrap().lines().count()).sum();
        let is_of_the_host = package != "loihi-core";
        assert!(!is_of_the_host || lines <= LINES_MAX, "{package} has {lines} lines, more than {LINES_MAX}: divide it");
    }
}

/// The crates whose `lib.rs` has a table of all their modules, from the ground up.
const LAYERED: [&str; 19] = [
    "loihi-adjoint",
    "loihi-args",
    "loihi-convert",
    "loihi-core",
    "loihi-fetch",
    "loihi-files",
    "loihi-image",
    "loihi-import",
    "loihi-learn",
    "loihi-net",
    "loihi-place",
    "loihi-plant",
    "loihi-run",
    "loihi-show",
    "loihi-snip",
    "loihi-sweep",
    "loihi-task",
    "loihi-terminal",
    "loihi-train",
];

/// The modules of the table in a `lib.rs`, from the ground up.
fn layers(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.split_once(" |"))
        .filter_map(|(cell, _)| cell.trim_matches(['[', ']']).strip_prefix('`')?.strip_suffix('`'))
        .collect()
}

/// What is wrong with the modules of a crate and their uses by its table of layers.
fn complaints(layers: &[&str], edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let position = |name: &String| layers.iter().position(|layer| layer == name);
    let mut complaints = Vec::new();
    for (module, used) in edges {
        let Some(own) = position(module) else {
            complaints.push(format!("`{module}` is missing in the table of lib.rs"));
            continue;
        };
        let below = used.iter().filter(|used| position(used) > Some(own));
        complaints.extend(below.map(|below| format!("`{module}` uses `{below}`, which stands below it in the table")));
    }
    complaints
}

#[test]
fn no_module_uses_one_that_stands_below_it_in_the_table_of_its_crate() {
    let packages = packages();
    for package in LAYERED {
        let folder = packages[package].join("src");
        let text = fs::read_to_string(folder.join("lib.rs")).unwrap();
        let complaints = complaints(&layers(&text), &edges(&children(&folder), &folder, &[]));
        assert!(complaints.is_empty(), "{package}:\n{}", complaints.join("\n"));
    }
}

#[test]
fn an_upward_use_and_a_missing_module_are_told() {
    let table = "//! | module | its one job |\n//! |---|---|\n//! | [`ground`] | holds |\n//! | `top` | rests |\n";
    assert_eq!(layers(table), ["ground", "top"]);
    let edge = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let edges = BTreeMap::from([edge("ground", "top"), edge("new", "ground"), edge("top", "ground")]);
    let told = ["`ground` uses `top`, which stands below it in the table", "`new` is missing in the table of lib.rs"];
    assert_eq!(complaints(&["ground", "top"], &edges), told);
}

#[test]
fn modules_of_a_folder_do_not_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    let mut folders_seen = 0;
    for path in packages().values() {
        let mut folders = vec![(path.join("src"), Vec::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let modules = children(&folder);
            folders_seen += 1;
            for name in modules.keys() {
                let inner = folder.join(name);
                if inner.is_dir() {
                    folders.push((inner, [&prefix[..], std::slice::from_ref(name)].concat()));
                }
            }
            let edges = edges(&modules, &folder, &prefix);
            circles.extend(circle(&edges).map(|circle| format!("{}: {}", folder.display(), circle.join(" -> "))));
        }
    }
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
    assert!(folders_seen > 40, "{folders_seen} folders were looked at");
}

/// Sources of the modules that stand in a folder, by module; without unit tests that have a file of their own.
fn children(folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut modules: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "snapshots" && name != "tests" && name != "bin" {
            modules.entry(name).or_default().extend(files(&path, "rs"));
        } else if path.extension().is_some_and(|end| end == "rs") && !ROOTS.contains(&name.as_str()) {
            modules.entry(name).or_default().push(path);
        }
    }
    for files in modules.values_mut() {
        files.retain(|file| !file.ends_with("tests.rs") && !file.iter().any(|part| part == "tests"));
    }
    modules.retain(|_, files| !files.is_empty());
    modules
}

/// Files that stand above their neighbours, and unit tests.
const ROOTS: [&str; 4] = ["lib", "main", "mod", "tests"];

/// Which modules each one uses.
fn edges(
    modules: &BTreeMap<String, Vec<PathBuf>>,
    folder: &Path,
    prefix: &[String],
) -> BTreeMap<String, BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, files) in modules {
        let used = edges.entry(module.clone()).or_default();
        for file in files {
            let inside = file.strip_prefix(folder).unwrap().iter().count() - usize::from(file.ends_with("mod.rs"));
            let text = code(&fs::read_to_string(file).unwrap());
            let from_root = paths(&text, "crate::").into_iter().filter_map(|path| {
                let rest = path.strip_prefix(prefix)?;
                rest.first().cloned()
            });
            let up = "super::".repeat(inside);
            let from_here = paths(&text, &up).into_iter().filter_map(|path| path.first().cloned());
            used.extend(from_root.chain(from_here).filter(|name| name != module && modules.contains_key(name)));
        }
    }
    edges
}

/// A source without comments and without unit tests, which come last.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests = |pair: &[&str]| pair[0].trim() == "#[cfg(test)]" && pair[1].trim().starts_with("mod ");
    let end = lines.windows(2).position(is_tests).unwrap_or(lines.len());
    lines[..end].iter().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Paths behind a prefix that nothing but a non-name precedes; a list in braces gives a path for each of its elements.
fn paths(text: &str, prefix: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        if rest.starts_with("super::") {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(list) => found.extend(elements(list)),
            None => found.push(segments(rest)),
        }
    }
    found
}

fn segments(path: &str) -> Vec<String> {
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(path.len());
    path[..end].split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The first paths of the elements of a list whose opening brace is behind us.
fn elements(list: &str) -> Vec<Vec<String>> {
    let (mut depth, mut all) = (0_usize, vec![segments(list.trim_start())]);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => all.push(segments(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    all
}

/// The first circle that is found, with its first module at both ends.
fn circle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn follow<'a>(
        edges: &'a BTreeMap<String, BTreeSet<String>>,
        at: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|name| *name == at) {
            return Some(way[start..].iter().chain([&at]).map(|name| (*name).to_owned()).collect());
        }
        if done.contains(at) {
            return None;
        }
        way.push(at);
        let found = edges[at].iter().find_map(|next| follow(edges, next, way, done));
        way.pop();
        done.insert(at);
        found
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|name| follow(edges, name, &mut Vec::new(), &mut done))
}

#[test]
fn a_circle_is_found() {
    let edge = |from: &str, to: &[&str]| (from.to_owned(), to.iter().map(|name| (*name).to_owned()).collect());
    let edges = BTreeMap::from([edge("a", &["b", "d"]), edge("b", &["c"]), edge("c", &["b"]), edge("d", &[])]);
    assert_eq!(circle(&edges), Some(["b", "c", "b"].map(str::to_owned).to_vec()));
    let text = "use super::b::X;\nuse crate::place::{lists::Lists, row::{self, A}};\nfn f() { super::super::c::g() }";
    assert_eq!(paths(text, "super::"), [["b", "X"]]);
    assert_eq!(paths(text, "super::super::"), [["c", "g"]]);
    let expected: [&[&str]; 2] = [&["lists", "Lists"], &["row"]];
    let found = paths(text, "crate::place::");
    assert_eq!(found, expected);
}
