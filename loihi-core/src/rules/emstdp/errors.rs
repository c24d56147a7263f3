//! Phase 2: errors are integrated, become spikes, drive compartments and reach the layers below.
//!
//! Error spikes are ±1 and weights have 7 bits and sign, so that what a step adds to an error stays below 2^23 for 2^16
//! posts. Before, an error is below its threshold, at most 2^30: no sum wraps.

use super::units::{EARLY, LAST, Units, is_to_drive, spike_of};
use super::{ERROR_WORDS, Emstdp, Memory};
use crate::image::Image;
use crate::snip::Cpu;
use crate::tools::local_error::{LocalReadout, NO_TARGET};
use crate::tools::rank_one::{lead_back, packed};
use crate::tools::{Parts, Stack};

/// Bits by which a step of a weight is larger than a unit of a voltage: 2 mantissas of 64.
const STEP_SHIFT: u32 = 7;

impl Emstdp {
    /// Drives every layer by its error spikes of the step before, and sends new ones: the lowest layer first, so that
    /// what reaches it comes from spikes of the step before, too.
    pub(super) fn send_errors(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>) {
        let mut rest = &mut *memory.units;
        let mut post_first = 0_usize;
        let mut layers = stack.iter().zip(self.error_words(cpu.image)).peekable();
        while let Some((layer, [drive, threshold])) = layers.next() {
            let Some((mut units, above)) = Units::carve(rest, layer.posts) else { return };
            rest = above;
            drive_posts(cpu, &layer, &mut units, *drive);
            if let Some((next, _)) = layers.peek() {
                if let Some(first) = self.feedback {
                    let spikes = list_spikes(Units::last_sent(rest, self.outputs), memory.list);
                    self.lead_from_outputs(cpu.image, first, spikes, post_first, units.errors);
                } else {
                    let spikes = list_spikes(Units::first_sent(rest, next.posts), memory.list);
                    lead_down(cpu, next, spikes, units.errors);
                }
                send(&mut units, *threshold);
                post_first = post_first.wrapping_add(layer.posts);
            } else {
                self.output_errors(cpu.target, &mut units, *threshold);
            }
        }
    }

    /// Drive and error threshold of every layer.
    fn error_words<'i>(&self, image: &'i Image<'i>) -> &'i [[i32; ERROR_WORDS]] {
        Self::error_words_of(image, self.data_first, self.layers)
    }

    /// The same of this many layers; fewer if there are fewer constants.
    pub(super) fn error_words_of<'i>(
        image: &'i Image<'i>,
        data_first: usize,
        layers: usize,
    ) -> &'i [[i32; ERROR_WORDS]] {
        let first = data_first.saturating_add(Stack::words(layers));
        image.data(first, layers.saturating_mul(ERROR_WORDS)).as_chunks().0
    }

    /// Integrates the outputs' errors by their spikes of the step before, and sends spikes of them.
    fn output_errors(&self, targets: &[i16], units: &mut Units<'_>, threshold: i32) {
        let targets = targets.get(self.target_first..).unwrap_or_default();
        let outputs = units.errors.iter_mut().zip(&mut *units.sent).zip(&*units.seen).zip(targets);
        for (((error, sent), seen), target) in outputs {
            let step = match (*target, seen & LAST != 0) {
                (0, true) => -1,
                (0 | NO_TARGET, _) | (_, true) => 0,
                (_, false) => 1,
            };
            *error = error.wrapping_add(step);
            *sent = spike_of(error, threshold);
        }
    }

    /// Adds what the outputs' error spikes amount to by the fixed weights, at the posts from `post_first` on.
    fn lead_from_outputs(
        &self,
        image: &Image<'_>,
        data_first: usize,
        spikes: &[i32],
        post_first: usize,
        errors: &mut [i32],
    ) {
        if spikes.is_empty() {
            return;
        }
        let hidden = self.posts.saturating_sub(self.outputs);
        let constants = image.data(data_first, LocalReadout::words(hidden, self.outputs));
        let fixed = LocalReadout::of(constants, hidden, self.outputs);
        for (post, error) in errors.iter_mut().enumerate() {
            *error = error.wrapping_add(fixed.lead_back_to(post_first.wrapping_add(post), spikes));
        }
    }
}

/// Adds what the error spikes of a layer amount to by its weights, at the posts of the layer below: its axons.
fn lead_down(cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, spikes: &[i32], errors: &mut [i32]) {
    if spikes.is_empty() {
        return;
    }
    for part in layer.iter() {
        let (_, own) = part.listed(spikes);
        for (axon, error) in errors.iter_mut().enumerate() {
            *error = error.wrapping_add(lead_back(part.row(cpu.plastic.weights, 0, axon), own));
        }
    }
}

/// Sends spikes of the errors that have come to the threshold; compartments that were silent begin anew without one.
fn send(units: &mut Units<'_>, threshold: i32) {
    for ((error, sent), seen) in units.errors.iter_mut().zip(&mut *units.sent).zip(&*units.seen) {
        let spike = spike_of(error, threshold);
        *sent = if seen & EARLY != 0 { spike } else { 0 };
    }
}

/// Drives the compartments whose errors spiked in the step before, and no others.
fn drive_posts(cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, units: &mut Units<'_>, drive: i32) {
    // 12 bits and 7, and a sign.
    let drive = drive.wrapping_shl(STEP_SHIFT);
    for part in layer.iter() {
        let posts = part.of_posts(units.sent).iter().zip(0_usize..);
        for ((sent, post), seen) in posts.zip(part.of_posts(units.seen)) {
            if is_to_drive(*sent, seen) {
                cpu.set_bias(part.layer.compartment_first.wrapping_add(post), drive.wrapping_mul(*sent));
            }
        }
    }
}

/// Lists the posts that sent an error spike, with its sign.
fn list_spikes<'l>(sent: &[i32], list: &'l mut [i32]) -> &'l [i32] {
    let mut listed = 0_usize;
    for (sent, post) in sent.iter().zip(0_u32..).filter(|(sent, _)| **sent != 0) {
        if let Some(slot) = list.get_mut(listed) {
            *slot = packed(post, *sent);
            listed = listed.wrapping_add(1);
        }
    }
    list.get(..listed).unwrap_or_default()
}
