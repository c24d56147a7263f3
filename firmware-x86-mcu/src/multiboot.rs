//! What a loader that follows version 1 of the multiboot specification tells of the memory.

use core::ptr;

use crate::memory::Region;

/// Marks the image for such a loader.
pub(crate) const MAGIC: u32 = 0x1BAD_B002;
/// What is wanted: page-aligned modules (there are none), and memory information.
pub(crate) const FLAGS: u32 = 1 << 0 | 1 << 1;
/// What such a loader leaves in EAX; EBX then points to an [`Info`].
const LOADED: u32 = 0x2BAD_B002;

/// In [`Info::flags`]: the sizes of the memory are valid.
const HAS_SIZES: u32 = 1 << 0;
/// In [`Info::flags`]: the map of the memory is valid.
const HAS_MAP: u32 = 1 << 6;
/// In [`Entry::kind`]: memory for all uses.
const USABLE: u32 = 1;

/// The beginning of the loader's information.
#[derive(Clone, Copy)]
#[repr(C)]
struct Info {
    flags: u32,
    _lower_kib: u32,
    /// KiB from 1 MiB up, without a gap.
    upper_kib: u32,
    _others: [u32; 8],
    map_bytes: u32,
    map: u32,
}

/// A row of the map.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Entry {
    /// Bytes of what follows this number.
    bytes: u32,
    start: u64,
    length_bytes: u64,
    kind: u32,
}

/// What the loader tells of the memory, row by row.
#[derive(Clone)]
pub(crate) struct Regions {
    /// The sizes, in place of a map.
    whole: Option<Region>,
    next: u32,
    end: u32,
}

/// What the loader tells of the memory; `None` if it tells nothing, or does not follow the specification.
///
/// # Safety
///
/// `magic` and `info` are what the loader left in EAX and EBX, and nothing has been written since.
pub(crate) unsafe fn regions(magic: u32, info: u32) -> Option<Regions> {
    if magic != LOADED {
        return None;
    }
    // SAFETY: by the specification, EBX points to the information, which is all numbers.
    let info: Info = unsafe { read(info) };
    if info.flags & HAS_MAP != 0 {
        return Some(Regions { whole: None, next: info.map, end: info.map.saturating_add(info.map_bytes) });
    }
    let bytes = u64::from(info.upper_kib) << 10;
    let whole = Region { start: 1 << 20, bytes, is_usable: true };
    (info.flags & HAS_SIZES != 0).then_some(Regions { whole: Some(whole), next: 0, end: 0 })
}

impl Iterator for Regions {
    type Item = Region;

    fn next(&mut self) -> Option<Region> {
        if let Some(whole) = self.whole.take() {
            return Some(whole);
        }
        if self.end.saturating_sub(self.next) < u32::try_from(size_of::<Entry>()).unwrap_or(u32::MAX) {
            return None;
        }
        // SAFETY: the row lies in the map, which the loader has written.
        let Entry { bytes, start, length_bytes, kind } = unsafe { read(self.next) };
        self.next = self.next.saturating_add(bytes).saturating_add(4);
        Some(Region { start, bytes: length_bytes, is_usable: kind == USABLE })
    }
}

/// What lies at `address`, aligned or not.
///
/// # Safety
///
/// A `T` lies there.
unsafe fn read<T: Copy>(address: u32) -> T {
    // SAFETY: by the contract of this function.
    unsafe { ptr::with_exposed_provenance::<T>(address as usize).read_unaligned() }
}
