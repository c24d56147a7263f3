//! Binary points of the quantities that travel in mailboxes and in learned state.

use fixed::types::extra::{U12, U20, U24};
use fixed::{FixedI16, FixedI32};

/// A target, an error or a stimulus: 3 bits before the point and 12 behind it.
pub type Q3_12 = FixedI16<U12>;
/// A decoded value.
pub type Q4_20 = FixedI32<U20>;
/// A decoder, already multiplied by the rate at which a spike per step counts.
pub type Q8_24 = FixedI32<U24>;
