//! WHAT of `run`, `compare`, `view` and `table`: a built-in experiment or a network file.

use anyhow::{Context as _, anyhow, bail};
use loihi_core::image::MAGIC;
use loihi_data::{DataSet, format_of};
use loihi_experiments::{EXPERIMENTS, Experiment};
use loihi_files::names::{nearest, unknown};
use loihi_files::whole;
use loihi_net::network::file::{FileOptions, describes_learner, describes_network, parse_with};
use loihi_run::record::{KeptFile, is_run};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A network file that a command runs, of the user's own or built in.
#[derive(Debug)]
pub struct What {
    /// The name or the file as the user wrote it, without samples.
    pub name: String,
    /// The file, or what it would be called.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Samples that stand beside it: `NET.toml@SAMPLES`.
    pub data: Option<PathBuf>,
    /// Whether the file says what it learns.
    pub learns: bool,
}

impl What {
    /// Looks at a name or a file.
    pub fn of(what: &str) -> anyhow::Result<Self> {
        let (name, data) = match what.split_once('@') {
            Some((name, data)) if !Path::new(what).exists() => (name, Some(PathBuf::from(data))),
            _ => (what, None),
        };
        let path = Path::new(name);
        let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if !is_toml {
            return built_in(name);
        }
        let text = whole::text(path).with_context(|| format!("{name} cannot be read"))?;
        if text.trim().is_empty() {
            bail!(
                "{name} is empty: `loihi list --network` prints a network file, and `loihi list NAME` that of an experiment"
            );
        }
        if !describes_network(&text) {
            if let Some(advice) = advice(path) {
                bail!("{advice}");
            }
            // A table whose name is misspelt, for example.
            if text.lines().any(|line| line.trim_start().starts_with('[')) {
                parse_with(&text, path, &FileOptions::default().data(vec![1], 1))?;
            }
            bail!(
                "{name} is not a network: `loihi list --network` prints one, and `loihi list NAME` that of an experiment"
            );
        }
        let learns = describes_learner(&text);
        Ok(Self { name: name.to_owned(), path: path.to_owned(), text, data, learns })
    }

    /// The same with another text, which is read, so that what is wrong with it shows.
    pub fn with_text(&self, text: String) -> anyhow::Result<Self> {
        // Sizes that the file leaves to the data are not known here.
        parse_with(&text, &self.path, &FileOptions::default().data(vec![1], 1))?;
        let Self { name, path, data, learns, .. } = self;
        Ok(Self { name: name.clone(), path: path.clone(), text, data: data.clone(), learns: *learns })
    }
}

/// A built-in experiment; other files are told from names that are wrong.
fn built_in(name: &str) -> anyhow::Result<What> {
    if Experiment::named(name).is_none()
        && let Some(advice) = advice(Path::new(name))
    {
        bail!("{advice}");
    }
    let experiment = find(name)?;
    let (path, text) = (PathBuf::from(format!("{name}.toml")), experiment.text.to_owned());
    Ok(What { name: name.to_owned(), path, text, data: None, learns: true })
}

/// The experiment of a name.
pub fn find(name: &str) -> anyhow::Result<Experiment> {
    Experiment::named(name).ok_or_else(|| {
        let names: Vec<&str> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
        let file = Path::new(name).with_extension("toml");
        if DataSet::of(name).is_some() {
            let meant = nearest(name, &names);
            let meant = meant.map_or_else(|| ";".to_owned(), |near| format!(": did you mean the experiment `{near}`?"));
            return anyhow!("`{name}` is a data set, which --data and --train take{meant} `loihi list` shows all");
        }
        if file.exists() {
            return anyhow!(
                "unknown experiment `{name}`: did you mean the file {}? `loihi list` shows all",
                file.display()
            );
        }
        anyhow!("unknown experiment {}", unknown(name, &names, Some("`loihi list`")))
    })
}

/// What `loihi train` calls the network in its folder.
pub const NETWORK: &str = "network.toml";

/// For a file or folder that is something else than an experiment or a network: what it is, and which command takes it.
pub fn advice(path: &Path) -> Option<String> {
    let shown = path.display();
    if path.is_dir() {
        return Some(if is_run(path) {
            let draws = format!("{shown} is a run folder: `loihi report {shown}` draws it");
            if path.join(NETWORK).exists() {
                format!("{draws}, and its network is {}", path.join(NETWORK).display())
            } else {
                format!("{draws}, and --learned {shown} starts another run from what it has learned")
            }
        } else {
            format!("{shown} is a folder: samples in it are given to a network by `loihi run NET.toml --data {shown}`")
        });
    }
    let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
    let mut start = Vec::new();
    File::open(path).ok()?.take(BEGIN_BYTES).read_to_end(&mut start).ok()?;
    let of_run = || path.parent().map_or_else(String::new, |folder| folder.display().to_string());
    Some(match extension.as_str() {
        "nir" => format!("{shown} is a NIR graph: `loihi import {shown} --out NET.toml` makes a network of it"),
        "net" => {
            format!("{shown} is a network of lava-dl: `loihi import {shown} --out NET.toml` makes a network of it")
        }
        _ if start.starts_with(&MAGIC.to_le_bytes()) => {
            format!("{shown} is a chip image, which a device loads: give the network file that it was placed from")
        }
        _ if KeptFile::of(&start) == Some(KeptFile::Learned) => {
            format!(
                "{shown} is what a run has learned: give the experiment or network that learned it, and --learned {shown}"
            )
        }
        _ if KeptFile::of(&start) == Some(KeptFile::Checkpoint) => {
            format!("{shown} is the checkpoint of a run: repeat the command of that run with --resume {}", of_run())
        }
        "onnx" => format!(
            "{shown} is an ANN: `loihi convert {shown} --calibrate DATA --out NET.toml` makes a spiking network of it"
        ),
        "toml" => return advice_on_toml(&String::from_utf8_lossy(&start), path),
        extension if matches!(extension, "tar" | "tgz") || format_of(path, &start).is_some() => {
            format!(
                "{shown} is a file of samples: `loihi run NET.toml --data {shown}` shows them to a network, \
                 `loihi train NET.toml --train {shown}` trains one"
            )
        }
        _ => return None,
    })
}

/// An error about one of several experiments or files, with its name, but not twice.
pub fn of_subject(name: &str, error: anyhow::Error) -> anyhow::Error {
    let quoted = format!("`{name}`");
    let is_said = error.chain().map(ToString::to_string).any(|said| said.starts_with(name) || said.contains(&quoted));
    if is_said { error } else { error.context(name.to_owned()) }
}

/// For a file that is given as samples: what it is instead.
pub fn wrong_kind(data: &Path) -> Option<String> {
    let text = whole::text(data).ok().filter(|text| describes_network(text));
    let shown = data.display();
    text.map(|_| format!("{shown} is a network, not samples: give it first, and its samples by --data"))
}

/// Bytes of a file that say what it is.
const BEGIN_BYTES: u64 = 1 << 16;

fn advice_on_toml(text: &str, path: &Path) -> Option<String> {
    let has = |start: &str| text.lines().any(|line| line.trim_start().starts_with(start));
    let shown = path.display();
    if has("[event.") || has("[barrier") {
        return Some(format!("{shown} is a price table: `loihi table --prices {shown}` uses it"));
    }
    let folder = path.parent().map_or_else(String::new, |folder| folder.display().to_string());
    has("protocol_version").then(|| {
        format!("{shown} belongs to a run folder: `loihi report {folder}` draws it, --resume {folder} resumes its run")
    })
}
