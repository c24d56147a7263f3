//! `loihi image`: the image of a network as a file for a board's flash, and as Rust.

use super::args::TaskArgs;
use super::net;
use super::out;
use super::what::What;
use super::{stop, task};
use anyhow::bail;
use clap::Args;
use host_harness::boards::{self, Board};
use host_harness::experiment::image_of;
use host_harness::image::ImageFile;
use host_harness::record::write_whole;
use loihi_core::chip::Chip;
use loihi_core::image::SEAL_BYTES;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ImageArgs {
    /// An experiment (`loihi list` shows them), or a network file
    #[arg(value_name = "NAME|NET.toml")]
    what: String,
    /// Write the image here, with its hash behind it: what a board's flash takes
    #[arg(long, value_name = "FILE.img")]
    out: Option<PathBuf>,
    /// Write the image here as an aligned static of Rust
    #[arg(long, value_name = "FILE.rs")]
    rust: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    task: TaskArgs,
}

pub(super) fn image(args: &ImageArgs) -> anyhow::Result<()> {
    if args.out.is_some() && args.out == args.rust {
        bail!("--out and --rust name the same file: give each its own");
    }
    for path in [&args.out, &args.rust].into_iter().flatten() {
        if path.exists() && !args.overwrite {
            bail!("{} is there already: give another name, or --overwrite", path.display());
        }
    }
    let (name, image) = named(args)?;
    let bytes = image.bytes().len();
    let state_bytes = Chip::bytes_needed(&image.open()?, image.snips());
    let hash = format!("{:016x}", image.hash());
    out::line(format_args!("{name}: an image of {bytes} bytes, a state of {state_bytes}, hash {hash}"))?;
    let [in_flash, in_ram] = holders(bytes, state_bytes);
    for (place, boards) in [("flash, its state in RAM", &in_flash), ("RAM", &in_ram)] {
        let boards = if boards.is_empty() { "no board".to_owned() } else { boards.join(", ") };
        out::line(format_args!("  in {place}: {boards}"))?;
    }
    if let Some(path) = &args.out {
        let sealed = image.sealed();
        write_whole(path, &sealed)?;
        out::line(format_args!("{} bytes in {}", sealed.len(), path.display()))?;
    }
    if let Some(path) = &args.rust {
        write_whole(path, source(&name, &image).as_bytes())?;
        out::line(format_args!("IMAGE in {}", path.display()))?;
    }
    out::result(
        "loihi-image/1",
        &json!({
            "network": name, "image_bytes": bytes, "state_bytes": state_bytes, "hash": hash, "flash_boards": in_flash,
            "ram_boards": in_ram, "files": { "out": args.out, "rust": args.rust },
        }),
    )
}

/// The network and its image.
fn named(args: &ImageArgs) -> anyhow::Result<(String, ImageFile)> {
    let what = What::of(&args.what)?;
    let learns = what.learns || args.task.learn.train.is_some();
    if !learns && what.data.is_none() && args.task.data.is_empty() {
        // Nothing is shown to it, so samples are not needed.
        let (network, placed) = net::placed(&what.path, &args.task.network.place)?;
        return Ok((network.name, placed.image));
    }
    let subject = task::only(&args.task, &args.what)?;
    let image = image_of(subject.task(), &args.task.options(), stop::requested)?;
    Ok((subject.name().to_owned(), image))
}

/// The boards that hold an image in flash with its state in RAM, and those that hold both in RAM.
fn holders(bytes: usize, state_bytes: usize) -> [Vec<&'static str>; 2] {
    let wide = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let names = |boards: &mut dyn Iterator<Item = &'static Board>| boards.map(|board| board.name.as_str()).collect();
    [
        names(&mut boards::that_hold_in_flash(wide(bytes + SEAL_BYTES), wide(state_bytes))),
        names(&mut boards::that_hold(wide(bytes.next_multiple_of(8) + state_bytes))),
    ]
}

/// A module of Rust with the image.
fn source(name: &str, image: &ImageFile) -> String {
    let (bytes, hash) = (image.bytes(), image.hash());
    // A name may have any characters, and the comment is a line.
    let name = name.replace(['\n', '\r'], " ");
    let mut text = format!(
        "//! The network `{name}` as `loihi image` has written it.\n\n\
         /// The image of the network `{name}`: {} bytes, hash {hash:016x}. `loihi_core` runs it where it lies.\n\
         pub static IMAGE: &[u8] = &ALIGNED.0;\n\n\
         /// At a multiple of eight, as images are read.\n\
         #[repr(C, align(8))]\n\
         struct Aligned([u8; {}]);\n\n\
         #[rustfmt::skip]\n\
         static ALIGNED: Aligned = Aligned([\n",
        bytes.len(),
        bytes.len(),
    );
    for row in bytes.chunks(32) {
        text.push_str("    ");
        for byte in row {
            // Writing to a string does not fail.
            let _written = write!(text, "{byte},");
        }
        text.push('\n');
    }
    text.push_str("]);\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_told_by_where_they_hold_it() {
        let [flash, ram] = holders(56_456, 27_056);
        assert_eq!(ram, ["x86-mcu", "mps2-an386", "netduinoplus2", "virt"]);
        assert_eq!(flash, ["mps2-an386", "netduinoplus2", "stm32f401cc", "virt"]);
        let small = ["microbit", "mps2-an386", "netduinoplus2", "sifive_e", "stm32f401cc", "virt"];
        assert_eq!(holders(2120, 3040)[0], small);
    }
}
