//! The text screen of a VGA, for people without a serial line.

use core::ptr;

/// Where the characters of the screen lie. Without a VGA nothing answers there, and in a mode of graphics nothing is seen.
const CELLS: usize = 0xB_8000;
/// Characters in the first two rows.
const COUNT: usize = 160;
/// White on black, above the character's code.
const COLOURS: u16 = 0x0F00;

/// Shows a text in the first two rows of the screen.
///
/// # Safety
///
/// Paging is off, which does not map the screen.
pub(crate) unsafe fn show(text: &str) {
    let characters = text.bytes().chain(core::iter::repeat(b' ')).take(COUNT);
    let cells = ptr::with_exposed_provenance_mut::<u16>(CELLS);
    for (place, character) in characters.enumerate() {
        // SAFETY: no memory of this program lies below 1 MiB, and PCs have nothing but the screen at these addresses.
        unsafe { cells.wrapping_add(place).write_volatile(COLOURS | u16::from(character)) };
    }
}
