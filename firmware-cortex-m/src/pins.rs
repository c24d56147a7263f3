//! Pins of chips that several boards have.

use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;

/// Clock gates of the ports of an STM32F4, the first port, and how far they lie apart.
const RCC_AHB1ENR: usize = 0x4002_3830;
pub(crate) const PORT_A: usize = 0x4002_0000;
const PORT_BYTES: usize = 0x400;
/// Offsets of registers of a port: modes, bits to set and to reset.
pub(crate) const MODER: usize = 0x00;
const BSRR: usize = 0x18;

/// A pin of an STM32F4, in the port at an address.
///
/// # Safety
///
/// The chip is one, and has that port.
pub unsafe fn stm32f4(base: usize, number: u32) -> Pin<impl FnMut(bool)> {
    // SAFETY: the registers of a port reach no memory, and it is there by this function's contract.
    let bits = unsafe { Register::at(base + BSRR) };
    pin::written((bits, 1 << number), (bits, 1 << (number + 16)))
}

/// Makes that pin an output; after reset it is an input.
///
/// # Safety
///
/// As for [`stm32f4`].
pub unsafe fn start_stm32f4(base: usize, number: u32) {
    // SAFETY: as in `stm32f4`, and every STM32F4 has the clock gates there.
    let [ports, mode] = unsafe { [RCC_AHB1ENR, base + MODER].map(|address| Register::at(address)) };
    ports.set(1 << ((base - PORT_A) / PORT_BYTES));
    // The clock arrives a few cycles later; a read of the gate outlasts them.
    let _gates = ports.read();
    mode.set(1 << (2 * number));
}
