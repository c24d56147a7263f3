//! Why an image is refused.

use super::{Name, Section};
use crate::feature::Feature;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why an image is refused. Travels the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
#[non_exhaustive]
pub enum ImageError {
    /// The block of bytes does not start at a multiple of four, or its length is not one.
    Misaligned,
    /// The first word is not an image's.
    NotAnImage,
    /// The layout is of another version.
    Version {
        /// Version in the image.
        found: u32,
        /// Version that is understood.
        understood: u32,
    },
    /// The image is shorter or longer than its header says.
    Length {
        /// Bytes that the header announces.
        announced: u32,
        /// Bytes that are there.
        found: u32,
    },
    /// A section lies outside the image.
    Table {
        /// The section.
        section: Section,
    },
    /// An element of a section is out of its range or points nowhere.
    Element {
        /// The section.
        section: Section,
        /// Number of the element.
        element: u32,
    },
    /// The device has no such program of the embedded CPU.
    UnknownSnip {
        /// Number of the program in the image.
        snip: u32,
        /// Its kind.
        kind: u32,
        /// Its name.
        name: Name,
    },
    /// The image needs a part of the chip that this build is without.
    LeftOut {
        /// The part.
        feature: Feature,
    },
    /// A parameter of a program is out of its range, or names something that is not in the image.
    Snip {
        /// Number of the program in the image.
        snip: u32,
        /// The program's name.
        name: Name,
        /// The parameter.
        parameter: Name,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => write!(f, "the image is not made of whole, aligned 32-bit words"),
            Self::NotAnImage => write!(f, "this is not a network image (its first word is wrong)"),
            Self::Version { found, understood } if found > understood => {
                write!(
                    f,
                    "the image has layout version {found}, this device understands {understood}: update the device"
                )
            }
            Self::Version { found, understood } => {
                write!(f, "the image has layout version {found}, version {understood} is understood: build it again")
            }
            Self::Length { announced, found } => {
                write!(f, "the image announces {announced} bytes, {found} are there: it was cut or extended")
            }
            Self::Table { section } => write!(f, "section {section:?} lies outside the image"),
            Self::Element { section, element } => {
                write!(
                    f,
                    "section {section:?}, element {element}: out of range, or points to something that is not there"
                )
            }
            Self::UnknownSnip { snip, kind, name } => write!(
                f,
                "program {snip} of the network is `{name}` (kind {kind}), which this device does not have: build its firmware with the program, or take another one"
            ),
            Self::LeftOut { feature } => write!(
                f,
                "the network needs {}, which this firmware was built without: build it with the feature `{}`",
                feature.title(),
                feature.name()
            ),
            Self::Snip { snip, name, parameter } => write!(
                f,
                "program {snip} of the network, `{name}`: `{parameter}` is out of range, or names something that the network does not have"
            ),
        }
    }
}

impl core::error::Error for ImageError {}
