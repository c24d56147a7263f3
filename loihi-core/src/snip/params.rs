//! The parameters of a program: their words in an image, their names, their check.

use super::{Phases, Snip};
use crate::image::{Image, Parameter, SnipRecord};

/// The words of a program's parameters.
pub type Words = [u32; SnipRecord::PARAMS];

/// The parameters of a program, as a type: what an image says of it.
pub trait SnipParams: Sized {
    /// The number by which a device finds the program. Those below 0x8000 belong to this crate, the others to users.
    const KIND: u32;
    /// What it is called, at most [`Name::BYTES`](crate::image::Name::BYTES) bytes.
    const NAME: &'static str;
    /// When it runs.
    const PHASES: Phases;

    /// What runs with these parameters; often the parameters themselves.
    type Snip: Snip;

    /// The words of a record, at most [`SnipRecord::PARAMS`]; [`crate::snip_words`] writes both directions. Words beyond
    /// them are left out.
    fn words(&self) -> Words;

    /// What a record's words say.
    ///
    /// # Errors
    /// The parameter that has no such value.
    fn from_words(words: &Words) -> Result<Self, Parameter>;

    /// What runs.
    fn snip(&self) -> Self::Snip;

    /// Whether every parameter is in its range, and what they name is in the image.
    ///
    /// # Errors
    /// The first parameter that is not.
    fn check(&self, image: &Image<'_>) -> Result<(), Parameter>;
}

/// Whether `first .. first + count` lies within `0 .. available`.
pub fn fits(first: u32, count: u32, available: usize) -> bool {
    first.checked_add(count).is_some_and(|end| crate::image::index(end) <= available)
}

/// `Err` with the parameter unless `holds`.
///
/// # Errors
/// The parameter.
pub const fn require(holds: bool, parameter: &'static str) -> Result<(), Parameter> {
    if holds { Ok(()) } else { Err(Parameter(parameter)) }
}

/// Writes the parameters of a record one after the other.
#[derive(Debug, Default)]
pub struct WordWriter {
    words: Words,
    at: usize,
}

impl WordWriter {
    /// The next word; what does not fit a record is left out.
    #[inline]
    pub fn put(&mut self, word: u32) {
        if let Some(place) = self.words.get_mut(self.at) {
            *place = word;
        }
        self.at = self.at.saturating_add(1);
    }

    /// All words; the rest is 0.
    pub const fn finish(self) -> Words {
        self.words
    }
}

/// Reads the parameters of a record one after the other.
#[derive(Debug)]
pub struct WordReader<'w> {
    words: &'w Words,
    at: usize,
}

impl<'w> WordReader<'w> {
    /// From the first word on.
    pub const fn new(words: &'w Words) -> Self {
        Self { words, at: 0 }
    }

    /// The next word; 0 behind the last one.
    #[inline]
    pub fn take(&mut self) -> u32 {
        let word = self.words.get(self.at).copied().unwrap_or(0);
        self.at = self.at.saturating_add(1);
        word
    }
}

/// What a parameter can be: a value of one word or several.
pub trait Field: Sized {
    /// Writes its words.
    fn put(&self, writer: &mut WordWriter);

    /// Reads its words; `None` if they stand for nothing.
    fn take(reader: &mut WordReader<'_>) -> Option<Self>;
}

impl Field for u32 {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Some(reader.take())
    }
}

impl Field for i32 {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(self.cast_unsigned());
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Some(reader.take().cast_signed())
    }
}

impl Field for bool {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(u32::from(*self));
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        match reader.take() {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// A number, plus 1; 0 for none.
impl Field for Option<u32> {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(self.map_or(0, |value| value.saturating_add(1)));
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Some(reader.take().checked_sub(1))
    }
}

/// [`SnipParams::words`] and [`SnipParams::from_words`] of a struct whose fields are [`Field`]s, in this order.
#[macro_export]
macro_rules! snip_words {
    ($($field:ident),+ $(,)?) => {
        fn words(&self) -> $crate::snip::Words {
            let mut writer = $crate::snip::WordWriter::default();
            $($crate::snip::Field::put(&self.$field, &mut writer);)+
            writer.finish()
        }

        #[inline]
        fn from_words(words: &$crate::snip::Words) -> Result<Self, $crate::image::Parameter> {
            let mut reader = $crate::snip::WordReader::new(words);
            Ok(Self {
                $($field: $crate::snip::Field::take(&mut reader)
                    .ok_or($crate::image::Parameter(stringify!($field)))?,)+
            })
        }
    };
}
