//! Profiles: the parameters that compartments share, and their words.

/// Parameters of a compartment. On the chip, and here, compartments share them: a core has a short table of profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Effective decay of the current, 0..=4096.
    pub decay_u: i32,
    /// Decay of the voltage, 0..=4096.
    pub decay_v: i32,
    /// Threshold in units of the voltage; a compartment fires above it.
    pub v_th: i32,
    /// Lower clip of the voltage, at most 0.
    pub v_min: i32,
    /// Upper clip of the voltage, at least 0.
    pub v_max: i32,
    /// Refractory period in steps, 1..=64: the smallest distance between two spikes.
    pub refractory: i32,
    /// Noise, if any.
    pub noise: Option<Noise>,
    /// Its place in a dendritic tree.
    pub tree: Tree,
    /// Adaptation of the threshold to the compartment's activity, if any.
    pub homeostasis: Option<Homeostasis>,
}

/// Noise at every step: `trunc((r + 64 · offset) · 2^(exponent − 7))` with `r` uniform in −127..=127.
///
/// Source: nengo-loihi's emulator and hardware builder. The chip has one exponent and offset per core; its register
/// for an exponent below 7 holds one less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    /// What it is added to.
    pub at: NoiseAt,
    /// Exponent, 0..=[`Noise::EXPONENT_MAX`].
    pub exponent: u32,
    /// Offset mantissa, −31..=31.
    pub offset: i32,
}

/// Where noise enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseAt {
    /// Added to the synaptic sum, before it wraps at 21 bits and sign.
    Current,
    /// Added to what enters the voltage, with the bias, before it wraps at 23 bits and sign.
    Voltage,
}

/// What a compartment does with the stack of its tree; see [`crate::compartment::tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// What it takes from the stack.
    pub stack_in: StackIn,
    /// What it leaves on the stack.
    pub stack_out: StackOut,
    /// How it joins what it takes with its own input.
    pub join: Join,
    /// What happens above the threshold.
    pub threshold: ThresholdMode,
}

/// Operands that a compartment takes from the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackIn {
    /// None.
    Skip,
    /// The top, as A.
    PopA,
    /// The top, as B.
    PopB,
    /// The top as A, the one below as B.
    PopAAndB,
}

/// What a compartment pushes on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackOut {
    /// Nothing.
    Skip,
    /// Its voltage, as its threshold mode lets it pass.
    Push,
    /// Its current.
    PushU,
}

/// How operands join the compartment's own input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// They do not.
    Skip,
    /// Sum.
    Add,
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Input and B count only if A fired.
    Pass,
    /// Input and B count only if A did not fire.
    Block,
    /// Any of them is above zero.
    Or,
    /// All of them are above zero.
    And,
}

/// What happens when the voltage is above the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdMode {
    /// It fires, and the voltage becomes 0.
    SpikeAndReset,
    /// No spike: the voltage passes to the parent, below the threshold a 0 does.
    PassAbove,
    /// As before, and the voltage stays at the threshold.
    PassAboveAndSaturate,
}

/// Threshold that follows a trace of the compartment's own spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Homeostasis {
    /// Change of the threshold mantissa per epoch and unit of activity outside `a_min..=a_max`; 0 keeps the trace only.
    pub gain: i32,
    /// Activity below which the threshold falls, 0..=127.
    pub a_min: i32,
    /// Activity above which the threshold rises, 0..=127.
    pub a_max: i32,
    /// What a spike adds to the activity, 0..=127; it saturates at 127.
    pub impulse: i32,
    /// Decay of the activity per epoch in units of 1/4096, 0..=4096, rounded stochastically.
    pub decay: i32,
    /// Steps per epoch, 1..=64.
    pub epoch_steps: u32,
}

