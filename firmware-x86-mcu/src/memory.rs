//! Where the arena goes: the largest piece of memory that nothing else takes. The tables of its pages lie in front of it.
//!
//! Addresses have 64 bits here, as loaders tell them. Memory that this processor cannot reach does not count.

use core::ops::Range;

/// Bytes in a page.
pub const PAGE_BYTES: u32 = 4096;
/// Where the addresses of this processor end, less a page, so that the end of a range is one of them.
const REACH: u64 = (1 << 32) - PAGE_BYTES as u64;
/// Bytes that a table maps. A table is a page.
pub const SPAN_BYTES: u32 = 4 << 20;
/// Most bytes of an arena: a slice cannot be longer.
const MOST_BYTES: u64 = (1 << 31) - PAGE_BYTES as u64;

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
    // A piece begins behind the image, with a usable region, or behind a reserved one.
    let edges = regions.clone().map(|region| if region.is_usable { region.start } else { region.end() });
    let starts = core::iter::once(image.end).chain(edges).filter(|start| (image.end..REACH).contains(start));
    let pages = starts.map(|start| {
        let page_bytes = u64::from(PAGE_BYTES);
        let first = start.next_multiple_of(page_bytes);
        let bytes = end_of_piece(start, regions).saturating_sub(first).min(MOST_BYTES);
        (first, bytes / page_bytes * page_bytes)
    });
    // The lowest of the longest.
    let (first, bytes) = pages.fold((0, 0), |best, next| if next.1 > best.1 { next } else { best });
    match (u32::try_from(first), u32::try_from(first + bytes)) {
        (Ok(first), Ok(end)) if bytes >= least_bytes => Ok(first..end),
        _ => Err(shortage(image.end + bytes)),
    }
}

/// The numbers of the tables that map a range of addresses. The first 4 MiB are left out: they have a table of their own.
pub fn spans(addresses: &Range<u32>) -> Range<u32> {
    (addresses.start / SPAN_BYTES).max(1)..addresses.end.div_ceil(SPAN_BYTES)
}

/// Bytes that are enough for the tables of an arena of this size, wherever it begins: one more for the rest of a span, one
/// for a range that is not aligned, and one for the tables themselves.
pub const fn tables_bytes(arena_bytes: u32) -> u32 {
    (arena_bytes / SPAN_BYTES + 3) * PAGE_BYTES
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
        assert_eq!(found(&[all, reserved(8 * MIB, MIB)]), Ok(0x90_0000..0x400_0000), "behind it is more");
        assert_eq!(found(&[all, reserved(48 * MIB, MIB)]), Ok(0x18_0000..0x300_0000), "before it is more");
        assert_eq!(found(&[all, reserved(4 * MIB, MIB), reserved(0x4F_FFFF, 2)]), Ok(0x50_1000..0x400_0000));
        assert_eq!(found(&[reserved(60 * MIB + 5, 1), all]), Ok(0x18_0000..0x3C0_0000));
    }

    #[test]
    fn the_tables_of_an_arena_fit_in_front_of_it_wherever_it_begins() {
        let sizes = [PAGE_BYTES, SPAN_BYTES - PAGE_BYTES, SPAN_BYTES, 2 * SPAN_BYTES - 2 * PAGE_BYTES, 1 << 30];
        for arena_bytes in sizes {
            let bytes = arena_bytes + tables_bytes(arena_bytes);
            let starts = (0x18_0000..0x18_0000 + 2 * SPAN_BYTES).step_by(PAGE_BYTES as usize);
            let tables = starts.map(|start| spans(&(start..start + bytes)).len()).max();
            assert!(
                tables.is_some_and(|most| most * PAGE_BYTES as usize <= tables_bytes(arena_bytes) as usize),
                "{arena_bytes}"
            );
        }
    }

    #[test]
    fn an_arena_ends_where_addresses_or_slices_end() {
        assert_eq!(found(&[usable(MIB, u64::MAX)]), Ok(0x18_0000..0x8017_F000));
        let high = [usable(MIB, MIB), usable(3 << 30, 9 << 30)];
        assert_eq!(found(&high), Ok(0xC000_0000..0xFFFF_F000));
        assert!(found(&[usable(MIB, MIB), usable(1 << 32, 1 << 32)]).is_err());
        let last = [usable(MIB, 7 * MIB), usable(u64::MAX - 5, 5), reserved(u64::MAX - 9, 4)];
        assert_eq!(found(&last), Ok(0x18_0000..0x80_0000), "the last page of 64 bits has no next one");
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
