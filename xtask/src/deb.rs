//! Debian packages: an `ar` archive of a version, a control archive and an archive of files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};
use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::ElfFile;

/// What is not known about a program by looking at it.
const MAINTAINER: &str = "Open Loihi contributors <maintainers@open-loihi.example.org>";
const SUMMARY: &str = "emulator of Intel's neuromorphic chip Loihi";
const DESCRIPTION: &str = " Runs spiking neural networks in the chip's own integers, bit for bit, with the learning\n \
     rules of its embedded processors: in a process, or on a bare x86 in QEMU.\n";

/// A package with one program and the files that belong to it.
pub(crate) struct Package {
    name: &'static str,
    architecture: &'static str,
    /// The oldest glibc with all that the program calls.
    glibc: String,
    /// Mode and content by path from the root, without the first slash.
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

impl Package {
    /// A package with the program `loihi`, which names its processor and the C library that it needs.
    ///
    /// # Errors
    ///
    /// When it is not a 64-bit ELF program linked with glibc, or of a processor that Debian does not run on.
    pub(crate) fn new(name: &'static str, program: &[u8]) -> Result<Self> {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "riscv64" => "riscv64",
            other => bail!("Debian has no name for the processor {other}"),
        };
        let glibc = glibc(program).context("the program's libraries cannot be told")?;
        let files = BTreeMap::from([("usr/bin/loihi".to_owned(), (0o755, program.to_vec()))]);
        Ok(Self { name, architecture, glibc, files })
    }

    /// What the file of the package is called.
    pub(crate) fn file_name(&self) -> String {
        format!("{}_{}_{}.deb", self.name, env!("CARGO_PKG_VERSION"), self.architecture)
    }

    /// Adds a file that everybody may read.
    pub(crate) fn add(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.to_owned(), (0o644, content));
    }

    /// Adds a file packed by gzip, as Debian wants manuals and long documents.
    ///
    /// # Errors
    ///
    /// When it cannot be packed.
    pub(crate) fn add_packed(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.add(&format!("{path}.gz"), gzip(content)?);
        Ok(())
    }

    /// The package, all of it as old as `time`, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// When an archive cannot be written.
    pub(crate) fn bytes(&self, time: u64) -> Result<Vec<u8>> {
        let control = BTreeMap::from([("control".to_owned(), (0o644, self.control().into_bytes()))]);
        let members = [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar.gz", gzip(&tar(&control, time)?)?),
            ("data.tar.gz", gzip(&tar(&self.files, time)?)?),
        ];
        let mut archive = ar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = ar::Header::new(name.as_bytes().to_vec(), content.len().try_into()?);
            header.set_mode(0o100_644);
            header.set_mtime(time);
            archive.append(&header, content.as_slice())?;
        }
        Ok(archive.into_inner()?)
    }

    fn control(&self) -> String {
        let Self { name, architecture, glibc, .. } = self;
        let bytes: usize = self.files.values().map(|(_, content)| content.len()).sum();
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n\
             Installed-Size: {kibibytes}\nDepends: libc6 (>= {glibc}), libgcc-s1\nRecommends: qemu-system-x86\n\
             Section: science\nPriority: optional\nDescription: {SUMMARY}\n{DESCRIPTION}",
            version = env!("CARGO_PKG_VERSION"),
            kibibytes = bytes.div_ceil(1024),
        )
    }
}

/// The newest version of glibc whose symbols a program needs, for example `2.34`.
fn glibc(program: &[u8]) -> Result<String> {
    let file = ElfFile::<FileHeader64<Endianness>>::parse(program)?;
    let (endian, sections) = (file.endian(), file.elf_section_table());
    let (mut needed, names) = sections.gnu_verneed(endian, program)?.context("it names no versions of libraries")?;
    let names = sections.strings(endian, program, names)?;
    let mut newest = None;
    while let Some((_, mut versions)) = needed.next()? {
        while let Some(version) = versions.next()? {
            let name = version.name(endian, names)?;
            let numbers = str::from_utf8(name).ok().and_then(|name| name.strip_prefix("GLIBC_"));
            newest = newest.max(numbers.and_then(numbers_of));
        }
    }
    let newest = newest.context("it does not call glibc")?;
    Ok(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

/// The numbers of a version, which compare as versions do.
fn numbers_of(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|number| number.parse().ok()).collect()
}

/// An archive of files and of the folders that they lie in, sorted, of root.
fn tar(files: &BTreeMap<String, (u32, Vec<u8>)>, time: u64) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let folders = files.keys().flat_map(|path| Path::new(path).ancestors().skip(1));
    for folder in folders.filter(|folder| !folder.as_os_str().is_empty()).collect::<BTreeSet<_>>() {
        let mut header = header(0o755, 0, time)?;
        header.set_entry_type(tar::EntryType::Directory);
        archive.append_data(&mut header, folder.join(""), std::io::empty())?;
    }
    for (path, (mode, content)) in files {
        archive.append_data(&mut header(*mode, content.len(), time)?, path, content.as_slice())?;
    }
    Ok(archive.into_inner()?)
}

fn header(mode: u32, bytes: usize, time: u64) -> Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.try_into()?);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    Ok(header)
}

/// Packed without a name and a time.
fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}
