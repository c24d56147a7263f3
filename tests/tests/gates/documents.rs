//! The documents: every page of the book is in its summary, links lead to pages and headings that are there, the README is
//! one screen, and what lists crates, forms, formats, programs and versions has those that there are.

use crate::tree::files;
use host_harness::data::FORMATS;
use host_harness::snip::KINDS;
use loihi_core::{image, wire};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Documents beside the book.
const BESIDE: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "examples/README.md",
    "examples/firmware-standalone/README.md",
    "examples/own-board/README.md",
    "web/README.md",
];
/// Most lines of the README.
const README_LINES_MAX: usize = 150;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn text(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// The pages of the book.
fn pages() -> BTreeSet<PathBuf> {
    let all = files(&root().join("docs"), "md");
    all.iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

/// The lines of a page that are not in fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The anchor that a heading gets, in the book as on sites that show Markdown.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text)
        .filter_map(|(_, line)| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    headings.map(|heading| anchor(heading.trim())).collect()
}

/// Targets of the links in a text that ran over lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        for part in text.split("](").skip(1) {
            let (target, _) = part.split_once(')').unwrap_or_else(|| panic!("line {line}: a link does not end"));
            found.push((line, target.to_owned()));
        }
    }
    found
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leaves the repository", path.display()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn every_page_is_in_the_summary_once() {
    let summary = text(Path::new("docs/SUMMARY.md"));
    let listed: Vec<PathBuf> = links(&summary).into_iter().map(|(_, target)| Path::new("docs").join(target)).collect();
    let mut expected = pages();
    expected.remove(Path::new("docs/SUMMARY.md"));
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(listed.len(), expected.len(), "a page is listed twice");
}

#[test]
fn links_lead_to_what_is_there() {
    let book = pages();
    for page in book.iter().cloned().chain(BESIDE.map(PathBuf::from)) {
        let text_here = text(&page);
        for (line, target) in links(&text_here) {
            let place = format!("{}:{line}: {target}", page.display());
            if target.starts_with("https://") {
                continue;
            }
            let (path, wanted) = target.split_once('#').map_or((&*target, None), |(path, wanted)| (path, Some(wanted)));
            let there = if path.is_empty() { page.clone() } else { plain(&page.parent().unwrap().join(path)) };
            assert!(root().join(&there).exists(), "{place}: there is no {}", there.display());
            let inside = there.starts_with("docs") || !page.starts_with("docs");
            assert!(inside, "{place} leads out of the book: name the path instead");
            if let Some(wanted) = wanted {
                assert!(anchors(&text(&there)).contains(wanted), "{place}: no heading of this name");
            }
        }
    }
}

#[test]
fn the_readme_is_one_screen() {
    let lines = text(Path::new("README.md")).lines().count();
    assert!(lines <= README_LINES_MAX, "README.md has {lines} lines, at most {README_LINES_MAX}");
}

#[test]
fn every_crate_has_a_floor() {
    let architecture = text(Path::new("ARCHITECTURE.md"));
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(architecture.contains(&format!("`{name}`")), "ARCHITECTURE.md does not say where {name} stands");
    }
}

#[test]
fn every_form_of_json_is_listed() {
    let page = text(Path::new("docs/reference/json.md"));
    let mut found = 0;
    for path in files(&root().join("host-harness/src/cli"), "rs") {
        for part in text(&path).split("\"loihi-").skip(1) {
            let Some((name, _)) = part.split_once('"').filter(|(name, _)| name.contains('/')) else { continue };
            assert!(page.contains(&format!("`loihi-{name}`")), "docs/reference/json.md does not list loihi-{name}");
            found += 1;
        }
    }
    assert!(found > 10, "{found} forms were found");
}

/// The programs of a network file, in code spans or in blocks.
#[test]
fn every_kind_of_program_is_in_the_page_of_learning() {
    let page = text(Path::new("docs/learning.md"));
    let is_there = |name: &str| page.contains(&format!("`{name}`")) || page.contains(&format!("kind = \"{name}\""));
    let missing: Vec<&str> = KINDS.iter().map(|kind| kind.name).filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "docs/learning.md does not name {missing:?}");
}

/// The targets of cargo-fuzz: a file and a `[[bin]]` each, and one for every format of samples.
#[test]
fn every_format_has_a_fuzz_target() {
    let manifest: toml::Table = text(Path::new("fuzz/Cargo.toml")).parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap().to_owned());
    let bins: BTreeSet<String> = bins.collect();
    let targets = files(&root().join("fuzz/fuzz_targets"), "rs");
    let targets = targets.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let targets: BTreeSet<String> = targets.collect();
    let formats: BTreeSet<String> = FORMATS.iter().map(|format| format.name.replace('-', "_")).collect();
    let missing: Vec<_> = formats.difference(&bins).collect();
    assert!(missing.is_empty(), "fuzz/Cargo.toml has no [[bin]] for the formats {missing:?}");
    let without: Vec<_> = bins.symmetric_difference(&targets).collect();
    assert!(without.is_empty(), "fuzz/Cargo.toml or fuzz/fuzz_targets lacks {without:?}");
}

#[test]
fn versions_are_those_of_the_code() {
    let (protocol, image) = (wire::message::VERSION, image::VERSION);
    for (page, wanted) in [
        ("docs/reference/files.md", format!("[version {protocol}](protocol.md)")),
        ("docs/reference/files.md", format!("`LOI1`, version {image},")),
        ("docs/reference/protocol.md", format!("Version {protocol}.")),
        ("CHANGELOG.md", format!("Image {image}, protocol {protocol},")),
    ] {
        assert!(text(Path::new(page)).contains(&wanted), "{page} does not say: {wanted}");
    }
}
