//! The parameters of prototypes, and their places in a record.

use super::{Clp, ClpMode};
use crate::image::{Image, Parameter, index};
use crate::snip::{Phase, Phases, SnipParams, fits, require};
use crate::tools::{Layer, Parts};
use serde::{Deserialize, Serialize};

/// Parameters of a [`Clp`], in the order of its record.
///
/// ```
/// use loihi_core::rules::ClpParams;
///
/// // A hundred prototypes of images with 64 pixels, for ten classes.
/// let params = ClpParams { axons: 64, posts: 100, classes: 10, class_prototypes_max: 10, ..ClpParams::default() };
/// assert_eq!((params.steps, params.similarity_min_256), (16, 225));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClpParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile: integrators without decay of
    /// the voltage, whose threshold is out of reach. The exponent of its weights is −1..=7. Of a layer on several cores the
    /// first; the others follow it, with the same sources.
    pub group: u32,
    /// Its axons.
    pub axons: u32,
    /// Post compartments of the layer: prototypes.
    pub posts: u32,
    /// Classes, 1..=32,767.
    pub classes: u32,
    /// First target word, one per class: the largest is that of the sample's class;
    /// [`NO_TARGET`](crate::tools::local_error::NO_TARGET) in all of them teaches nothing.
    pub target_first: u32,
    /// First output word, one per class: similarity of its best prototype, 0..=32,768.
    pub output_first: u32,
    /// Steps of a sample, 1..=255: it is answered, and learned, with the last one.
    pub steps: u32,
    /// What becomes of prototypes.
    pub mode: ClpMode,
    /// Length that a prototype begins with and keeps, in steps of the weights, 1..=4095. Weights beyond 127 are held to that,
    /// so small samples of few axons want a small one. Times the length of the longest sample it must stay below
    /// 2^23 of the voltage: 131,072 with exponent −1.
    pub length: u32,
    /// Similarity below which a sample is new, in units of 1/256, 0..=256.
    pub similarity_min_256: u32,
    /// Most prototypes of a class, at least 1; posts over classes leaves room for each of them.
    pub class_prototypes_max: u32,
    /// Least rate of a prototype, in units of 1/256, 0..=256.
    pub rate_min_256: u32,
    /// Share of its rate by which a prototype moves away from a sample that it took for its own, in units of 1/256, 0..=256.
    pub repulsion_256: u32,
    /// Whether it joins the answer of the programs before it in this step: its output words keep what is larger.
    pub joins: bool,
    /// Margin by which its prototypes must be more similar than those of the `clp` it joins, in units of 1/256,
    /// 0..=256; 0 if it joins none.
    pub margin_256: u32,
}

impl Default for ClpParams {
    /// The first group of the image without axons, compartments and classes; all else suits images.
    fn default() -> Self {
        Self {
            group: 0,
            axons: 0,
            posts: 0,
            classes: 0,
            target_first: 0,
            output_first: 0,
            steps: 16,
            mode: ClpMode::Adaptive,
            length: 320,
            similarity_min_256: 225,
            class_prototypes_max: 10,
            rate_min_256: 0,
            repulsion_256: 256,
            joins: false,
            margin_256: 0,
        }
    }
}

impl SnipParams for ClpParams {
    const KIND: u32 = 13;
    const NAME: &'static str = "clp";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = Clp;

    crate::snip_words!(
        group,
        axons,
        posts,
        classes,
        target_first,
        output_first,
        steps,
        mode,
        length,
        similarity_min_256,
        class_prototypes_max,
        rate_min_256,
        repulsion_256,
        joins,
        margin_256,
    );

    #[inline]
    fn snip(&self) -> Clp {
        Clp {
            group: index(self.group),
            axons: index(self.axons),
            posts: index(self.posts),
            classes: index(self.classes),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            steps: self.steps.cast_signed(),
            mode: self.mode,
            length: self.length,
            similarity_min: self.similarity_min_256.wrapping_shl(7).cast_signed(),
            class_prototypes_max: self.class_prototypes_max,
            rate_min_256: self.rate_min_256.cast_signed(),
            repulsion_256: self.repulsion_256.cast_signed(),
            joins: self.joins,
            margin: self.margin_256.wrapping_shl(7).cast_signed(),
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let layer = Layer::checked(image, index(self.group)).ok_or(Parameter("group"))?;
        let parts = Parts::checked(image, index(self.group), index(self.posts)).ok_or(Parameter("posts"))?;
        // With a smaller exponent the synapses would add less than the weights say.
        let parts = index(self.group)..index(self.group).saturating_add(parts.iter().count());
        let exponent = |group: usize| image.learning_group(group).map(|group| group.wgt_exp);
        let first = exponent(parts.start);
        let all_exact = parts.clone().all(|group| exponent(group) == first) && first.is_some_and(|first| first >= -1);
        require(all_exact, "group")?;
        require(layer.axons == index(self.axons), "axons")?;
        require((1..=32_767).contains(&self.classes), "classes")?;
        require((1..=255).contains(&self.steps), "steps")?;
        require((1..=4095).contains(&self.length), "length")?;
        require(self.similarity_min_256 <= 256, "similarity_min_256")?;
        require(self.class_prototypes_max >= 1, "class_prototypes_max")?;
        require(self.rate_min_256 <= 256, "rate_min_256")?;
        require(self.repulsion_256 <= 256, "repulsion_256")?;
        require(self.margin_256 <= if self.joins { 256 } else { 0 }, "margin_256")?;
        require(fits(self.target_first, self.classes, image.target_words), "target_first")?;
        require(fits(self.output_first, self.classes, image.output_words), "output_first")
    }
}
