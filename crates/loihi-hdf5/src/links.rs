//! Links that lead to a name instead of an object: soft links, and those into other files.
//!
//! The crate skips them silently, and does not list them.
//!
//! Source: the HDF5 file format specification, version 3, IV.A.2.g.

use std::collections::BTreeMap;

/// Most of them in a file.
const LINKS_MAX: usize = 256;

/// Most bytes of the name of a link, and of its target.
const BYTES_MAX: usize = 4096;

/// Names and targets of what looks like one in a group of the newer layout. Its message is found by its own structure,
/// wherever it lies: version 1, flags that say a kind of link follows, a kind that is not that of an object, lengths, and
/// a name and a target that are text.
///
/// # Errors
/// More than any real file has.
pub(super) fn find(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let text = |bytes: &[u8]| {
        let bytes = Some(bytes).filter(|bytes| (1..=BYTES_MAX).contains(&bytes.len()))?;
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control));
        text.map(ToOwned::to_owned)
    };
    let link = |at: usize| {
        let rest = bytes.get(at..)?;
        let (&[1, flags, kind], rest) = rest.split_first_chunk()? else { return None };
        if flags & 0b1110_1000 != 0b1000 || !matches!(kind, 1 | 64) {
            return None;
        }
        // The order of creation, and the character set, if they are given.
        let rest = rest.get(if flags & 4 == 0 { 0 } else { 8 }..)?.get(usize::from(flags & 16 != 0)..)?;
        let (length, rest) = rest.split_at_checked(1 << (flags & 3))?;
        let length = length
            .iter()
            .rev()
            .try_fold(0_usize, |length, byte| Some(length.checked_mul(256)? + usize::from(*byte)))?;
        let (name, rest) = rest.split_at_checked(length)?;
        let (length, rest) = rest.split_first_chunk()?;
        let target = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
        // An external one has flags, then file and path, each with a 0 behind it.
        let target = if kind == 1 { text(target)? } else { text(target.get(1..)?.split(|byte| *byte == 0).next()?)? };
        Some((text(name)?, target))
    };
    let flags = bytes.iter().enumerate().skip(1).filter(|(_, flags)| **flags & 0b1110_1000 == 0b1000);
    let found: BTreeMap<_, _> = flags.filter_map(|(at, _)| link(at - 1)).take(LINKS_MAX + 1).collect();
    if found.len() > LINKS_MAX {
        return Err(format!("it has more than {LINKS_MAX} soft or external links, which are not read"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_and_external_links_are_found_and_nothing_else() {
        let name = |name: &[u8]| [&[u8::try_from(name.len()).unwrap()], name].concat();
        let soft = [&[1, 0b1000, 1][..], &name(b"bias"), &[2, 0], b"/w"].concat();
        let ordered = [&[1, 0b1_1100, 1][..], &[7, 0, 0, 0, 0, 0, 0, 0, 1], &name(b"r"), &[1, 0], b"x"].concat();
        let external = [&[1, 0b1001, 64, 1, 0, b'e', 7, 0, 0], &b"a.h5\0/"[..]].concat();
        let hard = [&[1, 0b1000, 0][..], &name(b"not"), &[2, 0], b"/w"].concat();
        let binary = [&[1, 0b1000, 1][..], &name(&[3, 200]), &[2, 0], b"/w"].concat();
        let found =
            find(&[&b"before"[..], &soft, &[0; 9], &ordered, &external, &hard, &binary, &[1, 8]].concat()).unwrap();
        let expected =
            [("bias", "/w"), ("e", "a.h5"), ("r", "x")].map(|(name, target)| (name.to_owned(), target.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
    }
}
