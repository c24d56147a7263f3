//! What a readout is to answer to a sample: its class, or a class for each window of its steps and for each pixel.
//!
//! Classes of windows and pixels are the targets of a sample, whole numbers of shape `[windows]`, `[height, width]` or
//! `[windows, height, width]`; −1 is a place without label, and so is 255, unless there are as many classes.

use super::answers::AnswerShape;
use super::present::PresentError;
use loihi_data::Sample;
use loihi_net::network::{Network, Readout};

/// The value of an unlabelled pixel in 8-bit class maps.
const UNLABELLED: i64 = 255;

/// One label per answer of a sample of `steps` steps, `None` where the class is unknown; empty for a network without a readout.
///
/// # Errors
/// [`PresentError::Label`], [`PresentError::Labels`].
pub fn labels_of(network: &Network, item: &Sample, steps: u32) -> Result<Vec<Option<usize>>, PresentError> {
    let Some((readout, shape)) = network.readout.zip(AnswerShape::of(network, steps)) else { return Ok(Vec::new()) };
    if readout.is_single() {
        check_label(network, item, shape.classes)?;
        return Ok(vec![item.label.and_then(|label| usize::try_from(label).ok())]);
    }
    if item.targets.is_empty() && item.label.is_none() {
        return Ok(vec![None; shape.count()]);
    }
    let expected = extents(&readout, &shape);
    if item.target_shape != expected {
        let found = match (&*item.target_shape, item.label) {
            ([], Some(label)) => format!("it has one class, {label}"),
            (found, _) => format!("its targets are of shape {found:?}"),
        };
        let of_steps = match readout.window_steps {
            0 => String::new(),
            each => format!(" of {each} of its {steps} steps, late ones included"),
        };
        let what =
            format!("{found}, and the readout takes classes of shape {expected:?}, {}{of_steps}", words(&readout));
        return Err(PresentError::Labels { item: item.name.clone(), what });
    }
    classes_of(network, item, shape.classes)
}

/// Whether the classes of samples are among those that a network can answer.
///
/// # Errors
/// [`PresentError::Label`], [`PresentError::Labels`]: the first sample whose classes are not.
pub fn check_labels(network: &Network, items: &[Sample]) -> Result<(), PresentError> {
    let Some(readout) = network.readout else { return Ok(()) };
    let Some(shape) = AnswerShape::of(network, network.sample_steps().unwrap_or(1)) else { return Ok(()) };
    items.iter().try_for_each(|item| {
        if readout.is_single() {
            check_label(network, item, shape.classes)
        } else {
            classes_of(network, item, shape.classes).map(drop)
        }
    })
}

/// Whether the class of a sample, or of one of its windows or pixels, is known.
pub fn is_labelled(network: &Network, item: &Sample) -> bool {
    let classes = AnswerShape::of(network, 1).map_or(0, |shape| shape.classes);
    item.label.is_some() || classes_of(network, item, classes).is_ok_and(|all| all.iter().any(Option::is_some))
}

/// Why a sample cannot be learned that has no class for a readout with one answer, or no classes for one with several.
pub fn unlabelled(network: &Network, item: &Sample) -> Option<String> {
    let is_single = network.readout.is_none_or(|readout| readout.is_single());
    match (item.label, &*item.target_shape) {
        (Some(_), _) if is_single => None,
        (_, [_, ..]) if !is_single => None,
        (_, []) if is_single => Some(format!(
            "sample {} has no class: every sample needs one, in an .npz file as whole numbers in `y`",
            item.name
        )),
        (_, shape) if is_single => Some(format!(
            "sample {} has no class, but targets of shape {shape:?}, for `y` holds real numbers or has more than one extent, as for \
             a regression: give classes as whole numbers of shape [samples]",
            item.name
        )),
        (label, _) => Some(format!(
            "sample {} has {}, and the readout takes {}: give these as `y`",
            item.name,
            label.map_or_else(|| "no targets".to_owned(), |label| format!("one class, {label}")),
            network.readout.as_ref().map_or("", words)
        )),
    }
}

/// The same of the first such sample in the order of the data, whatever the order of these items is.
pub fn first_unlabelled(network: &Network, items: &[Sample]) -> Option<String> {
    let unlabelled = items.iter().filter_map(|item| Some((item, unlabelled(network, item)?)));
    unlabelled.min_by_key(|(item, _)| (item.name.len(), &item.name)).map(|(_, what)| what)
}

/// The warning for samples with targets but no classes, where the network has a readout.
pub fn regression(network: &Network, items: &[Sample]) -> Option<String> {
    let first = items.first().filter(|item| network.readout.is_some() && !item.targets.is_empty())?;
    unlabelled(network, first)
}

/// The extents of the classes of a sample.
fn extents(readout: &Readout, shape: &AnswerShape) -> Vec<usize> {
    let windows = (readout.window_steps > 0).then_some(shape.windows);
    windows.into_iter().chain(shape.pixels.into_iter().filter(|_| readout.per_pixel)).collect()
}

const fn words(readout: &Readout) -> &'static str {
    match (readout.window_steps > 0, readout.per_pixel) {
        (true, true) => "a class for each window and pixel",
        (true, false) => "a class for each window",
        (false, _) => "a class for each pixel",
    }
}

fn check_label(network: &Network, Sample { name, label, .. }: &Sample, classes: usize) -> Result<(), PresentError> {
    match label.filter(|label| usize::try_from(*label).is_ok_and(|label| label >= classes)) {
        Some(label) => Err(PresentError::Label { item: name.clone(), label, readout: name_of(network), classes }),
        None => Ok(()),
    }
}

