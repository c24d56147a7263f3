//! CLP, continually learning prototypes: a sample is what the most similar prototype is, and a sample that no prototype
//! recognises becomes one. Classes can come one after the other; nothing is replayed.
//!
//! A prototype is a post compartment of a plastic layer, an integrator that never fires: at the end of a sample of
//! `steps` steps its voltage is `w·x`, with the weights `w` and the counts `x` of the axons' spikes. Its similarity to the
//! sample is the cosine `s = w·x / (|w|·|x|)`. The output of a class is that of its most similar prototype, in units of
//! 1/32,768, from 0; the largest is the answer, and it is given before the sample is learned.
//!
//! Then, if the target says the class of the sample:
//! * The most similar prototype is of another class, or less similar than `similarity_min_256`: a free one is recruited,
//!   `w = x·length/|x|`, as long as there is one and the class has fewer than `class_prototypes_max`, so
//!   that the first classes leave room for later ones.
//! * Otherwise the most similar prototype of the sample's class moves towards it, `Δw = α·(x·length/|x| − s·w)`, with the
//!   rate `α = 1/(1 + uses)`, at least `rate_min_256`; `uses` counts this and what it has been used for before. If another
//!   class was more similar, that prototype moves away, by its own rate times `−repulsion_256`. Weights are rounded at
//!   random.
//!
//! That is the adaptive mode. [`ClpMode::Allocate`] only recruits: prototypes of 7 bits, frozen ever after.
//!
//! A layer can join the answer of one before it (`joins`): a class is as similar as its most similar prototype in either. Each
//! learns by its own prototypes alone, so that one keeps what is known while the other learns what is new, a user's words say.
//! A margin (`margin_256`) keeps it from taking what is about as similar to what was there before.
//!
//! Source: Hajizada et al. 2025, arXiv 2511.01553. There `y = w·x` is of vectors of length 1, which the cosine is here.

mod params;
mod prototype;

pub use params::ClpParams;

use crate::image::index;
use crate::num::{Drawn, Purpose};
use crate::snip::{Cpu, Field, Phase, Snip, WordReader, WordWriter};
use crate::tools::Parts;
use crate::tools::local_error::class_of;
use prototype::{Lesson, Prototype, Sample, WORDS};
use serde::{Deserialize, Serialize};

/// What becomes of prototypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClpMode {
    /// They are recruited, and move with every sample that they are used for.
    Adaptive,
    /// They are recruited, and stay as they are.
    Allocate,
}

impl Field for ClpMode {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self as u32);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        match reader.take() {
            0 => Some(Self::Adaptive),
            1 => Some(Self::Allocate),
            _ => None,
        }
    }
}

/// A layer of prototypes.
///
/// Its learned state is the number of samples that it was taught, and three words for every post: its class, what it was
/// used for (0 if it is free, 1 when it is recruited), and the length of its weights in sixteenths of their step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clp {
    group: usize,
    axons: usize,
    posts: usize,
    classes: usize,
    target_first: usize,
    output_first: usize,
    steps: i32,
    mode: ClpMode,
    length: u32,
    similarity_min: i32,
    class_prototypes_max: u32,
    rate_min_256: i32,
    repulsion_256: i32,
    joins: bool,
    margin: i32,
}

/// A prototype that was found, and how similar it is to the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    post: usize,
    class: usize,
    similarity: i32,
}

/// What there is for a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    /// The most similar prototype.
    best: Option<Match>,
    /// The most similar prototype of the sample's class.
    own: Option<Match>,
    /// Prototypes of the sample's class.
    of_class: u32,
    /// The first free post.
    free: Option<usize>,
}

impl Found {
    /// Takes a prototype into account; of equals the first one counts.
    fn see(&mut self, seen: Match, label: Option<usize>) {
        let is_better = |than: Option<Match>| than.is_none_or(|than| seen.similarity > than.similarity);
        if is_better(self.best) {
            self.best = Some(seen);
        }
        if label == Some(seen.class) {
            self.of_class = self.of_class.wrapping_add(1);
            if is_better(self.own) {
                self.own = Some(seen);
            }
        }
    }
}

