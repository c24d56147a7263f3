//! The products of a learning rule: what they change, when, and what they read.

use super::index;

/// What the exponent of a product can be; see [`ProductRecord::exponent`].
pub const EXPONENTS: core::ops::RangeInclusive<i32> = -16..=9;

/// Smallest exponent of a product on the chip.
pub const CHIP_EXPONENT_MIN: i32 = -7;

/// One product of a rule: `mantissa · 2^exponent · Π factors`, where its dependency holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductRecord {
    /// What it changes.
    pub target: Target,
    /// Profiles of the post compartment for which it counts, a bit each.
    pub profiles: u32,
    /// When it is evaluated.
    pub dependency: Dependency,
    /// Mantissa, −8..=7 on the chip.
    pub mantissa: i32,
    /// Exponent, −7..=9 on the chip. Below that, to −16, the product loses more bits than its width takes.
    pub exponent: i32,
    /// Number of factors.
    pub factors: usize,
    /// The factors.
    pub factor: [Factor; 4],
}

/// Variable of a synapse that a product changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The weight.
    Weight,
    /// The tag.
    Tag,
    /// The delay.
    Delay,
}

/// When a product is evaluated, and at which time its traces are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// The axon spiked in this epoch: at that time.
    X0,
    /// The compartment fired in this epoch: at that time.
    Y0,
    /// Every 2^k epochs: at their end.
    U(u32),
}

/// A variable, perhaps with a constant added, perhaps only its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The variable.
    pub variable: Variable,
    /// Whether only the sign counts.
    pub sign: bool,
    /// Constant that is added before, −256..=255.
    pub constant: i32,
}

/// What a factor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Nothing: the constant alone.
    Constant,
    /// Whether the axon spiked in this epoch.
    X0,
    /// First trace of the axon.
    X1,
    /// Second trace of the axon.
    X2,
    /// Whether the compartment fired in this epoch.
    Y0,
    /// First trace of the compartment.
    Y1,
    /// Second trace of the compartment.
    Y2,
    /// Third trace of the compartment.
    Y3,
    /// The reward that was broadcast.
    R1,
    /// The weight's mantissa.
    W,
    /// The tag.
    T,
    /// The delay.
    D,
}

impl Variable {
    const ALL: [Self; 12] = [
        Self::Constant,
        Self::X0,
        Self::X1,
        Self::X2,
        Self::Y0,
        Self::Y1,
        Self::Y2,
        Self::Y3,
        Self::R1,
        Self::W,
        Self::T,
        Self::D,
    ];

    /// Its number in a factor.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The one with this number.
    #[inline]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(index(code)).copied()
    }

    /// Bits of magnitude that it counts for in a product's width.
    pub const fn bits(self) -> u32 {
        match self {
            Self::X0 | Self::Y0 => 1,
            Self::X1 | Self::X2 | Self::Y1 | Self::Y2 | Self::Y3 => 7,
            Self::Constant | Self::R1 => 8,
            Self::W | Self::T | Self::D => 9,
        }
    }
}

impl Factor {
    /// A factor that is not there.
    pub const NONE: Self = Self { variable: Variable::Constant, sign: false, constant: 0 };

    const fn word(self) -> u32 {
        self.variable.code() | (self.sign as u32) << 8 | (self.constant.cast_unsigned() << 16)
    }

    fn from_word(word: u32) -> Self {
        let variable = Variable::from_code(word & 0xFF).unwrap_or(Variable::Constant);
        Self { variable, sign: word & 0x100 != 0, constant: word.cast_signed() >> 16 }
    }
}

impl ProductRecord {
    /// Words of a record.
    pub const WORDS: u32 = 7;

    /// Reads a record. Codes that are not known count as their first variant; they are refused
    /// when an image is opened.
    #[inline]
    pub fn from_words(&[head, mantissa, exponent, a, b, c, d]: &[u32; 7]) -> Self {
        let dependency = match (head >> 4) & 0xF {
            0 => Dependency::X0,
            1 => Dependency::Y0,
            _ => Dependency::U((head >> 8) & 0xF),
        };
        let target = match head & 0xF {
            0 => Target::Weight,
            1 => Target::Tag,
            _ => Target::Delay,
        };
        Self {
            target,
            profiles: (head >> 16) & 0xFF,
            dependency,
            mantissa: mantissa.cast_signed(),
            exponent: exponent.cast_signed(),
            factors: index(head >> 24),
            factor: [a, b, c, d].map(Factor::from_word),
        }
    }

    /// The words of this record; at most 4 factors.
    pub fn words(&self) -> [u32; 7] {
        let target = match self.target {
            Target::Weight => 0,
            Target::Tag => 1,
            Target::Delay => 2,
        };
        let (kind, k) = match self.dependency {
            Dependency::X0 => (0, 0),
            Dependency::Y0 => (1, 0),
            Dependency::U(k) => (2, k & 0xF),
        };
        let factors = u32::try_from(self.factors).unwrap_or(0) << 24;
        let head = target | kind << 4 | k << 8 | (self.profiles & 0xFF) << 16 | factors;
        let [a, b, c, d] = self.factor.map(Factor::word);
        [head, self.mantissa.cast_unsigned(), self.exponent.cast_unsigned(), a, b, c, d]
    }

    /// Whether it reads or changes a tag.
    pub fn uses_tags(&self) -> bool {
        self.target == Target::Tag || self.reads(Variable::T)
    }

    /// Whether it reads or changes a delay.
    pub fn uses_delays(&self) -> bool {
        self.target == Target::Delay || self.reads(Variable::D)
    }

    fn reads(&self, variable: Variable) -> bool {
        self.factor.iter().take(self.factors).any(|factor| factor.variable == variable)
    }

    /// Bits of the product of all factors and the mantissa.
    pub fn width(&self, mantissa_bits: u32) -> u32 {
        let factors = self.factor.iter().take(self.factors);
        factors.map(|factor| factor.variable.bits()).fold(mantissa_bits, u32::saturating_add)
    }

    /// Bits that an exponent below the chip's takes off the product.
    #[inline]
    pub const fn finer_bits(&self) -> u32 {
        let below = self.exponent.wrapping_add(7);
        if below < 0 { below.unsigned_abs() } else { 0 }
    }

    /// Whether the words hold codes that exist, and the product fits 31 bits.
    pub(super) fn is_valid(words: &[u32; 7]) -> bool {
        let [head, _, _, factors @ ..] = words;
        let record = Self::from_words(words);
        head & 0xF <= 2
            && (head >> 4) & 0xF <= 2
            && record.factors <= 4
            && EXPONENTS.contains(&record.exponent)
            && (-128..=127).contains(&record.mantissa)
            && factors.iter().all(|word| Variable::from_code(word & 0xFF).is_some() && word & 0xFE00 == 0)
            && record.factor.iter().all(|factor| (-256..=255).contains(&factor.constant))
            && record.width(0).saturating_add(significant_bits(record.mantissa)) <= 31
    }
}

/// Bits of a magnitude.
const fn significant_bits(value: i32) -> u32 {
    32_u32.wrapping_sub(value.unsigned_abs().leading_zeros())
}
