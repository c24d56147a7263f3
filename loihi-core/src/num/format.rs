//! Binary points of the quantities that travel in mailboxes and in learned state.

use fixed::types::extra::{U12, U20, U24};
use fixed::{FixedI16, FixedI32};

/// A target, an error or a stimulus: 3 bits before the point and 12 behind it.
#[expect(non_camel_case_types, reason = "the usual name of the format")]
pub type Q3_12 = FixedI16<U12>;
/// A decoded value.
#[expect(non_camel_case_types, reason = "the usual name of the format")]
pub type Q4_20 = FixedI32<U20>;
/// A decoder, already multiplied by the rate at which a spike per step counts.
#[expect(non_camel_case_types, reason = "the usual name of the format")]
pub type Q8_24 = FixedI32<U24>;
