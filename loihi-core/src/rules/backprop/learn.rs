//! One update: the errors go down the stack, and every layer that they have left changes its weights.

use super::{Backprop, Memory};
use crate::compartment::Block;
use crate::num::shift_round_half_up;
use crate::snip::Cpu;
use crate::tools::local_error::{LocalReadout, held};
use crate::tools::rank_one::{self, Draws, Update, packed};
use crate::tools::{Parts, Stack};

/// Largest magnitude of an error below the outputs.
const ERROR_MAX: i32 = 127;
/// Most spikes that count: with an error they make a product of 15 bits and sign.
const COUNT_MAX: i32 = 255;
/// Stands for the error of a compartment whose slope is 0. A sum of weights times errors has 27 bits.
const SHUT: i32 = i32::MIN;

impl Backprop {
    /// Changes the weights of all layers by the errors of the outputs, which are in a list of this many.
    pub(super) fn learn(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>, listed: usize) {
        let hidden = self.posts.saturating_sub(self.outputs);
        let (mut first, mut listed_here) = (self.posts, listed);
        let mut layers = stack.iter().rev().peekable();
        while let Some(layer) = layers.next() {
            first = first.saturating_sub(layer.posts);
            let Some((below, errors)) = memory.errors.split_at_mut_checked(first) else { return };
            let own = errors.get(..listed_here).unwrap_or_default();
            let mut axon_counts = &*memory.inputs;
            if let Some(next) = layers.peek() {
                let below_first = first.saturating_sub(next.posts);
                let below = below.get_mut(below_first..).unwrap_or_default();
                let outputs = errors.get(hidden.saturating_sub(first)..).unwrap_or_default();
                axon_counts = memory.counts.get(below_first..first).unwrap_or_default();
                self.shut(next, cpu.blocks(), axon_counts, below);
                match self.feedback {
                    Some(first) => self.lead_from_outputs(cpu, first, outputs.get(..listed), below_first, below),
                    None => lead_down(cpu, &layer, own, below),
                }
                listed_here = self.list_held(below);
            }
            self.update(cpu, &layer, first == hidden, axon_counts, own);
        }
    }

    /// Changes the weights of a layer by the counts of its axons and the listed errors of its posts.
    fn update(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, is_last: bool, axon_counts: &[i32], posts: &[i32]) {
        let shift = if is_last { self.shift_output } else { self.shift };
        let shift = shift.wrapping_sub(cpu.rate.cast_unsigned());
        let draws = Draws::Shared { seed: cpu.image.seed, t: cpu.t };
        let update = Update { layer: layer.first(), precision: self.precision, shift, draws };
        let factors = axon_counts.iter().map(|count| (*count).min(COUNT_MAX)).enumerate();
        let done = update.parts(layer, cpu.plastic.weights, &mut [], &factors, posts);
        cpu.ops.count_updates(done.visited, done.changed, done.saturated);
    }

    /// Adds what the outputs' errors amount to by the fixed weights, at the posts from `below_first` on.
    fn lead_from_outputs(
        &self,
        cpu: &Cpu<'_, '_>,
        data_first: usize,
        outputs: Option<&[i32]>,
        below_first: usize,
        below: &mut [i32],
    ) {
        let hidden = self.posts.saturating_sub(self.outputs);
        let constants = cpu.image.data(data_first, LocalReadout::words(hidden, self.outputs));
        let fixed = LocalReadout::of(constants, hidden, self.outputs);
        let outputs = outputs.unwrap_or_default();
        add(below, |post| fixed.lead_back_to(below_first.wrapping_add(post), outputs));
    }

    /// Marks the posts whose slope is 0; all others begin with an error of 0.
    fn shut(&self, layer: &Parts<'_>, blocks: &[Block], counts: &[i32], errors: &mut [i32]) {
        for ((error, count), v) in errors.iter_mut().zip(counts).zip(layer.voltages(blocks)) {
            let is_open = if *count == 0 { v >= self.v_min } else { *count <= self.count_max };
            *error = if is_open { 0 } else { SHUT };
        }
    }

    /// Scales errors and holds them to their range, and lists them.
    fn list_held(&self, errors: &mut [i32]) -> usize {
        for error in &mut *errors {
            let sum = if *error == SHUT { 0 } else { *error };
            *error = held(shift_round_half_up(sum, self.feedback_shift), ERROR_MAX);
        }
        list(errors)
    }
}

/// Adds what the listed errors of a layer's posts amount to by its weights, at the posts of the layer below: its axons.
fn lead_down(cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, posts: &[i32], below: &mut [i32]) {
    for part in layer.iter() {
        let (_, own) = part.listed(posts);
        add(below, |axon| rank_one::lead_back(part.row(cpu.plastic.weights, 0, axon), own));
    }
}

/// Adds to the error of every post that is not shut.
fn add(errors: &mut [i32], mut sum: impl FnMut(usize) -> i32) {
    for (post, error) in errors.iter_mut().enumerate().filter(|(_, error)| **error != SHUT) {
        *error = error.wrapping_add(sum(post));
    }
}

/// Turns the errors of posts into a list of those that are not 0, [`packed`], in the same place; returns how many.
pub(super) fn list(errors: &mut [i32]) -> usize {
    let errors = core::cell::Cell::from_mut(errors).as_slice_of_cells();
    let mut free = errors.iter();
    let mut listed = 0_usize;
    for (error, post) in errors.iter().zip(0_u32..).filter(|(error, _)| error.get() != 0) {
        if let Some(slot) = free.next() {
            slot.set(packed(post, error.get()));
            listed = listed.wrapping_add(1);
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_posts_that_err_in_their_order() {
        let mut errors = [0, 5, 0, -3, 127, 0];
        assert_eq!(list(&mut errors), 3);
        assert_eq!(errors[..3], [packed(1, 5), packed(3, -3), packed(4, 127)]);
        assert_eq!(list(&mut [0; 4]), 0);
    }

    #[test]
    fn what_is_shut_gets_no_error() {
        let mut errors = [0, SHUT, 7];
        add(&mut errors, |post| i32::try_from(post).unwrap() - 4);
        assert_eq!(errors, [-4, SHUT, 5]);
    }
}
