//! Registers of peripherals that lie in memory, and what fits into one.

/// An address, or a register of a processor of 32 bits, as a number.
#[expect(clippy::cast_possible_truncation, reason = "addresses of all boards have 32 bits")]
pub const fn word(address: usize) -> u32 {
    address as u32
}

/// A 32-bit register at a fixed address.
#[derive(Clone, Copy, Debug)]
pub struct Register(*mut u32);

impl Register {
    /// The register at an address.
    ///
    /// # Safety
    ///
    /// The address is a multiple of four, and at it lies, for as long as the program runs, a register of a peripheral
    /// that reaches no memory, so that reading and writing it breaks no promise of the language.
    pub const unsafe fn at(address: usize) -> Self {
        Self(core::ptr::without_provenance_mut(address))
    }

    /// Reads it.
    pub fn read(self) -> u32 {
        // SAFETY: a register lies there, by the promise of `at`.
        unsafe { self.0.read_volatile() }
    }

    /// Writes it.
    pub fn write(self, value: u32) {
        // SAFETY: a register lies there, by the promise of `at`.
        unsafe { self.0.write_volatile(value) }
    }

    /// Sets bits, and leaves the others.
    pub fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }

    /// Whether any of these bits is set.
    pub fn has(self, bits: u32) -> bool {
        self.read() & bits != 0
    }
}
