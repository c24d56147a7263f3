//! RAM that is erased and written like flash: for emulators, whose flash cannot be written.

use core::sync::atomic::{Ordering, compiler_fence};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Memory as flash: erasing sets all bits of a block, writing only clears bits, in whole words.
///
/// ```
/// use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
/// use firmware_standalone::ram_flash::RamFlash;
///
/// let mut memory = [0x55; 1024];
/// let (mut flash, mut byte) = (RamFlash::new(&mut memory), [0]);
/// flash.erase(0, 1024).expect("a whole block");
/// flash.write(4, &[0x0F; 4]).expect("a whole word");
/// flash.write(4, &[0xF3; 4]).expect("a whole word");
/// flash.read(5, &mut byte).expect("inside");
/// assert_eq!(byte, [0x03]);
/// ```
#[derive(Debug)]
pub struct RamFlash<'m> {
    memory: &'m mut [u8],
}

impl<'m> RamFlash<'m> {
    /// Flash of this memory, as far as it makes whole blocks of 1,024 bytes.
    pub fn new(memory: &'m mut [u8]) -> Self {
        let whole = memory.len() - memory.len() % Self::ERASE_SIZE;
        let (memory, _) = memory.split_at_mut(whole);
        Self { memory }
    }
}

impl ErrorType for RamFlash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for RamFlash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let memory = self.memory.get(offset as usize..).unwrap_or_default();
        bytes.iter_mut().zip(memory).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl NorFlash for RamFlash<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.memory.get_mut(from as usize..to as usize).unwrap_or_default().fill(0xFF);
        // A reset may come at any time: what is asked later is not to be done earlier.
        compiler_fence(Ordering::SeqCst);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let memory = self.memory.get_mut(offset as usize..).unwrap_or_default();
        memory.iter_mut().zip(bytes).for_each(|(to, from)| *to &= from);
        compiler_fence(Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_refused() {
        let mut memory = [0; 2100];
        let mut flash = RamFlash::new(&mut memory);
        assert_eq!(flash.capacity(), 2048);
        assert_eq!(flash.erase(0, 1000), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(flash.erase(0, 3072), Err(NorFlashErrorKind::OutOfBounds));
        assert_eq!(flash.write(2, &[0; 4]), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(flash.write(0, &[0; 3]), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(flash.write(2048, &[0; 4]), Err(NorFlashErrorKind::OutOfBounds));
        assert_eq!(flash.read(2040, &mut [0; 9]), Err(NorFlashErrorKind::OutOfBounds));
    }
}
