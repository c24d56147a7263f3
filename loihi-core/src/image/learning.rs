//! The records of the cores' own learning: which axons are plastic, their traces, their rules.

use super::index;

/// Plastic synapses of one core: consecutive input axons that share a rule.
///
/// Their synapses are sparse ones, in the order of the axons, whose weight is the initial *mantissa*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearningRecord {
    /// The core.
    pub core: usize,
    /// First of its axons.
    pub axon_first: usize,
    /// Its axons.
    pub axons: usize,
    /// First of its synapses among the sparse ones.
    pub synapse_first: usize,
    /// Its synapses.
    pub synapses: usize,
    /// Plastic axons, synapses and post traces of all groups before it.
    pub before: [usize; 3],
    /// First compartment of the core that has post traces.
    pub post_first: usize,
    /// Its post traces: as many as compartments, or as synapses with [`Dialect::POST_TRACE_AT_SYNAPSE`].
    pub posts: usize,
    /// First of its products.
    pub product_first: usize,
    /// Its products.
    pub products: usize,
    /// Steps per epoch, 1..=64.
    pub epoch_steps: u32,
    /// Exponent of the weights.
    pub wgt_exp: i32,
    /// Precision of the weights, 0..=8.
    pub weight_bits: u32,
    /// Sign mode: 0 mixed, 1 excitatory, 2 inhibitory.
    pub sign_mode: u32,
    /// Rounding of what is written back.
    pub rounding: Rounding,
    /// How emulators differ from the chip.
    pub dialect: Dialect,
    /// Whether the synapses of every axon end at compartments that follow one another, ascending, each once. They are
    /// then read without looking at their words.
    pub dense: bool,
    /// Traces x1, x2, y1, y2, y3: number in the section of traces plus 1, or 0 for one that keeps what is written.
    pub traces: [usize; 5],
}

/// How an accumulated change is written back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// The chip's: the magnitude is rounded stochastically to what the format can store.
    Stochastic,
    /// Lava's: the value is floored to a whole mantissa, and 1 is added stochastically; no regard to the precision.
    FloorStochastic,
    /// To the nearest that the format can store, ties away from zero.
    Nearest,
    /// `Brian2Loihi`'s: the change is rounded away from zero to a whole number, then toward zero to the precision.
    AwayThenTruncate,
}

/// What emulators do in another way than the chip; each a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect(pub u32);

impl Dialect {
    /// Traces decay once per epoch, not once per step (nengo-loihi).
    pub const ONE_DECAY: u32 = 1;
    /// Decay and impulse are summed before they are rounded, and a second spike in an epoch is lost (nengo-loihi).
    pub const JOINT_IMPULSE: u32 = 2;
    /// The impulse comes before the decay, and the rule is evaluated between them (`Brian2Loihi`). Epochs of one step.
    pub const IMPULSE_FIRST: u32 = 4;
    /// A spike of a compartment is seen one step later (`Brian2Loihi`).
    pub const POST_LATE: u32 = 8;
    /// Post traces belong to synapses (`Brian2Loihi`).
    pub const POST_TRACE_AT_SYNAPSE: u32 = 16;
    /// Products are exact: no shift for their width, nothing is clipped (`Brian2Loihi`).
    pub const EXACT_PRODUCTS: u32 = 32;
    /// The mantissa counts with 4 bits in the shift of a product, not with 3 (Lava).
    pub const WIDE_MANTISSA: u32 = 64;
    /// `u_k` counts steps from 0 (`Brian2Loihi`), not epochs from 1.
    pub const COUNT_FROM_ZERO: u32 = 128;
    /// Post traces stay as they were written; decays are not kept (Lava's third factor).
    pub const POST_EXTERNAL: u32 = 256;
    /// Tags reach from −257 to 255, learned delays from 0 to 255 and delay nothing (Lava).
    pub const LAVA_RANGES: u32 = 512;
    /// All flags.
    pub const ALL: u32 = 1023;

    /// Whether a flag is set.
    #[inline]
    pub const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// One trace: what a spike adds, and how it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRecord {
    /// What a spike adds, 0..=127.
    pub impulse: i32,
    /// Chance in units of 2^-32 that a spike adds 1 more.
    pub impulse_fraction: u32,
    /// First of 128 pairs in the section of tables: for each value, what is left of it after one decay, and the
    /// chance in units of 2^-32 that it is 1 more.
    pub decay_first: usize,
    /// First of 128 pairs for a value with an impulse, with [`Dialect::JOINT_IMPULSE`]; else unused.
    pub joint_first: usize,
}

impl TraceRecord {
    /// Words of a record.
    pub const WORDS: u32 = 4;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[impulse, impulse_fraction, decay_first, joint_first]: &[u32; 4]) -> Self {
        Self {
            impulse: impulse.cast_signed(),
            impulse_fraction,
            decay_first: index(decay_first),
            joint_first: index(joint_first),
        }
    }
}

impl Rounding {
    /// Its number in a record.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The one with this number.
    #[inline]
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Stochastic),
            1 => Some(Self::FloorStochastic),
            2 => Some(Self::Nearest),
            3 => Some(Self::AwayThenTruncate),
            _ => None,
        }
    }
}

/// Longest delay of a synapse in steps.
const DELAY_MAX: i32 = 62;

