//! Addresses as the processor's own tables hold them.

use core::mem::size_of;

use firmware_common::register::word;

/// The address of what `pointer` points to.
pub(crate) fn of<T>(pointer: *const T) -> u32 {
    word(pointer.addr())
}

/// The operand of the instructions that load a descriptor table.
#[repr(C, packed)]
pub(crate) struct TablePointer {
    /// Offset of the table's last byte.
    limit: u16,
    address: u32,
}

impl TablePointer {
    /// Points to `table`, which is shorter than 64 KiB.
    #[expect(clippy::cast_possible_truncation, reason = "checked when compiled")]
    pub(crate) fn to<T>(table: &'static T) -> Self {
        const { assert!(size_of::<T>() <= 1 << 16) };
        Self { limit: (size_of::<T>() - 1) as u16, address: of(table) }
    }
}