impl Clp {
    /// Answers, and learns if there is something to learn.
    fn end_sample(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, counts: &[i32]) {
        let Some((taught, words)) = core::mem::take(&mut cpu.learned).split_first_mut() else { return };
        let (prototypes, _) = words.as_chunks_mut::<WORDS>();
        let sample = Sample::of(counts);
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let targets = targets.get(..self.classes).unwrap_or(targets);
        let label = if cpu.learning { class_of(targets) } else { None };
        let found = self.answer(cpu, layer, &sample, prototypes, label);
        let Some(label) = label.filter(|_| !sample.is_empty()) else { return };
        *taught = taught.wrapping_add(1);
        let key = Drawn { seed: cpu.image.seed }.key(Purpose::Rule, cpu.t);
        let weights = &mut *cpu.plastic.weights;
        let mut lesson =
            Lesson { layer, sample: &sample, length: self.length, prototypes, weights, key, written: [0; 3] };
        let learned = self.learn(&mut lesson, label, &found);
        let [visited, changed, saturated] = lesson.written;
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(learned));
        cpu.ops.count_updates(visited, changed, saturated);
    }

    /// Compares the sample with every prototype, and shows the similarity of every class; of those that are shown already the
    /// larger one stays if this layer joins them.
    fn answer(
        &self,
        cpu: &mut Cpu<'_, '_>,
        layer: &Parts<'_>,
        sample: &Sample<'_>,
        prototypes: &[Prototype],
        label: Option<usize>,
    ) -> Found {
        let outputs = core::mem::take(&mut cpu.output).get_mut(self.output_first..).unwrap_or_default();
        let outputs = outputs.get_mut(..self.classes).unwrap_or_default();
        if !self.joins {
            outputs.fill(0);
        }
        let exponent = cpu.image.learning_group(self.group).map_or(0, |group| group.wgt_exp);
        // A step of the weights is 2 mantissas of 64.
        let shift = 7_i32.wrapping_add(exponent).cast_unsigned();
        let mut found = Found::default();
        for part in layer.iter() {
            let own = prototypes.get(part.post_first..).unwrap_or_default();
            let posts = part.layer.voltages(cpu.blocks()).zip(own);
            for ((v, [class, uses, length_16]), post) in posts.zip(part.post_first..) {
                if *uses == 0 {
                    found.free = found.free.or(Some(post));
                    continue;
                }
                let similarity = sample.similarity(v.wrapping_shr(shift), *length_16);
                let class = index(class.cast_unsigned());
                if let Some(output) = outputs.get_mut(class) {
                    *output = similarity.saturating_sub(self.margin).max(*output);
                }
                found.see(Match { post, class, similarity }, label);
            }
        }
        found
    }

    /// Recruits a prototype for the sample, or moves those that are there; returns whether either happened.
    fn learn(&self, lesson: &mut Lesson<'_, '_>, label: usize, found: &Found) -> bool {
        let is_recognised =
            found.best.is_some_and(|best| best.class == label && best.similarity >= self.similarity_min);
        let has_room = found.of_class < self.class_prototypes_max;
        if let Some(free) = found.free.filter(|_| has_room && !is_recognised) {
            lesson.recruit(free, label);
            return true;
        }
        if self.mode == ClpMode::Allocate {
            return false;
        }
        let wrong = found.best.filter(|best| best.class != label);
        let changes = [found.own.map(|own| (own, 256)), wrong.map(|wrong| (wrong, self.repulsion_256.wrapping_neg()))];
        for (Match { post, similarity, .. }, share_256) in
            changes.into_iter().flatten().filter(|(_, share)| *share != 0)
        {
            let rate_65536 = self.rate_65536(lesson.uses(post)).wrapping_mul(share_256) >> 8;
            lesson.change(post, rate_65536, similarity);
        }
        true
    }

    /// The rate of a prototype that was used so often, 0..=65,536.
    fn rate_65536(&self, uses: i32) -> i32 {
        let falling = 65_536_i32.checked_div(uses.saturating_add(1)).unwrap_or(0);
        falling.max(self.rate_min_256.wrapping_shl(8))
    }
}

impl Snip for Clp {
    fn learned_words(&self) -> usize {
        self.posts.saturating_mul(WORDS).saturating_add(1)
    }

    /// Steps of the sample that are done, spikes of every axon.
    fn working_words(&self) -> usize {
        self.axons.saturating_add(1)
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let Some(layer) = Parts::of(cpu.image, self.group, self.posts) else { return };
        let [step, counts @ ..] = core::mem::take(&mut cpu.working) else { return };
        if *step >= self.steps {
            return;
        }
        layer.count_arrivals(cpu.plastic.arrived.as_slice(), prototype::COUNT_MAX, counts);
        *step = step.wrapping_add(1);
        if *step == self.steps {
            self.end_sample(cpu, &layer, counts);
        }
    }
}
