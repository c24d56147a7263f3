//! Everything that can be wrong with an image, found before it runs.

use super::{COMPARTMENTS_PER_CORE, HEADER_WORDS, Image, MAGIC, Section, SynapseFormat, VERSION, index};
use crate::num::{Decay, Refractory, ThresholdMantissa, Voltage};
use crate::snip;
use core::fmt;
use serde::{Deserialize, Serialize};
use zerocopy::FromBytes;

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
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => write!(f, "the image is not made of whole, aligned 32-bit words"),
            Self::NotAnImage => write!(f, "this is not a network image (its first word is wrong)"),
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
        }
    }
}

impl core::error::Error for ImageError {}

/// The words of one section.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) words: &'a [u32],
    pub(super) count: usize,
}

/// The words of an image whose header is sound.
pub(super) fn words(bytes: &[u8]) -> Result<&[u32], ImageError> {
    let words = <[u32]>::ref_from_bytes(bytes).map_err(|_| ImageError::Misaligned)?;
    let Some(&[magic, version, length, _, _, _, _, sections]) = words.first_chunk::<HEADER_WORDS>() else {
        return Err(ImageError::NotAnImage);
    };
    if magic != MAGIC {
        return Err(ImageError::NotAnImage);
    }
    if version != VERSION {
        return Err(ImageError::Version { found: version, understood: VERSION });
    }
    if index(length) != words.len() {
        let found = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        return Err(ImageError::Length { announced: length.saturating_mul(4), found });
    }
    if index(sections) != Section::ALL.len() {
        return Err(ImageError::Table { section: Section::Cores });
    }
    Ok(words)
}

/// The words of a section, or why they are not there.
pub(super) fn section(words: &[u32], section: Section) -> Result<Slot<'_>, ImageError> {
    let wrong = ImageError::Table { section };
    let at = HEADER_WORDS.saturating_add((section as usize).saturating_mul(2));
    let &[first, count] = words.get(at..).and_then(<[u32]>::first_chunk::<2>).ok_or(wrong)?;
    let length = index(section.words(count).ok_or(wrong)?);
    let words = words.get(index(first)..).and_then(|rest| rest.get(..length)).ok_or(wrong)?;
    Ok(Slot { words, count: index(count) })
}

/// Checks every element of every section.
pub(super) fn check(image: &Image<'_>) -> Result<(), ImageError> {
    cores(image)?;
    groups(image)?;
    bias(image)?;
    axons(image)?;
    synapses(image)?;
    routes(image)?;
    snips(image)
}

/// `Err` with the section and the element unless `sound`.
fn require(sound: bool, section: Section, element: usize) -> Result<(), ImageError> {
    let element = u32::try_from(element).unwrap_or(u32::MAX);
    if sound { Ok(()) } else { Err(ImageError::Element { section, element }) }
}

fn cores(image: &Image<'_>) -> Result<(), ImageError> {
    let (mut compartment, mut group, mut slot) = (0_usize, 0_usize, 0_usize);
    for (at, core) in image.cores().enumerate() {
        let in_groups: usize = image.groups(&core).map(|g| g.compartments).fold(0, usize::saturating_add);
        let sound = core.compartment_first == compartment
            && core.compartments <= COMPARTMENTS_PER_CORE
            && core.group_first == group
            && in_groups == core.compartments
            && core.slots.is_power_of_two()
            && core.slots <= crate::dendrite::SLOTS_MAX
            && core.slot_first == slot;
        require(sound, Section::Cores, at)?;
        compartment = compartment.saturating_add(core.compartments);
        group = group.saturating_add(core.groups);
        slot = slot.saturating_add(core.slots);
    }
    require(group == image.all_groups().len(), Section::Groups, group)
}

fn groups(image: &Image<'_>) -> Result<(), ImageError> {
    for (at, group) in image.all_groups().enumerate() {
        let sound = Decay::new(group.decay_u).is_ok()
            && Decay::new(group.decay_v).is_ok()
            && (0..=ThresholdMantissa::MAX << 6).contains(&group.v_th)
            && (Voltage::MIN..=0).contains(&group.v_min)
            && (0..=Voltage::MAX).contains(&group.v_max)
            && Refractory::new(group.refractory).is_ok();
        require(sound, Section::Groups, at)?;
    }
    Ok(())
}

fn bias(image: &Image<'_>) -> Result<(), ImageError> {
    let count = image.bias.len();
    require(count == 0 || count == image.compartments(), Section::Bias, count)?;
    for (at, bias) in image.bias.iter().enumerate() {
        require(Voltage::new(*bias).is_ok(), Section::Bias, at)?;
    }
    Ok(())
}

fn axons(image: &Image<'_>) -> Result<(), ImageError> {
    for (at, axon) in image.axons.iter().enumerate() {
        let format = SynapseFormat::from_code(axon[1]);
        let record = super::AxonRecord::from_words(axon);
        let Some(core) = image.cores().nth(record.core) else {
            return require(false, Section::Axons, at);
        };
        let end = record.first.saturating_add(record.synapses);
        let sound = match format {
            Some(SynapseFormat::Sparse) => end <= image.sparse.len() && sparse_targets_exist(image, &record, &core),
            Some(SynapseFormat::Dense) => {
                end <= image.dense.len() && record.compartment_base.saturating_add(record.synapses) <= core.compartments
            }
            None => false,
        };
        require(sound, Section::Axons, at)?;
    }
    Ok(())
}

/// Every synapse of a sparse axon ends at a compartment of its core, with a delay that the core has a slot for.
fn sparse_targets_exist(image: &Image<'_>, axon: &super::AxonRecord, core: &super::CoreRecord) -> bool {
    let end = axon.first.saturating_add(axon.synapses);
    image.sparse.get(axon.first..end).unwrap_or_default().iter().all(|word| {
        let synapse = crate::synapse::Synapse::from_word(*word);
        synapse.compartment < core.compartments && synapse.delay < core.slots
    })
}

/// Every synapse belongs to an axon, so that none was left unchecked.
fn synapses(image: &Image<'_>) -> Result<(), ImageError> {
    let used = |format| {
        let ends = image.axons().filter(|a| a.format == format).map(|a| a.first.saturating_add(a.synapses));
        ends.max().unwrap_or(0)
    };
    require(used(SynapseFormat::Sparse) == image.sparse.len(), Section::Sparse, image.sparse.len())?;
    require(used(SynapseFormat::Dense) == image.dense.len(), Section::Dense, image.dense.len())
}

fn routes(image: &Image<'_>) -> Result<(), ImageError> {
    let sources = image.compartments().saturating_add(image.inputs);
    require(image.fanout.len() == sources.saturating_add(1), Section::Fanout, image.fanout.len())?;
    require(image.fanout.first() == Some(&0), Section::Fanout, 0)?;
    require(image.fanout.last().copied().map(index) == Some(image.routes.len()), Section::Fanout, sources)?;
    for (at, pair) in image.fanout.windows(2).enumerate() {
        require(pair.first() <= pair.last(), Section::Fanout, at)?;
    }
    for (at, axon) in image.routes.iter().enumerate() {
        require(index(*axon) < image.axon_count(), Section::Routes, at)?;
    }
    Ok(())
}

fn snips(image: &Image<'_>) -> Result<(), ImageError> {
    require(image.snips().len() <= snip::SNIPS_MAX, Section::Snips, snip::SNIPS_MAX)?;
    for (at, record) in image.snips().enumerate() {
        require(snip::is_sound(&record, image), Section::Snips, at)?;
    }
    Ok(())
}
