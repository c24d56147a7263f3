//! Commands that this program was built without.

use anyhow::bail;
use clap::Args;
use std::ffi::OsString;

/// Whatever follows the name of such a command.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct OffArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

/// Says how to build a program that has the command.
pub(super) fn off(command: &str, feature: &str, args: &OffArgs) -> anyhow::Result<()> {
    let arguments: Vec<_> = args.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let line = [&["--", command].map(Into::into), arguments.as_slice()].concat().join(" ");
    bail!(
        "this program was built without `loihi {command}`: `cargo run --release --features {feature} {line}` has it, and a \
         program built with `--features full` has everything"
    )
}
