//! The processor's I/O ports.

use core::arch::asm;

/// The number of a port in the board's data.
#[expect(clippy::cast_possible_truncation, reason = "checked when compiled")]
pub(crate) const fn number<const PORT: usize>() -> u16 {
    const { assert!(PORT <= u16::MAX as usize) };
    PORT as u16
}

/// Reads one byte from I/O port `address`.
///
/// # Safety
///
/// A read may change the device that answers at `address`; the caller must know the device and
/// want that. No port that is used here can reach memory.
pub(crate) unsafe fn read(address: u16) -> u8 {
    let byte: u8;
    // SAFETY: `in` touches no memory and no flags; what it does to the device is the caller's part.
    unsafe {
        asm!("in al, dx", in("dx") address, out("al") byte, options(nomem, nostack, preserves_flags));
    }
    byte
}

/// Writes one byte to I/O port `address`.
///
/// # Safety
///
/// As for [`read`]: the caller must know the device at `address` and want what the byte does.
pub(crate) unsafe fn write(address: u16, byte: u8) {
    // SAFETY: `out` touches no memory and no flags; what it does to the device is the caller's part.
    unsafe {
        asm!("out dx, al", in("dx") address, in("al") byte, options(nomem, nostack, preserves_flags));
    }
}
