//! Memory that is handed out once: the arena, and the buffers of the line.

use core::cell::UnsafeCell;
#[cfg(target_has_atomic = "8")]
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering;

#[cfg(not(target_has_atomic = "8"))]
use portable_atomic::AtomicBool;

/// Memory of a type, for one owner; aligned to eight bytes at least.
///
/// ```
/// use firmware_common::region::Region;
///
/// static ARENA: Region<[u64; 4]> = Region::new([0; 4]);
/// assert_eq!(ARENA.take().map(|arena| arena.len()), Some(4));
/// assert!(ARENA.take().is_none(), "it has an owner");
/// ```
#[repr(C, align(8))]
#[derive(Debug)]
pub struct Region<T> {
    memory: UnsafeCell<T>,
    is_taken: AtomicBool,
}

// SAFETY: the only access is in `take`, which gives the memory to one caller only.
unsafe impl<T: Send> Sync for Region<T> {}

impl<T> Region<T> {
    /// Memory without an owner.
    pub const fn new(memory: T) -> Self {
        Self { memory: UnsafeCell::new(memory), is_taken: AtomicBool::new(false) }
    }

    /// Where the memory ends, for what takes it over when nothing else runs any more: the stack of a report.
    pub const fn end(&self) -> *mut T {
        self.memory.get().wrapping_add(1)
    }

    /// The memory for the first caller.
    #[expect(clippy::mut_from_ref, reason = "handed out once")]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.is_taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: `swap` returns false once only, so this is the one reference that will ever exist. The memory was
        // initialised with the static.
        Some(unsafe { &mut *self.memory.get() })
    }
}

impl<T, const N: usize> Region<[T; N]> {
    /// All of the memory for the first caller; empty for any other.
    pub fn take_all(&'static self) -> &'static mut [T] {
        self.take().map_or(&mut [], |memory| memory)
    }
}