fn name_of(network: &Network) -> String {
    let population = network.readout.and_then(|readout| network.populations.get(readout.population));
    population.map(|population| population.name.clone()).unwrap_or_default()
}

/// The targets of a sample as classes.
fn classes_of(network: &Network, item: &Sample, classes: usize) -> Result<Vec<Option<usize>>, PresentError> {
    let class = |(at, target): (usize, &f32)| {
        #[expect(clippy::cast_possible_truncation, reason = "whole, or not a class")]
        let whole = Some(*target as i64).filter(|_| target.fract() == 0.0);
        match whole {
            Some(own) if usize::try_from(own).is_ok_and(|own| own < classes) => Ok(usize::try_from(own).ok()),
            Some(-1 | UNLABELLED) => Ok(None),
            _ => {
                let place = place(at, &item.target_shape);
                let what = format!(
                    "its target at {place:?} (from 0) is {target}, and the readout `{}` has classes 0 to {}: give one of these, or -1 or \
                     255 where nothing is known",
                    name_of(network),
                    classes.saturating_sub(1)
                );
                Err(PresentError::Labels { item: item.name.clone(), what })
            }
        }
    };
    item.targets.iter().enumerate().map(class).collect()
}

/// Where an element is, by its number.
fn place(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut place: Vec<usize> = shape
        .iter()
        .rev()
        .map(|extent| {
            let own = at % extent.max(&1);
            at /= extent.max(&1);
            own
        })
        .collect();
    place.reverse();
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::{Endpoint, Population, ReadBy};

    fn network(readout: Readout) -> Network {
        let mut network = Network::new("n").steps(6);
        network.population(Population::new("maps", [3, 2, 2]));
        network.readout = Some(readout);
        network
    }

    fn item(shape: &[usize], targets: &[f32]) -> Sample {
        Sample::values("7", &[1], vec![0]).with_targets_of(shape, targets.to_vec())
    }

    const READOUT: Readout = Readout::new(Endpoint::Population(0), ReadBy::Spikes);

    #[test]
    fn targets_are_classes_of_windows_and_pixels() {
        let labels = |readout: Readout, item: &Sample| labels_of(&network(readout), item, 6).unwrap();
        assert_eq!(labels(READOUT, &item(&[1], &[2.0]).labelled(11)), [Some(11)], "one answer has the class");
        let maps = item(&[2, 2], &[0.0, 2.0, -1.0, 255.0]);
        assert_eq!(labels(READOUT.per_pixel(), &maps), [Some(0), Some(2), None, None]);
        let windows = item(&[3], &[11.0, -1.0, 0.0]);
        assert_eq!(labels(READOUT.window_steps(2), &windows), [Some(11), None, Some(0)]);
        let both = item(&[2, 2, 2], &[1.0; 8]);
        assert_eq!(labels(READOUT.per_pixel().window_steps(3), &both), [Some(1); 8]);
        assert_eq!(labels(READOUT.window_steps(3), &item(&[], &[])), [None, None], "nothing is known of it");
    }

    #[test]
    fn targets_that_do_not_fit_say_so() {
        let said = |readout: Readout, item: &Sample| labels_of(&network(readout), item, 6).unwrap_err().to_string();
        let turned = said(READOUT.per_pixel(), &item(&[1, 4], &[0.0; 4]));
        assert_eq!(
            turned,
            "sample 7: its targets are of shape [1, 4], and the readout takes classes of shape [2, 2], a class for each pixel"
        );
        let one = said(READOUT.window_steps(4), &item(&[], &[]).labelled(1));
        assert!(
            one.contains("it has one class, 1, and the readout takes classes of shape [2], a class for each window"),
            "{one}"
        );
        for wrong in [3.0, -2.0, 0.5, f32::NAN, 1e30] {
            let maps = item(&[2, 2], &[0.0, 0.0, wrong, 0.0]);
            let said = said(READOUT.per_pixel(), &maps);
            let expected =
                format!("its target at [1, 0] (from 0) is {wrong}, and the readout `maps` has classes 0 to 2");
            assert!(said.contains(&expected), "{said}");
            assert_eq!(check_labels(&network(READOUT.per_pixel()), &[maps]).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn a_regression_is_told_from_classes() {
        let said = |readout: Readout, item: &Sample| unlabelled(&network(readout), item);
        assert_eq!(said(READOUT, &item(&[], &[]).labelled(1)), None);
        let regression = said(READOUT, &item(&[1], &[3.0])).unwrap();
        assert!(
            regression.contains("has no class, but targets of shape [1], for `y` holds real numbers"),
            "{regression}"
        );
        let of = |network: &Network| super::regression(network, &[item(&[1], &[3.0])]);
        assert_eq!((of(&network(READOUT)), of(&Network::new("n"))), (Some(regression), None));
        assert!(
            said(READOUT, &item(&[], &[]))
                .unwrap()
                .contains("has no class: every sample needs one, in an .npz file as whole numbers in `y`")
        );
        assert_eq!(said(READOUT.per_pixel(), &item(&[2, 2], &[0.0; 4])), None);
        let classes = said(READOUT.per_pixel(), &item(&[], &[]).labelled(1)).unwrap();
        assert!(
            classes.ends_with("has one class, 1, and the readout takes a class for each pixel: give these as `y`"),
            "{classes}"
        );
        let none = said(READOUT.per_pixel(), &item(&[], &[])).unwrap();
        assert!(
            none.ends_with("has no targets, and the readout takes a class for each pixel: give these as `y`"),
            "{none}"
        );
    }
}
