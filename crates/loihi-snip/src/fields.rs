//! The names of the fields of parameters, as they are in files.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

/// Takes nothing but the names of a struct's fields.
struct Names<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only names are read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Names of the fields of a struct, in their order; of other types none.
pub(super) fn names<P: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It ends in an error by design.
    let _ended = P::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::rules::{EpropParams, RateEncoderParams};

    #[test]
    fn names_are_those_of_all_fields() {
        assert_eq!(names::<RateEncoderParams>(), ["stimulus_first", "count", "input_first", "full_scale"]);
        assert!(names::<EpropParams>().contains(&"adaptation"), "one that is not there by default");
        assert!(names::<u32>().is_empty());
    }
}
