//! Energy of this host's processors, where the kernel tells it (Linux, `powercap`).

use std::path::{Path, PathBuf};

/// Where the kernel tells it.
pub const FOLDER: &str = "/sys/class/powercap";

/// The counters of all processor packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rapl {
    packages: Vec<PathBuf>,
    before: Vec<u64>,
}

impl Rapl {
    /// Begins to measure; `None` if the kernel tells nothing, or not to this user.
    pub fn start(folder: &Path) -> Option<Self> {
        let mut packages: Vec<PathBuf> = std::fs::read_dir(folder)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            // Packages are `intel-rapl:0`, their parts `intel-rapl:0:0`.
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_package))
            .collect();
        packages.sort();
        let before: Option<Vec<u64>> = packages.iter().map(|package| number(&package.join("energy_uj"))).collect();
        let before = before.filter(|before| !before.is_empty())?;
        Some(Self { packages, before })
    }

    /// Microjoules since the measurement began, of everything that ran on the host.
    pub fn microjoules(&self) -> Option<u64> {
        let spent = self.packages.iter().zip(&self.before).map(|(package, before)| {
            let now = number(&package.join("energy_uj"))?;
            if now >= *before {
                return Some(now - before);
            }
            // The counter has begun anew.
            let range = number(&package.join("max_energy_range_uj"))?;
            Some((range + now).saturating_sub(*before))
        });
        spent.sum()
    }
}

fn is_package(name: &str) -> bool {
    name.strip_prefix("intel-rapl:").is_some_and(|number| !number.is_empty() && !number.contains(':'))
}

fn number(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn packages_are_summed_and_counters_begin_anew() {
        let folder = tempfile::tempdir().unwrap();
        let set = |package: &str, energy: u64| {
            let package = folder.path().join(package);
            fs::create_dir_all(&package).unwrap();
            fs::write(package.join("energy_uj"), format!("{energy}\n")).unwrap();
            fs::write(package.join("max_energy_range_uj"), "1000\n").unwrap();
        };
        assert_eq!(Rapl::start(folder.path()), None);
        assert_eq!(Rapl::start(&folder.path().join("nothing")), None);
        set("intel-rapl:0", 100);
        set("intel-rapl:1", 900);
        set("intel-rapl:0:0", 5);
        let rapl = Rapl::start(folder.path()).unwrap();
        set("intel-rapl:0", 130);
        set("intel-rapl:1", 20);
        set("intel-rapl:0:0", 500);
        assert_eq!(rapl.microjoules(), Some(30 + 120));
    }
}
