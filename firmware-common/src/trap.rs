//! Names of the exceptions of RISC-V.

use crate::report::Text;

/// Exceptions by number.
const NAMES: [&str; 8] = [
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
];

/// The name of the exception of a number, as `mcause` has it.
///
/// ```
/// assert_eq!(firmware_common::trap::name(2), "illegal instruction");
/// assert_eq!(firmware_common::trap::name(99), "trap");
/// ```
pub fn name(cause: usize) -> &'static str {
    NAMES.get(cause).copied().unwrap_or("trap")
}

/// The same for a report, which says if it was the stack that overflowed.
pub fn text(cause: usize, is_stack_overflow: bool) -> Text {
    let mut text = Text::default();
    text.text(name(cause)).text(if is_stack_overflow { ", stack overflow" } else { "" });
    text
}
