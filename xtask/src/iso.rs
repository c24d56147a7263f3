//! `cargo xtask iso`: a CD, which a stick can hold as well, that boots a PC into the firmware.
//!
//! GRUB loads it, from a BIOS and from UEFI. Its tools are Debian's; their results differ only in
//! time stamps.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::FileHeader32;
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use crate::apt;
use crate::command::{line, printed};
use crate::firmware::{self, FIRMWARE};
use crate::paths::{self, on_search_path};
use crate::setup::Detail;

/// What makes the image, and what Debian calls its parts: GRUB for a BIOS and for UEFI, and what writes CDs and the file
/// system that UEFI reads.
const PROGRAMS: [&str; 3] = ["grub-mkrescue", "xorriso", "mformat"];
const PACKAGES: [&str; 5] = ["grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "xorriso", "mtools"];
/// GRUB's part that loads the firmware, from a BIOS and from UEFI. Debian has them for x86 only.
const LOADERS: [&str; 2] = ["/usr/lib/grub/i386-pc/multiboot.mod", "/usr/lib/grub/x86_64-efi/multiboot.mod"];
/// The parts of GRUB on the CD: what reads the configuration and its media, and what loads.
const MODULES: &str = "--install-modules=multiboot normal configfile part_acorn part_amiga part_apple part_bsd part_dfly \
                       part_dvh part_gpt part_msdos part_plan part_sun part_sunpc";
/// What GRUB does, without a menu and without waiting for one.
const CONFIGURATION: &str = "multiboot /boot/firmware.elf\nboot\n";

/// Installs GRUB and what it needs, where it is missing.
///
/// # Errors
///
/// When it cannot be installed.
pub(crate) fn install(detail: Detail) -> Result<()> {
    if version().is_none() {
        println!("GRUB, boots a PC into the firmware: missing, will be installed");
        apt::install(&PACKAGES.map(str::to_owned))?;
    }
    if version().is_none() {
        bail!("GRUB is still missing; install {} or what your system calls them by hand", PACKAGES.join(", "));
    }
    if detail == Detail::Everything {
        say();
    }
    Ok(())
}

/// Says whether GRUB is there. Not every machine can have it, and one test needs it.
pub(crate) fn say() {
    println!("GRUB, boots a PC into the firmware: {}", version().as_deref().unwrap_or("missing"));
}

/// What GRUB says of itself, if all that makes the image is there.
fn version() -> Option<String> {
    let all = PROGRAMS.iter().all(|program| on_search_path(program).is_some());
    let about = printed(Command::new(PROGRAMS[0]).arg("--version"))?;
    (all && LOADERS.iter().all(|file| Path::new(file).is_file())).then(|| about.trim().to_owned())
}

/// Makes the image of a CD with the firmware of the bare PC, which has been built.
///
/// # Errors
///
/// When GRUB or the firmware is missing, or the image cannot be written; no older one is left then.
pub(crate) fn make(out: &Path) -> Result<()> {
    let board = loihi_boards::default();
    paths::remove(out)?;
    let built = firmware::image(FIRMWARE, board);
    let image = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let image = stripped(image).with_context(|| format!("{} is not a firmware image", built.display()))?;
    let folder = paths::target().join("iso");
    let boot = folder.join("boot");
    fs::create_dir_all(boot.join("grub"))
        .and_then(|()| fs::write(boot.join("firmware.elf"), image))
        .and_then(|()| fs::write(boot.join("grub/grub.cfg"), CONFIGURATION))
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    paths::replace(out, |aside| rescue(aside, &folder))?;
    let bytes = fs::metadata(out).with_context(|| format!("cannot read {}", out.display()))?.len();
    println!("CD or stick: {}, {} KB", out.display(), bytes.div_ceil(1000));
    Ok(())
}

/// Makes the image of a CD with the files of a folder. What the tools say is shown if they fail.
fn rescue(out: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new(PROGRAMS[0]);
    command.args(["--compress=xz", "--fonts=", "--locales=", "--themes=", MODULES, "-o"]).arg(out).arg(folder);
    let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
    if !output.status.success() {
        bail!("`{}` failed:\n{}", line(&command), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// An image without its sections, which hold names and formats of the log: what is loaded comes first in the file.
fn stripped(mut image: Vec<u8>) -> Result<Vec<u8>> {
    let header = FileHeader32::<Endianness>::parse(&*image)?;
    let endian = header.endian()?;
    let ends = header.program_headers(endian, &*image)?.iter().map(|segment| {
        let (first, bytes) = segment.file_range(endian);
        first + bytes
    });
    let end = usize::try_from(ends.max().context("it has no segments")?)?;
    let (header, _) =
        object::from_bytes_mut::<FileHeader32<Endianness>>(&mut image).ok().context("it has no header")?;
    header.e_shoff.set(endian, 0);
    header.e_shnum.set(endian, 0);
    header.e_shstrndx.set(endian, 0);
    image.truncate(end);
    Ok(image)
}
