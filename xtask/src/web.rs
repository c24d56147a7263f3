//! Builds the page in the browser: the module, and one file that holds everything.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::command::run;
use crate::setup::{self, Detail, Tools};
use crate::toolchain::PAGE;
use crate::{dist, licences, paths};

/// The package of the module.
const PACKAGE: &str = "loihi-web";
/// The workspace profile of the module.
const PROFILE: &str = "web";
/// The experiment whose digest the page compares with the host's.
const EXPERIMENT: &str = "digits-pes";

/// Builds `target/page/index.html`, and `licences.txt` beside it.
///
/// # Errors
///
/// When no compiler for the target can be had, the module does not build, or a part of the page is missing.
pub(crate) fn build() -> Result<()> {
    let module = module(&setup::install_for_target(Detail::Changes, PAGE)?)?;
    let packed = packed(&module)?;
    let page = page(&packed)?;
    let folder = paths::root().join("target").join("page");
    paths::write(&folder.join("licences.txt"), &format!("{}{}", licences::own()?, licences::of_crates(PACKAGE)?))?;
    let file = folder.join("index.html");
    paths::write(&file, &page)?;
    let [module, packed, page] = [module.len(), packed.len(), page.len()].map(|bytes| bytes.div_ceil(1000));
    println!("page: {}, {page} KB (module {module} KB, packed {packed} KB)", file.display());
    Ok(())
}

/// The module: this crate as a dynamic library, which it is for the browser only.
fn module(tools: &Tools) -> Result<Vec<u8>> {
    // Cargo keeps apart what this build makes: it may be of another compiler.
    let folder = paths::target().join("web-build");
    let mut flags = dist::remapped();
    flags.push(format!("-Clinker={}", tools.linker.program.display()));
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["rustc", "--quiet", "--package", PACKAGE, "--lib", "--crate-type", "cdylib"])
        .args(["--profile", PROFILE, "--target", PAGE, "--target-dir"])
        .arg(&folder)
        .env("RUSTC", &tools.compiler.program)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // Meant for the host's compiler.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    if !tools.compiler.has_core {
        command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    run(&mut command).context("the module of the page does not build")?;
    let file = folder.join(PAGE).join(PROFILE).join("loihi_web.wasm");
    fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// The module packed with gzip; the page holds it as base64.
fn packed(module: &[u8]) -> Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(module)?;
    Ok(packer.finish()?)
}

/// The page with every file that it names inside it.
fn page(packed: &[u8]) -> Result<String> {
    let sources = paths::root().join("web").join("page");
    let read = |name: &str| {
        let path = sources.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut rest = &*read("index.html")?;
    let mut page = String::new();
    // Each is `<script … src="NAME">` or the link to the style sheet.
    while let Some((before, name, after)) = next_file(rest) {
        let text = match name {
            "data.json" => data()?,
            "loihi_web.wasm.gz" => STANDARD.encode(packed),
            _ => read(name)?,
        };
        for end in ["</script", "</style"] {
            ensure!(!text.contains(end), "{name} holds `{end}`, which would end its element: write it in two parts");
        }
        page.push_str(before);
        let [start, end] = if name.strip_suffix(".css").is_some() { ["<style>", "</style>"] } else { [">", ""] };
        page.extend([start, &text, end]);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// What is before the next file that a page names, the name, and what is after it.
fn next_file(page: &str) -> Option<(&str, &str, &str)> {
    let marks = [" src=\"", "<link rel=\"stylesheet\" href=\""];
    let found = marks.iter().filter_map(|mark| Some((page.find(mark)?, mark.len())));
    let (at, mark) = found.min_by_key(|(at, _)| *at)?;
    let (name, after) = page[at + mark..].split_once("\">")?;
    Some((&page[..at], name, after))
}

/// What the page knows of the host: the digest that its runs are compared with.
fn data() -> Result<String> {
    let path = paths::root().join("tests/golden/digests.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let digest = text.lines().find_map(|line| line.strip_prefix(EXPERIMENT)?.trim_start().strip_prefix("= "));
    let digest = digest.with_context(|| format!("{} has no line for {EXPERIMENT}", path.display()))?;
    Ok(format!("{{\"experiment\": \"{EXPERIMENT}\", \"digest\": {digest}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_all_files_that_it_names() -> Result<()> {
        let page = page(b"module")?;
        assert!(next_file(&page).is_none());
        for part in ["bW9kdWxl", "<style>", "class Engine", "class Pad", "onmessage", "\"digits-pes\""] {
            assert!(page.contains(part), "{part}");
        }
        Ok(())
    }
}