impl LearningRecord {
    /// Most groups of an image.
    pub const GROUPS_MAX: usize = 255;
    /// Most products of a group.
    pub const PRODUCTS_MAX: usize = 32;
    /// Words of a record.
    pub const WORDS: u32 = 24;

    /// Reads a record.
    #[inline]
    pub fn from_words(words: &[u32; 24]) -> Self {
        let &[core, axon_first, axons, synapse_first, synapses, b0, b1, b2, post_first, posts, rest @ ..] = words;
        let [product_first, products, epoch_steps, wgt_exp, weight_bits, sign_mode, rounding, dialect, traces @ ..] =
            rest;
        let [x1, x2, y1, y2, y3, dense] = traces.map(index);
        Self {
            core: index(core),
            axon_first: index(axon_first),
            axons: index(axons),
            synapse_first: index(synapse_first),
            synapses: index(synapses),
            before: [b0, b1, b2].map(index),
            post_first: index(post_first),
            posts: index(posts),
            product_first: index(product_first),
            products: index(products),
            epoch_steps,
            wgt_exp: wgt_exp.cast_signed(),
            weight_bits,
            sign_mode,
            rounding: Rounding::from_code(rounding).unwrap_or(Rounding::Stochastic),
            dialect: Dialect(dialect),
            dense: dense != 0,
            traces: [x1, x2, y1, y2, y3],
        }
    }

    /// The words of this record; `None` if a field does not fit.
    pub fn words(&self) -> Option<[u32; 24]> {
        let word = |field: usize| u32::try_from(field).ok();
        let [b0, b1, b2] = self.before;
        let [x1, x2, y1, y2, y3] = self.traces;
        Some([
            word(self.core)?,
            word(self.axon_first)?,
            word(self.axons)?,
            word(self.synapse_first)?,
            word(self.synapses)?,
            word(b0)?,
            word(b1)?,
            word(b2)?,
            word(self.post_first)?,
            word(self.posts)?,
            word(self.product_first)?,
            word(self.products)?,
            self.epoch_steps,
            self.wgt_exp.cast_unsigned(),
            self.weight_bits,
            self.sign_mode,
            self.rounding.code(),
            self.dialect.0,
            word(x1)?,
            word(x2)?,
            word(y1)?,
            word(y2)?,
            word(y3)?,
            u32::from(self.dense),
        ])
    }

    /// Whether only the embedded CPU changes its weights: it has neither products nor traces.
    #[inline]
    pub fn is_of_the_cpu(&self) -> bool {
        self.products == 0 && self.traces == [0; 5]
    }

    /// Low bits of a mantissa that its format does not store.
    #[inline]
    pub const fn lost_bits(&self) -> u32 {
        8_u32.saturating_sub(self.weight_bits).saturating_add((self.sign_mode == 0) as u32)
    }

    /// Whether a mantissa is one that the group can hold: within [`LearningRecord::weight_range`] and, where what is
    /// written back is rounded to the format, one that the format stores.
    pub fn holds_weight(&self, mantissa: i32) -> bool {
        let (low, high) = self.weight_range();
        let lost = match self.rounding {
            Rounding::Stochastic | Rounding::Nearest => self.lost_bits(),
            Rounding::FloorStochastic | Rounding::AwayThenTruncate => 0,
        };
        let stored = 1_i32.wrapping_shl(lost).wrapping_sub(1) & mantissa == 0;
        stored && (low..=high).contains(&mantissa)
    }

    /// Smallest and largest tag.
    #[inline]
    pub const fn tag_range(&self) -> (i32, i32) {
        (if self.dialect.has(Dialect::LAVA_RANGES) { -257 } else { -256 }, 255)
    }

    /// Smallest and largest delay that is written back. On a core of fewer slots no delay is learned.
    #[inline]
    pub const fn delay_range(&self) -> (i32, i32) {
        (0, if self.dialect.has(Dialect::LAVA_RANGES) { 255 } else { DELAY_MAX })
    }

    /// Whether a delay is one that the group can hold on a core of this many slots. Delays of Lava's range delay
    /// nothing.
    pub fn holds_delay(&self, delay: i32, slots: usize) -> bool {
        let (low, high) = self.delay_range();
        let in_time = self.dialect.has(Dialect::LAVA_RANGES) || usize::try_from(delay).is_ok_and(|delay| delay < slots);
        in_time && (low..=high).contains(&delay)
    }

    /// Smallest and largest mantissa that is written back.
    #[inline]
    pub fn weight_range(&self) -> (i32, i32) {
        let (low, high) = match self.rounding {
            // Emulators clip without regard to the precision.
            Rounding::FloorStochastic => (if self.sign_mode == 0 { -256 } else { -255 }, 255),
            Rounding::AwayThenTruncate => (-256, if self.sign_mode == 0 { 254 } else { 255 }),
            // What the format can store with both signs.
            Rounding::Stochastic | Rounding::Nearest => {
                let top = 256_i32.wrapping_sub(1_i32.wrapping_shl(self.lost_bits())).max(0);
                (top.wrapping_neg(), top)
            }
        };
        match self.sign_mode {
            1 => (0, high),
            2 => (low, 0),
            _ => (low, high),
        }
    }
}
