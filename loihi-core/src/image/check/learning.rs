//! What can be wrong with the records of learning.

use super::super::{
    AxonRecord, Dialect, Image, LearningRecord, ProductRecord, Rounding, Section, Synapse, SynapseFormat, Target,
};
use super::{ImageError, require};
use crate::num::WeightExponent;

/// Checks the plastic groups, their traces and their rules.
pub(super) fn check(image: &Image<'_>) -> Result<(), ImageError> {
    let table = |first: usize| first.checked_add(128).is_some_and(|end| end <= image.tables.len());
    for (at, words) in image.traces.iter().enumerate() {
        let trace = super::super::TraceRecord::from_words(words);
        let valid = (0..=127).contains(&trace.impulse) && table(trace.decay_first) && table(trace.joint_first);
        require(valid, Section::Traces, at)?;
    }
    for (at, pair) in image.tables.iter().enumerate() {
        require(pair.first().is_some_and(|left| *left <= 127), Section::Tables, at)?;
    }
    for (at, words) in image.products.iter().enumerate() {
        require(ProductRecord::is_valid(words), Section::Products, at)?;
    }
    // Each may have all axons and synapses; an axon names its group by 8 bits.
    require(image.learning.len() <= LearningRecord::GROUPS_MAX, Section::Learning, LearningRecord::GROUPS_MAX)?;
    let mut before = [0_usize; 3];
    for (at, words) in image.learning.iter().enumerate() {
        let group = LearningRecord::from_words(words);
        let known = Rounding::from_code(words[16]).is_some();
        require(known && group.before == before && is_valid(image, at, &group), Section::Learning, at)?;
        let [axons, synapses, posts] = before;
        before = [
            axons.saturating_add(group.axons),
            synapses.saturating_add(group.synapses),
            posts.saturating_add(group.posts),
        ];
    }
    Ok(())
}

fn is_valid(image: &Image<'_>, number: usize, group: &LearningRecord) -> bool {
    let Some(core) = image.core(group.core) else { return false };
    let at_synapse = group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE);
    let posts_fit = if at_synapse {
        group.posts == group.synapses
    } else {
        group.post_first.saturating_add(group.posts) <= core.compartments
    };
    let products_end = group.product_first.saturating_add(group.products);
    let single_step = !group.dialect.has(Dialect::IMPULSE_FIRST) || group.epoch_steps == 1;
    (1..=64).contains(&group.epoch_steps)
        && WeightExponent::new(group.wgt_exp).is_ok()
        && group.weight_bits <= 8
        && group.sign_mode <= 2
        && group.dialect.0 <= Dialect::ALL
        && group.traces.iter().all(|trace| *trace <= image.traces.len())
        && group.products <= LearningRecord::PRODUCTS_MAX
        && products_end <= image.products.len()
        // Exact sums are changes, the others are values.
        && group.dialect.has(Dialect::EXACT_PRODUCTS) == (group.rounding == Rounding::AwayThenTruncate)
        && !(group.dialect.has(Dialect::EXACT_PRODUCTS)
            && image.products(group).any(|product| product.finer_bits() > 0))
        && posts_fit
        && single_step
        && delays_fit(image, group, core.slots)
        && axons_are_sound(image, number, group)
}

/// Every delay that the rule can write back fits the core's ring.
fn delays_fit(image: &Image<'_>, group: &LearningRecord, slots: usize) -> bool {
    let (_, longest) = group.delay_range();
    let learned = image.products(group).any(|product| product.target == Target::Delay);
    !learned || group.holds_delay(longest, slots)
}

/// The group's axons follow one another, and so do their synapses, which end at its post traces.
fn axons_are_sound(image: &Image<'_>, number: usize, group: &LearningRecord) -> bool {
    let Some(axons) = image.axons.get(group.axon_first..group.axon_first.saturating_add(group.axons)) else {
        return false;
    };
    let mut next = group.synapse_first;
    for axon in axons.iter().map(AxonRecord::from_words) {
        let of_group = axon.core == group.core
            && axon.format == SynapseFormat::Sparse
            && axon.sum == 0
            && axon.atoms == 1
            && axon.compartment_base == 0
            && axon.learning == number.saturating_add(1)
            && axon.first == next;
        let words = image.sparse.get(axon.elements()).unwrap_or_default();
        if !of_group || (group.dense && !follow_one_another(words)) {
            return false;
        }
        next = axon.elements().end;
    }
    let members = image.axons().filter(|axon| axon.learning == number.saturating_add(1)).count();
    let synapses = image.sparse.get(group.synapse_first..next).unwrap_or_default();
    let reach = |word: &u32| {
        let synapse = Synapse::from_word(*word);
        let post = synapse.compartment.wrapping_sub(group.post_first);
        let has_post = group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE) || post < group.posts;
        has_post && group.holds_weight(i32::from(synapse.weight))
    };
    members == group.axons && next == group.synapse_first.saturating_add(group.synapses) && synapses.iter().all(reach)
}

/// Whether synapses end at compartments that follow one another.
fn follow_one_another(words: &[u32]) -> bool {
    let compartment = |word: &u32| Synapse::from_word(*word).compartment;
    let first = words.first().map_or(0, compartment);
    words.iter().enumerate().all(|(at, word)| compartment(word) == first.saturating_add(at))
}
