//! Memory that is handed out once: the arena, and the buffers of the line.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

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
        if was_set(&self.is_taken) {
            return None;
        }
        // SAFETY: only the first caller finds the flag clear, so there is never another reference. The memory was
        // initialised with the static.
        Some(unsafe { &mut *self.memory.get() })
    }
}

/// Sets a flag; whether it was set before.
#[cfg(target_has_atomic = "8")]
fn was_set(flag: &AtomicBool) -> bool {
    flag.swap(true, Ordering::Relaxed)
}

/// The same on cores without compare-and-swap: Cortex-M0, RISC-V without the extension A.
#[cfg(not(target_has_atomic = "8"))]
fn was_set(flag: &AtomicBool) -> bool {
    critical_section::with(|_| {
        let was_set = flag.load(Ordering::Relaxed);
        flag.store(true, Ordering::Relaxed);
        was_set
    })
}

impl<T, const N: usize> Region<[T; N]> {
    /// All of the memory for the first caller; empty for any other.
    pub fn take_all(&'static self) -> &'static mut [T] {
        self.take().map_or(&mut [], |memory| memory)
    }
}
