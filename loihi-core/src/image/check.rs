//! Everything that can be wrong with an image, found before it runs.

mod learning;
mod synapses;

use super::error::ImageError;
use super::profile::codes_are_known;
use super::{
    AxonRecord, COMPARTMENTS_PER_CORE, GroupRecord, HEADER_WORDS, Homeostasis, Image, MAGIC, Name, Noise, Profile,
    Route, SLOTS_MAX, SNIPS_MAX, Section, SnipRecord, StackIn, StackOut, VERSION, index,
};
use crate::feature::Feature;
use crate::num::{Decay, Refractory, ThresholdMantissa, Voltage};
use core::fmt;
use zerocopy::FromBytes;

/// A parameter of a program that is out of its range, or names something that is not in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter(pub &'static str);

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        write!(f, "parameter `{name}` is out of range, or names something that the network does not have")
    }
}

impl core::error::Error for Parameter {}

/// Who knows the programs of the embedded CPU that an image may name.
pub trait CheckSnip {
    /// Checks a program's parameters against the image; `None` if there is no such program.
    fn check_snip(&self, record: &SnipRecord, image: &Image<'_>) -> Option<Result<(), Parameter>>;
}

/// The words of one section.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) words: &'a [u32],
    pub(super) count: usize,
}

/// The words of an image whose header is valid.
pub(super) fn words(bytes: &[u8]) -> Result<&[u32], ImageError> {
    let words = <[u32]>::ref_from_bytes(bytes).map_err(|_| ImageError::Misaligned)?;
    let Some(&[magic, version, length, _, _, _, _, _, _, sections]) = words.first_chunk::<HEADER_WORDS>() else {
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

/// Checks every element of every section, in time that the image's length bounds: what elements share is read once, and
/// what is read for each program or each group is limited in number.
pub(super) fn check(image: &Image<'_>, programs: &dyn CheckSnip) -> Result<(), ImageError> {
    features(image)?;
    profiles(image)?;
    cores(image)?;
    groups(image)?;
    registers(image)?;
    sums(image)?;
    synapses::check(image)?;
    routes(image)?;
    learning::check(image)?;
    snips(image, programs)
}

/// `Err` with the section and the element unless `valid`.
fn require(valid: bool, section: Section, element: usize) -> Result<(), ImageError> {
    let element = u32::try_from(element).unwrap_or(u32::MAX);
    if valid { Ok(()) } else { Err(ImageError::Element { section, element }) }
}

/// What the image needs was not left out.
fn features(image: &Image<'_>) -> Result<(), ImageError> {
    let missing = |feature: &Feature| !feature.is_built_in() && image.needs(*feature);
    match Feature::ALL.into_iter().find(missing) {
        Some(feature) => Err(ImageError::LeftOut { feature }),
        None => Ok(()),
    }
}

fn profiles(image: &Image<'_>) -> Result<(), ImageError> {
    for (at, words) in image.profiles.iter().enumerate() {
        let profile = Profile::from_words(words);
        let valid = codes_are_known(words)
            && Decay::new(profile.decay_u).is_ok()
            && Decay::new(profile.decay_v).is_ok()
            && (0..=ThresholdMantissa::MAX << 6).contains(&profile.v_th)
            && (Voltage::MIN..=0).contains(&profile.v_min)
            && (0..=Voltage::MAX).contains(&profile.v_max)
            && Refractory::new(profile.refractory).is_ok()
            && profile.noise.is_none_or(noise_is_sound)
            && profile.homeostasis.is_none_or(|homeostasis| homeostasis_is_sound(&homeostasis));
        require(valid, Section::Profiles, at)?;
    }
    Ok(())
}

fn noise_is_sound(noise: Noise) -> bool {
    noise.exponent <= Noise::EXPONENT_MAX && (-Noise::OFFSET_MAX..=Noise::OFFSET_MAX).contains(&noise.offset)
}

fn homeostasis_is_sound(h: &Homeostasis) -> bool {
    let trace = 0..=Homeostasis::ACTIVITY_MAX;
    (0..=Homeostasis::GAIN_MAX).contains(&h.gain)
        && trace.contains(&h.a_min)
        && trace.contains(&h.a_max)
        && h.a_min <= h.a_max
        && trace.contains(&h.impulse)
        && Decay::new(h.decay).is_ok()
        && (1..=64).contains(&h.epoch_steps)
}

fn cores(image: &Image<'_>) -> Result<(), ImageError> {
    let (mut compartment, mut group, mut accumulator, mut sum) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (at, core) in image.cores().enumerate() {
        let in_groups: usize = image.groups(&core).map(|g| g.compartments).fold(0, usize::saturating_add);
        // Axons name cores by 20 bits, and `Image::common_axon` takes larger numbers for other kinds of axons.
        let valid = at < AxonRecord::CORES_MAX
            && core.compartment_first == compartment
            && core.compartments <= COMPARTMENTS_PER_CORE
            && core.group_first == group
            && in_groups == core.compartments
            && core.slots.is_power_of_two()
            && core.slots <= SLOTS_MAX
            && core.accumulator_first == accumulator
            && core.sum_first == sum;
        require(valid, Section::Cores, at)?;
        compartment = compartment.saturating_add(core.compartments);
        group = group.saturating_add(core.groups);
        accumulator = accumulator.saturating_add(core.accumulators());
        sum = sum.saturating_add(core.sums);
    }
    require(group == image.groups.len(), Section::Groups, group)?;
    require(sum == image.sums.len(), Section::Sums, sum)
}

fn groups(image: &Image<'_>) -> Result<(), ImageError> {
    for (at, words) in image.groups.iter().enumerate() {
        let group = GroupRecord::from_words(words);
        let valid = group.pattern >= 1
            && group.compartments.is_multiple_of(group.pattern)
            && image.pattern(&group).len() == group.pattern
            // Without compartments it could name all profiles as often as it likes.
            && (group.compartments == 0 || stack_is_sound(image, &group));
        require(valid, Section::Groups, at)?;
    }
    Ok(())
}

/// A neuron takes from the stack only what its compartments have left there, leaves at most two operands at a time
/// and none at its end.
fn stack_is_sound(image: &Image<'_>, group: &GroupRecord) -> bool {
    let pattern = image.pattern(group);
    let mut depth = 0_u32;
    for tree in (0..pattern.len()).filter_map(|at| pattern.get(at)).map(|profile| profile.tree) {
        let taken = match tree.stack_in {
            StackIn::Skip => 0,
            StackIn::PopA | StackIn::PopB => 1,
            StackIn::PopAAndB => 2,
        };
        let Some(left) = depth.checked_sub(taken) else { return false };
        depth = left.saturating_add(u32::from(tree.stack_out != StackOut::Skip));
        if depth > 2 {
            return false;
        }
    }
    depth == 0
}

fn registers(image: &Image<'_>) -> Result<(), ImageError> {
    let compartments = image.compartments();
    let in_voltage = |value: i32| Voltage::new(value).is_ok();
    let in_current = |value: i32| (-(1 << 23)..1 << 23).contains(&value);
    per_compartment(compartments, image.bias, Section::Bias, in_voltage)?;
    per_compartment(compartments, image.current_start, Section::CurrentStart, in_current)?;
    per_compartment(compartments, image.voltage_start, Section::VoltageStart, in_voltage)?;
    for (at, recorded) in image.recorded_draws().enumerate() {
        let valid = recorded.epoch_steps >= 1 && recorded.per_row >= 1 && recorded.first <= image.draws.len();
        require(valid, Section::RecordedDraws, at)?;
    }
    Ok(())
}

/// A value in range for every compartment, or none at all.
fn per_compartment(
    compartments: usize,
    values: &[i32],
    section: Section,
    in_range: impl Fn(i32) -> bool,
) -> Result<(), ImageError> {
    require(values.is_empty() || values.len() == compartments, section, values.len())?;
    for (at, value) in values.iter().enumerate() {
        require(in_range(*value), section, at)?;
    }
    Ok(())
}

fn sums(image: &Image<'_>) -> Result<(), ImageError> {
    let mut accumulator = 0_usize;
    for (at, sum) in image.sums().enumerate() {
        let Some(core) = image.core(sum.core) else {
            return require(false, Section::Sums, at);
        };
        let of_core = at.checked_sub(core.sum_first).is_some_and(|number| number < core.sums);
        let valid = of_core && sum.shift_right <= 8 && sum.shift_left <= 6 && sum.accumulator_first == accumulator;
        require(valid, Section::Sums, at)?;
        accumulator = accumulator.saturating_add(core.accumulators());
    }
    Ok(())
}

fn routes(image: &Image<'_>) -> Result<(), ImageError> {
    let sources = image.compartments().saturating_add(image.inputs);
    require(image.fanout.len() == sources.saturating_add(1), Section::Fanout, image.fanout.len())?;
    require(image.fanout.first() == Some(&0), Section::Fanout, 0)?;
    require(image.fanout.last().copied().map(index) == Some(image.routes.len()), Section::Fanout, sources)?;
    for (at, pair) in image.fanout.windows(2).enumerate() {
        require(pair.first() <= pair.last(), Section::Fanout, at)?;
    }
    require(image.atom_bits <= Route::ATOM_BITS_MAX, Section::Routes, 0)?;
    for (at, word) in image.routes.iter().enumerate() {
        let route = image.route(*word);
        let there = image.axon(route.axon).is_some_and(|axon| route.atom < axon.atoms);
        require(there, Section::Routes, at)?;
    }
    Ok(())
}

fn snips(image: &Image<'_>, programs: &dyn CheckSnip) -> Result<(), ImageError> {
    // Each may read all of the image.
    require(image.snips.len() <= SNIPS_MAX, Section::Snips, SNIPS_MAX)?;
    for (snip, record) in (0_u32..).zip(image.snips()) {
        let SnipRecord { kind, name, .. } = record;
        match programs.check_snip(&record, image) {
            Some(Ok(())) => {}
            Some(Err(Parameter(parameter))) => {
                return Err(ImageError::Snip { snip, name, parameter: Name::new(parameter) });
            }
            None => return Err(ImageError::UnknownSnip { snip, kind, name }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{LearningRecord, write};
    use super::*;
    use crate::snip::Snips;
    use std::vec;
    use zerocopy::IntoBytes as _;

    #[test]
    fn what_may_read_the_whole_image_is_limited_in_number() {
        for (section, record, most) in [
            (Section::Snips, SnipRecord::WORDS, SNIPS_MAX),
            (Section::Learning, LearningRecord::WORDS, LearningRecord::GROUPS_MAX),
        ] {
            let records = vec![0; index(record) * (most + 1)];
            let mut words = vec![0; records.len() + 100];
            let length = write(&mut words, [0; 5], &[(Section::Fanout, &[0]), (section, &records)]).unwrap();
            let element = u32::try_from(most).unwrap();
            let said = Image::open(words[..length].as_bytes(), &Snips(&[])).unwrap_err();
            assert_eq!(said, ImageError::Element { section, element });
        }
    }

    /// An image with a plastic group of the cores, and one with recorded draws.
    #[cfg(not(any(feature = "learning", feature = "recorded-draws")))]
    #[test]
    fn what_was_left_out_is_named() {
        let mut learning = [0; index(LearningRecord::WORDS)];
        learning[19] = 1;
        let cases = [
            (Section::Learning, &learning[..], Feature::Learning, "the learning engine of the cores"),
            (Section::RecordedDraws, &[0, 1, 1, 0][..], Feature::RecordedDraws, "recorded random numbers"),
        ];
        for (section, record, feature, what) in cases {
            let mut words = [0; 100];
            let length = write(&mut words, [0; 5], &[(Section::Fanout, &[0]), (section, record)]).unwrap();
            let said = Image::open(words[..length].as_bytes(), &Snips(&[])).unwrap_err();
            assert_eq!(said, ImageError::LeftOut { feature });
            let name = feature.name();
            assert_eq!(
                std::string::ToString::to_string(&said),
                std::format!(
                    "the network needs {what}, which this firmware was built without: build it with the feature `{name}`"
                )
            );
        }
    }
}