macro_rules! codes {
    ($name:ident { $($variant:ident = $code:literal),* $(,)? }) => {
        impl $name {
            /// Its number in a [`Profile`].
            pub const fn code(self) -> u32 {
                match self { $(Self::$variant => $code),* }
            }

            /// The one with this number.
            #[inline]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! { NoiseAt { Current = 0, Voltage = 1 } }
codes! { StackIn { Skip = 0, PopA = 1, PopB = 2, PopAAndB = 3 } }
codes! { StackOut { Skip = 0, Push = 1, PushU = 2 } }
codes! { Join { Skip = 0, Add = 1, Max = 2, Min = 3, Pass = 4, Block = 5, Or = 6, And = 7 } }
codes! { ThresholdMode { SpikeAndReset = 0, PassAbove = 2, PassAboveAndSaturate = 3 } }

impl Noise {
    /// Largest exponent.
    pub const EXPONENT_MAX: u32 = 15;
    /// Largest magnitude of the offset.
    pub const OFFSET_MAX: i32 = 31;

    /// What a random number in −127..=127 adds.
    #[inline(always)]
    pub const fn scaled(&self, random: i32) -> i32 {
        let mantissa = random.wrapping_add(self.offset.wrapping_mul(64));
        // 12 bits shifted by 15 at most; the division truncates toward zero.
        mantissa.wrapping_shl(self.exponent) / 128
    }
}

impl Homeostasis {
    /// Largest activity; the trace saturates here.
    pub const ACTIVITY_MAX: i32 = 127;
    /// Largest gain.
    pub const GAIN_MAX: i32 = 127;
}

impl Tree {
    /// A neuron of a single compartment.
    pub const NONE: Self = Self {
        stack_in: StackIn::Skip,
        stack_out: StackOut::Skip,
        join: Join::Skip,
        threshold: ThresholdMode::SpikeAndReset,
    };
}

/// Flags of word 0.
const NOISE: u32 = 1;
const TREE: u32 = 2;
const HOMEOSTASIS: u32 = 4;

impl Profile {
    /// Words of a profile.
    pub const WORDS: u32 = 20;

    /// A compartment that keeps its current for one step and its voltage for ever, fires above 0 and has no clip
    /// but the register's.
    pub const DEFAULT: Self = Self {
        decay_u: 4096,
        decay_v: 0,
        v_th: 0,
        v_min: crate::num::Voltage::MIN,
        v_max: crate::num::Voltage::MAX,
        refractory: 1,
        noise: None,
        tree: Tree::NONE,
        homeostasis: None,
    };

    /// Whether it has none of noise, tree and homeostasis.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.noise.is_none() && self.homeostasis.is_none() && self.tree == Tree::NONE
    }

    /// Reads a profile. Codes that are not known count as their first variant; they are refused when an image
    /// is opened.
    #[inline]
    pub fn from_words(words: &[u32; 20]) -> Self {
        let &[features, decay_u, decay_v, v_th, v_min, v_max, refractory, rest @ ..] = words;
        let mut profile = Self {
            decay_u: decay_u.cast_signed(),
            decay_v: decay_v.cast_signed(),
            v_th: v_th.cast_signed(),
            v_min: v_min.cast_signed(),
            v_max: v_max.cast_signed(),
            refractory: refractory.cast_signed(),
            ..Self::DEFAULT
        };
        if features != 0 {
            profile.read_features(features, rest);
        }
        profile
    }

    fn read_features(&mut self, features: u32, words: [u32; 13]) {
        let [at, exponent, offset, stack_in, stack_out, join, threshold, gain, a_min, a_max, impulse, decay, epoch] =
            words;
        if features & NOISE != 0 {
            let at = NoiseAt::from_code(at).unwrap_or(NoiseAt::Current);
            self.noise = Some(Noise { at, exponent, offset: offset.cast_signed() });
        }
        if features & TREE != 0 {
            self.tree = Tree {
                stack_in: StackIn::from_code(stack_in).unwrap_or(StackIn::Skip),
                stack_out: StackOut::from_code(stack_out).unwrap_or(StackOut::Skip),
                join: Join::from_code(join).unwrap_or(Join::Skip),
                threshold: ThresholdMode::from_code(threshold).unwrap_or(ThresholdMode::SpikeAndReset),
            };
        }
        if features & HOMEOSTASIS != 0 {
            self.homeostasis = Some(Homeostasis {
                gain: gain.cast_signed(),
                a_min: a_min.cast_signed(),
                a_max: a_max.cast_signed(),
                impulse: impulse.cast_signed(),
                decay: decay.cast_signed(),
                epoch_steps: epoch,
            });
        }
    }

    /// The words of this profile.
    pub fn words(&self) -> [u32; 20] {
        let mut features = if self.tree == Tree::NONE { 0 } else { TREE };
        let mut noise = [0; 3];
        if let Some(Noise { at, exponent, offset }) = self.noise {
            features |= NOISE;
            noise = [at.code(), exponent, offset.cast_unsigned()];
        }
        let mut homeostasis = [0; 6];
        if let Some(h) = self.homeostasis {
            features |= HOMEOSTASIS;
            let [gain, a_min, a_max] = [h.gain, h.a_min, h.a_max].map(i32::cast_unsigned);
            homeostasis = [gain, a_min, a_max, h.impulse.cast_unsigned(), h.decay.cast_unsigned(), h.epoch_steps];
        }
        let [decay_u, decay_v, v_th] = [self.decay_u, self.decay_v, self.v_th].map(i32::cast_unsigned);
        let [v_min, v_max, refractory] = [self.v_min, self.v_max, self.refractory].map(i32::cast_unsigned);
        let Tree { stack_in, stack_out, join, threshold } = self.tree;
        let [at, exponent, offset] = noise;
        let [gain, a_min, a_max, impulse, decay, epoch] = homeostasis;
        [
            features,
            decay_u,
            decay_v,
            v_th,
            v_min,
            v_max,
            refractory,
            at,
            exponent,
            offset,
            stack_in.code(),
            stack_out.code(),
            join.code(),
            threshold.code(),
            gain,
            a_min,
            a_max,
            impulse,
            decay,
            epoch,
        ]
    }
}

/// Whether every code in the words of a profile is one that exists.
pub(super) fn codes_are_known(words: &[u32; 20]) -> bool {
    let &[features, _, _, _, _, _, _, at, _, _, stack_in, stack_out, join, threshold, ..] = words;
    features <= NOISE | TREE | HOMEOSTASIS
        && NoiseAt::from_code(at).is_some()
        && StackIn::from_code(stack_in).is_some()
        && StackOut::from_code(stack_out).is_some()
        && Join::from_code(join).is_some()
        && ThresholdMode::from_code(threshold).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_what_was_written() {
        let full = Profile {
            decay_u: 1,
            decay_v: 2,
            v_th: 3,
            v_min: -4,
            v_max: 5,
            refractory: 6,
            noise: Some(Noise { at: NoiseAt::Voltage, exponent: 7, offset: -8 }),
            tree: Tree {
                stack_in: StackIn::PopAAndB,
                stack_out: StackOut::PushU,
                join: Join::And,
                threshold: ThresholdMode::PassAboveAndSaturate,
            },
            homeostasis: Some(Homeostasis { gain: -9, a_min: 10, a_max: 11, impulse: 12, decay: 13, epoch_steps: 14 }),
        };
        for profile in [full, Profile::DEFAULT, Profile { tree: Tree::NONE, ..full }] {
            assert_eq!(Profile::from_words(&profile.words()), profile);
            assert!(codes_are_known(&profile.words()));
        }
        assert!(!full.is_plain() && Profile::DEFAULT.is_plain());
    }

    #[test]
    fn unknown_codes_are_noticed() {
        for (word, code) in [(0, 8), (7, 2), (10, 4), (11, 3), (12, 8), (13, 1)] {
            let mut words = Profile::DEFAULT.words();
            words[word] = code;
            assert!(!codes_are_known(&words), "word {word}");
        }
    }
}
