//! Learned state as `learned.safetensors`: what other programs open, by name.
//!
//! For every plastic group N of the image, with the population P that it reaches:
//!
//! | tensor | shape | what |
//! |---|---|---|
//! | `P/N/weights` | axons x synapses, or synapses | mantissas; times 2^`wgt_exp` of the metadata |
//! | `P/N/tags`, `P/N/delays` | as the weights | where a rule uses them and any is not 0 |
//! | `P/N/axons`, `P/N/compartments` | synapses | axon of the group and compartment of the core, of groups that are not dense |
//! | `NAME/N/learned` | words | what program N of the embedded CPU has learned |
//!
//! The metadata have one key, `loihi`: a JSON object with the hash of the image and the exponent, precision and core of
//! every group. Integers take the narrowest of 8, 16 and 32 bits that holds all.

use super::RecordError;
use loihi_core::image::{Image, LearningRecord, Synapse};
use loihi_core::plastic::{Lengths, lengths};
use loihi_image::image::ImageFile;
use loihi_place::neuron_map::NeuronMap;
use safetensors::{Dtype, View};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;

/// A tensor of integers.
struct Tensor {
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: Vec<u8>,
}

impl Tensor {
    fn new(shape: Vec<usize>, words: &[i32]) -> Self {
        let within = |low: i32, high: i32| words.iter().all(|word| (low..=high).contains(word));
        let (dtype, width) = if within(i8::MIN.into(), i8::MAX.into()) {
            (Dtype::I8, 1)
        } else if within(i16::MIN.into(), i16::MAX.into()) {
            (Dtype::I16, 2)
        } else {
            (Dtype::I32, 4)
        };
        // The low bytes of a word in range are those of the narrower integer.
        let bytes = words.iter().flat_map(|word| word.to_le_bytes().into_iter().take(width)).collect();
        Self { shape, dtype, bytes }
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Learned state by its parts.
struct Parts<'b> {
    rest: &'b [u8],
}

impl Parts<'_> {
    /// The next slice of `count` elements, each of `N` bytes; slices begin at multiples of eight bytes.
    fn next<const N: usize>(&mut self, count: usize, word: fn([u8; N]) -> i32) -> Option<Vec<i32>> {
        let (own, rest) = self.rest.split_at_checked(count.checked_mul(N)?.checked_next_multiple_of(8)?)?;
        self.rest = rest;
        Some(own.as_chunks::<N>().0.iter().take(count).map(|bytes| word(*bytes)).collect())
    }
}

/// The file of learned state that a device has saved.
///
/// # Errors
/// [`RecordError::Tensors`] if it is not that of this image.
pub(super) fn to_bytes(image: &ImageFile, map: &NeuronMap, learned: &[u8]) -> Result<Vec<u8>, RecordError> {
    let why = |why: String| RecordError::Tensors { why };
    let opened = image.open().map_err(|error| why(error.to_string()))?;
    let programs = words_of_programs(image, &opened);
    let Lengths { synapses, tags, delays, .. } = lengths(&opened);
    let mut parts = Parts { rest: learned };
    let half = |bytes| i32::from(i16::from_le_bytes(bytes));
    let words = parts.next(programs.iter().map(|(_, words)| words).sum(), i32::from_le_bytes);
    let [weights, tags, delays] = [synapses, tags, delays].map(|count| parts.next(count, half));
    let (Some(words), Some(weights), Some(tags), Some(delays)) = (words, weights, tags, delays) else {
        return Err(why("the learned state is not that of the image".to_owned()));
    };
    let mut tensors = Vec::new();
    let mut about = Vec::new();
    for (number, group) in opened.learning().enumerate() {
        let name = format!("{}/{number}", population(&opened, map, &group));
        let own = group.before[1]..group.before[1] + group.synapses;
        let rows = rows(&opened, &group);
        let shape = match rows.first() {
            Some(width) if rows.iter().all(|row| row == width) => vec![rows.len(), *width],
            _ => vec![group.synapses],
        };
        let part = |words: &[i32]| Tensor::new(shape.clone(), words.get(own.clone()).unwrap_or_default());
        tensors.push((format!("{name}/weights"), part(&weights)));
        for (kind, words) in [("tags", &tags), ("delays", &delays)] {
            if words.get(own.clone()).unwrap_or_default().iter().any(|word| *word != 0) {
                tensors.push((format!("{name}/{kind}"), part(words)));
            }
        }
        if !group.dense {
            let [axons, compartments] = places(&opened, &group, &rows);
            tensors.push((format!("{name}/axons"), Tensor::new(vec![axons.len()], &axons)));
            tensors.push((format!("{name}/compartments"), Tensor::new(vec![compartments.len()], &compartments)));
        }
        about.push(metadata(&name, &group));
    }
    let mut first = 0;
    for (number, (name, count)) in programs.iter().enumerate().filter(|(_, (_, count))| *count > 0) {
        let own = words.get(first..first + count).unwrap_or_default();
        tensors.push((format!("{name}/{number}/learned"), Tensor::new(vec![*count], own)));
        first += count;
    }
    // One key, since the order of several is not fixed.
    let about = json!({ "image_hash": format!("{:016x}", image.hash()), "groups": about }).to_string();
    let tensors = tensors.iter().map(|(name, tensor)| (name, tensor));
    safetensors::serialize(tensors, Some(HashMap::from([("loihi".to_owned(), about)])))
        .map_err(|error| why(error.to_string()))
}

/// Every program of an image with the number of words that it learns.
fn words_of_programs(file: &ImageFile, image: &Image<'_>) -> Vec<(String, usize)> {
    image.snips().map(|snip| (snip.name.to_string(), file.learned_words(&snip))).collect()
}

/// Synapses of every axon of a group.
fn rows(image: &Image<'_>, group: &LearningRecord) -> Vec<usize> {
    let axons = group.axon_first..group.axon_first + group.axons;
    axons.filter_map(|axon| Some(image.axon(axon)?.synapses)).collect()
}

/// Axon of the group and compartment of the core, of every synapse.
fn places(image: &Image<'_>, group: &LearningRecord, rows: &[usize]) -> [Vec<i32>; 2] {
    let number = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    let axons = rows.iter().enumerate().flat_map(|(axon, width)| std::iter::repeat_n(number(axon), *width)).collect();
    let words = image.sparse.iter().skip(group.synapse_first).take(group.synapses);
    [axons, words.map(|word| number(Synapse::from_word(*word).compartment)).collect()]
}

/// Name of the population that a group reaches.
fn population<'m>(image: &Image<'_>, map: &'m NeuronMap, group: &LearningRecord) -> Cow<'m, str> {
    let first = image.core(group.core).map_or(0, |core| core.compartment_first) + group.post_first;
    // Of neurons of several compartments the last one is in the map.
    let neuron = map.neurons().iter().skip(first).find_map(|neuron| *neuron);
    let found = neuron.and_then(|neuron| map.ranges().find(|(_, range)| range.contains(&neuron)));
    found.map_or_else(|| format!("core {}", group.core).into(), |(population, _)| population.name.as_str().into())
}

fn metadata(name: &str, group: &LearningRecord) -> Value {
    json!({
        "name": name,
        "core": group.core,
        "wgt_exp": group.wgt_exp,
        "weight_bits": group.weight_bits,
        "sign_mode": group.sign_mode,
        "first_compartment": group.post_first,
    })
}
