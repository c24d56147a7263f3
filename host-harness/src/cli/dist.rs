//! `loihi completions` and `loihi man`: what an installed program has beside it.

use super::out;
use anyhow::Context as _;
use clap::Args;
use clap_complete::Shell;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell that reads it
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder of the pages, which is created: loihi.1, loihi-run.1 and so on
    folder: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "loihi", &mut script);
    let script = String::from_utf8(script).context("the completions are not UTF-8")?;
    out::line(format_args!("{}", script.trim_end()))?;
    out::result("loihi-completions/1", &json!({ "shell": args.shell.to_string(), "script": script }))
}

pub(super) fn man(args: &ManArgs) -> anyhow::Result<()> {
    let folder = &args.folder;
    let unwritten = || format!("the pages cannot be written into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(unwritten)?;
    clap_mangen::generate_to(super::command(), folder).with_context(unwritten)?;
    out::line(format_args!("{}", folder.display()))?;
    out::result("loihi-man/1", &json!({ "folder": folder }))
}
