//! `loihi image`: the image of a network as a file for a board's flash, and as Rust.

use super::out;
use super::stop;
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::atomic_file;
use host_harness::boards::fit::Holders;
use host_harness::device::needs::NetworkNeeds;
use host_harness::experiment::image_of;
use host_harness::image::ImageFile;
use host_harness::record::write_whole;
use loihi_args::args::TaskArgs;
use loihi_args::network::placed;
use loihi_args::task;
use loihi_args::what::What;
use loihi_terminal::table::paragraph;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
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
    let needs = NetworkNeeds::of(&image)?;
    let NetworkNeeds { image_bytes: bytes, state_bytes, .. } = needs;
    let hash = format!("{:016x}", image.hash());
    let sealed = image.sealed();
    let source = || source(&name, &image);
    match (&args.out, &args.rust) {
        // Both or neither.
        (Some(image), Some(rust)) => atomic_file::fill(image, |file| {
            file.write_all(&sealed)?;
            atomic_file::write(rust, source().as_bytes())
        })
        .with_context(|| format!("{} and {} cannot be written", image.display(), rust.display()))?,
        (Some(image), None) => write_whole(image, &sealed)?,
        (None, Some(rust)) => write_whole(rust, source().as_bytes())?,
        (None, None) => {}
    }
    out::line(format_args!("{name}: an image of {bytes} bytes, a state of {state_bytes}, hash {hash}"))?;
    let Holders { in_flash, in_ram } = needs.holders();
    for (place, boards) in [("flash, its state in RAM", &in_flash), ("RAM", &in_ram)] {
        let boards = if boards.is_empty() { "no board".to_owned() } else { boards.join(", ") };
        paragraph(&format!("  in {place}: {boards}"), 4)?;
    }
    if let Some(path) = &args.out {
        out::line(format_args!("{} bytes in {}", sealed.len(), path.display()))?;
    }
    if let Some(path) = &args.rust {
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
    if !args.task.learns(&what) && what.data.is_none() && args.task.data.is_empty() {
        // Nothing is shown to it, so samples are not needed.
        let (network, placed) = placed(&what, &args.task.network.place)?;
        return Ok((network.name, placed.image));
    }
    let subject = task::only(&args.task, &args.what)?;
    let image = image_of(subject.task(), &args.task.options(), stop::requested)?;
    Ok((subject.name().to_owned(), image))
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
