//! Recorded random numbers, replayed.

use super::{Image, index};
use crate::num::{Drawn, Purpose, RandomSource};

/// Numbers from the recordings of an image, and drawn where it has none.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'i, 'a> {
    /// The image.
    pub image: &'i Image<'a>,
    /// Source of everything that is not recorded.
    pub drawn: Drawn,
}

impl RandomSource for Recorded<'_, '_> {
    fn word(&self, purpose: Purpose, t: u32, element: u32) -> u32 {
        let Some(recorded) = self.image.recorded_draws().find(|recorded| recorded.purpose == purpose as u32) else {
            return self.drawn.word(purpose, t, element);
        };
        // The check of the image has seen that neither divisor is 0.
        let row = t.checked_div(recorded.epoch_steps).unwrap_or(0);
        let place = row.wrapping_mul(recorded.per_row).wrapping_add(element.checked_rem(recorded.per_row).unwrap_or(0));
        let at = recorded.first.wrapping_add(index(place));
        self.image.draws.get(at).copied().unwrap_or(0)
    }

    fn words(&self, purpose: Purpose, t: u32, first: u32, words: &mut [u32]) {
        if self.image.recorded_draws().all(|recorded| recorded.purpose != purpose as u32) {
            return self.drawn.words(purpose, t, first, words);
        }
        for (word, at) in words.iter_mut().zip(0..16_u32) {
            *word = self.word(purpose, t, first.wrapping_add(at));
        }
    }

    fn word_of_run(&self, purpose: Purpose, t: u32, first: u32, at: u32) -> u32 {
        if self.image.recorded_draws().all(|recorded| recorded.purpose != purpose as u32) {
            return self.drawn.word_of_run(purpose, t, first, at);
        }
        self.word(purpose, t, first.wrapping_add(at))
    }
}
