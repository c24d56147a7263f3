//! Where the arena goes: the largest piece of memory that nothing else takes.
//!
//! Addresses have 64 bits here, as loaders tell them. Memory that this processor cannot reach does not count.

use core::ops::Range;

/// Bytes in a page.
const PAGE_BYTES: u64 = 4096;
/// Where the addresses of this processor end, less a page, so that the end of a range is one of them.
const REACH: u64 = (1 << 32) - PAGE_BYTES;
/// Most bytes of an arena: a slice cannot be longer.
const MOST_BYTES: u64 = (1 << 31) - PAGE_BYTES;

/// A range of addresses that the loader tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// Whether there is memory that a program may use.
    pub is_usable: bool,
}

/// There is too little memory: all of it from address 0 up, as far as it is in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// KiB that image and arena take.
    pub needed_kib: u32,
    /// KiB that there are for them.
    pub there_kib: u32,
}

/// The memory for an arena of at least `least_bytes` bytes: the largest piece above the image, in whole pages. Regions may
/// touch, overlap, and come in any order; what one of them says is not usable is not.
///
/// # Errors
/// [`Shortage`] if no piece is large enough, or the image itself does not lie in usable memory.
///
/// ```
/// use firmware_x86_mcu::memory::{Region, Shortage, arena};
///
/// let from_1_mib_up = |bytes| [Region { start: 1 << 20, bytes, is_usable: true }].into_iter();
/// let image = 0x10_0000..0x18_0000;
/// assert_eq!(arena(image.clone(), 0x40_0000, &from_1_mib_up(0xF0_0000)), Ok(0x18_0000..0x100_0000));
/// let shortage = Shortage { needed_kib: 5_632, there_kib: 4_096 };
/// assert_eq!(arena(image, 0x40_0000, &from_1_mib_up(0x30_0000)), Err(shortage));
/// ```
pub fn arena<R>(image: Range<u32>, least_bytes: u32, regions: &R) -> Result<Range<u32>, Shortage>
where
    R: Iterator<Item = Region> + Clone,
{
    let image = u64::from(image.start)..u64::from(image.end);
    let least_bytes = u64::from(least_bytes);
    let shortage = |there| Shortage { needed_kib: kib(image.end + least_bytes), there_kib: kib(there) };
    let end = end_of_piece(image.start, regions);
    if end < image.end {
        return Err(shortage(end));
    }
    let above = regions.clone().filter(|region| region.is_usable && region.start >= image.end);
    let starts = core::iter::once(image.end).chain(above.map(|region| region.start));
    let pages = starts.map(|start| {
        let first = start.next_multiple_of(PAGE_BYTES);
        let bytes = end_of_piece(start, regions).saturating_sub(first).min(MOST_BYTES);
        (first, bytes / PAGE_BYTES * PAGE_BYTES)
    });
    // The lowest of the longest.
    let (first, bytes) = pages.fold((0, 0), |best, next| if next.1 > best.1 { next } else { best });
    match (u32::try_from(first), u32::try_from(first + bytes)) {
        (Ok(first), Ok(end)) if bytes >= least_bytes => Ok(first..end),
        _ => Err(shortage(image.end + bytes)),
    }
}

/// Where the usable memory ends that `start` lies in, `start` itself if there is none.
fn end_of_piece<R>(start: u64, regions: &R) -> u64
where
    R: Iterator<Item = Region> + Clone,
{
    let start = start.min(REACH);
    let mut end = start;
    let continues = |region: &Region, end| region.is_usable && region.start <= end && region.end() > end;
    while let Some(region) = regions.clone().find(|region| continues(region, end)) {
        end = region.end();
    }
    let reserved = regions.clone().filter(|region| !region.is_usable && region.end() > start);
    let end = reserved.map(|region| region.start.max(start)).fold(end, u64::min);
    end.min(REACH)
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

impl Region {
    const fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const IMAGE: Range<u32> = 0x10_0000..0x18_0000;
    const LEAST: u32 = 0x10_0000;

    const fn usable(start: u64, bytes: u64) -> Region {
        Region { start, bytes, is_usable: true }
    }

    const fn reserved(start: u64, bytes: u64) -> Region {
        Region { start, bytes, is_usable: false }
    }

    fn found(regions: &[Region]) -> Result<Range<u32>, Shortage> {
        arena(IMAGE, LEAST, &regions.iter().copied())
    }

    #[test]
    fn the_largest_piece_is_taken() {
        let base = usable(0, 0x9_F000);
        assert_eq!(found(&[base, usable(MIB, 7 * MIB)]), Ok(0x18_0000..0x80_0000));
        // The hole of ISA machines between 15 and 16 MiB.
        let below = usable(MIB, 14 * MIB);
        assert_eq!(found(&[base, below, usable(16 * MIB, 4 * MIB)]), Ok(0x18_0000..0xF0_0000));
        assert_eq!(found(&[base, below, usable(16 * MIB, 48 * MIB)]), Ok(0x100_0000..0x400_0000));
    }

    #[test]
    fn pieces_that_touch_or_overlap_are_one() {
        let parts = [usable(6 * MIB, 4 * MIB), usable(3 * MIB, 3 * MIB), usable(MIB, 3 * MIB)];
        assert_eq!(found(&parts), Ok(0x18_0000..0xA0_0000));
    }

    #[test]
    fn what_is_reserved_is_left_alone() {
        let all = usable(MIB, 63 * MIB);
        assert_eq!(found(&[all, reserved(8 * MIB, MIB)]), Ok(0x18_0000..0x80_0000));
        assert_eq!(found(&[reserved(60 * MIB + 5, 1), all]), Ok(0x18_0000..0x3C0_0000));
    }

    #[test]
    fn an_arena_ends_where_addresses_or_slices_end() {
        assert_eq!(found(&[usable(MIB, u64::MAX)]), Ok(0x18_0000..0x8017_F000));
        let high = [usable(MIB, MIB), usable(3 << 30, 9 << 30)];
        assert_eq!(found(&high), Ok(0xC000_0000..0xFFFF_F000));
        assert!(found(&[usable(MIB, MIB), usable(1 << 32, 1 << 32)]).is_err());
    }

    #[test]
    fn a_shortage_says_what_is_needed_and_what_is_there() {
        let shortage = |there_kib| Err(Shortage { needed_kib: 2560, there_kib });
        assert_eq!(found(&[usable(0, 0xA_0000)]), shortage(1024));
        assert_eq!(found(&[usable(MIB, 0x4_0000)]), shortage(1280), "the image does not fit");
        assert_eq!(found(&[usable(MIB, MIB)]), shortage(2048));
        assert_eq!(found(&[usable(MIB, MIB), usable(MIB << 3, MIB - 1)]), shortage(1536 + 1020), "in whole pages");
        assert_eq!(found(&[]), shortage(1024));
        assert_eq!(found(&[usable(MIB, 4 * MIB), reserved(MIB + 1, 1)]), shortage(1025));
    }
}
