//! `loihi train --from`: a network that was trained before, here or by another framework, is where training begins.

#[cfg(feature = "hdf5")]
mod imported;

use super::{NETWORK, ann};
use anyhow::{Context as _, bail};
use clap::Args;
#[cfg(feature = "hdf5")]
use host_harness::network::Network;
use host_harness::network::Section;
use host_harness::network::file::{FileOptions, describes_network, parse_with};
use host_harness::whole;
use loihi_args::what::{What, advice};
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Networks that were trained before")]
pub(super) struct FromArgs {
    /// Begin with a network that was trained before: the folder of a training, a network file, or one of another framework, as
    /// `loihi import` reads it; NET.toml then has the table [train] alone, or is left out
    #[arg(long, value_name = "DIR|NET.toml|NET.nir")]
    from: Option<PathBuf>,
    #[cfg(feature = "hdf5")]
    #[command(flatten)]
    imported: imported::ImportedArgs,
}

/// Where training begins.
pub(super) enum Begin {
    /// With a network file.
    File(What),
    /// With a network of another framework.
    #[cfg(feature = "hdf5")]
    Imported(Box<Network>),
}

impl FromArgs {
    /// Where training begins, if `--from` says it, and the table `[train]` of a file in the place of the network's own.
    pub(super) fn begin(&self, settings: Option<&str>) -> anyhow::Result<Option<(Begin, Option<Section>)>> {
        let Some(from) = &self.from else {
            return match self.of_imports() {
                Some(option) => bail!("{option} is for a network of another framework: give that by --from"),
                None => Ok(None),
            };
        };
        let begin = match self.file(from)? {
            Some(file) => Begin::File(network_file(file)?),
            None => self.import(from)?,
        };
        let settings = settings.map(|file| section(Path::new(file))).transpose()?.flatten();
        Ok(Some((begin, settings)))
    }

    /// The network file that `--from` means, unless it is one of another framework.
    fn file(&self, from: &Path) -> anyhow::Result<Option<PathBuf>> {
        let shown = from.display();
        let file = if from.is_dir() { from.join(NETWORK) } else { from.to_owned() };
        if !file.exists() && from.is_dir() {
            let onnx = from.join(ann::NETWORK);
            if onnx.exists() {
                bail!(
                    "{shown} holds an ANN: turn it into a spiking network by `loihi convert {} --calibrate WHAT --out NET.toml`, \
                     and give that",
                    onnx.display()
                );
            }
            bail!(
                "{shown} has no {NETWORK}, which a training writes at its end: give the folder of one that has finished"
            );
        }
        match file.extension().and_then(|end| end.to_str()) {
            Some("toml") => {}
            Some("nir" | "net") => return Ok(None),
            _ => {
                let what = "give the folder of a training, a .toml, a .nir or a .net file";
                bail!(advice(&file).unwrap_or_else(|| format!("training cannot begin with {shown}: {what}")))
            }
        }
        if let Some(option) = self.of_imports() {
            bail!("{option} is for a network of another framework, and {} says it itself: take it out", file.display());
        }
        Ok(Some(file))
    }

    /// The first option that was given for networks of other frameworks.
    #[cfg(feature = "hdf5")]
    fn of_imports(&self) -> Option<&'static str> {
        self.imported.given()
    }

    /// There is no such option.
    #[cfg(not(feature = "hdf5"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    const fn of_imports(&self) -> Option<&'static str> {
        None
    }

    #[cfg(feature = "hdf5")]
    fn import(&self, from: &Path) -> anyhow::Result<Begin> {
        Ok(Begin::Imported(Box::new(self.imported.network(from)?)))
    }

    #[cfg(not(feature = "hdf5"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    fn import(&self, from: &Path) -> anyhow::Result<Begin> {
        bail!(
            "{} is a network of another framework, and this program was built without the feature `hdf5`, which reads it: \
             build with `--features full`",
            from.display()
        )
    }
}

/// A network file that exists, of any name.
fn network_file(file: PathBuf) -> anyhow::Result<What> {
    let shown = file.display().to_string();
    let text = whole::text(&file).with_context(|| format!("{shown} cannot be read"))?;
    if !describes_network(&text)
        && let Some(advice) = advice(&file)
    {
        bail!("{advice}");
    }
    let what = What { name: shown, path: file, text, data: None, learns: false };
    if ann::is_asked_for(&what) {
        let shown = &what.name;
        bail!(
            "{shown} describes an ANN: train it by `loihi train {shown}`, turn its {} into a spiking network by \
             `loihi convert`, and give that",
            ann::NETWORK
        );
    }
    Ok(what)
}

/// The table `[train]` of a file that has nothing else; without one the network's own holds.
fn section(file: &Path) -> anyhow::Result<Option<Section>> {
    let shown = file.display();
    let text = whole::text(file).with_context(|| format!("{shown} cannot be read"))?;
    let keys: toml::Table = text.parse().with_context(|| shown.to_string())?;
    if let Some(key) = keys.keys().find(|key| *key != "train") {
        bail!("{shown} has `{key}` beside [train], and the network is that of --from: take it out");
    }
    Ok(parse_with(&text, file, &FileOptions::default())?.run.train)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn refusal(from: &Path) -> String {
        let args = FromArgs { from: Some(from.to_owned()), ..FromArgs::default() };
        args.begin(None).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn an_ann_is_to_be_converted_first() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = refusal(folder.path());
        assert!(nothing.contains("has no network.toml, which a training writes at its end"), "{nothing}");
        fs::write(folder.path().join("net.onnx"), "").unwrap();
        let trained = refusal(folder.path());
        assert!(trained.contains(" holds an ANN: ") && trained.contains("`loihi convert "), "{trained}");
        let itself = refusal(&folder.path().join("net.onnx"));
        assert!(itself.contains(" is an ANN: ") && itself.contains("`loihi convert "), "{itself}");
        let file = folder.path().join("ann.toml");
        fs::write(
            &file,
            "input = [{ name = \"a\", shape = [1] }]\npopulation = [{ name = \"p\", shape = [1] }]\ntrain = { ann = true }\n",
        )
        .unwrap();
        let described = refusal(&file);
        assert!(described.contains(" describes an ANN: ") && described.contains("`loihi convert`"), "{described}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_need_not_be_utf_8() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(std::ffi::OsStr::from_bytes(b"net-\xff.toml"));
        fs::write(&file, "input = [{ name = \"a\", shape = [1] }]\npopulation = [{ name = \"p\", shape = [1] }]\n")
            .unwrap();
        let args = FromArgs { from: Some(file.clone()), ..FromArgs::default() };
        let begun = args.begin(None).unwrap();
        assert!(matches!(begun, Some((Begin::File(what), None)) if what.path == file));
    }
}
