//! Recorded arrays are read, also while they grow.

use super::{ElementType, HEADER, I32, RowShape, SPIKE, SPIKE_BYTES, damaged};
use crate::npz::elements::Npy;
use crate::whole;
use npyz::{DType, Order};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// What the header of a recorded array says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) element: ElementType,
    pub(super) row: RowShape,
    rows: u64,
    pub(super) row_bytes: usize,
}

impl Head {
    /// Reads the header at the start of a file; `None` if it is not of a recorded array.
    pub(super) fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        io::Read::by_ref(file).take(HEADER as u64).read_to_end(&mut bytes)?;
        let is_whole = |npy: &Npy<'_>| bytes.len() == HEADER && npy.data.is_empty();
        Ok(Npy::of(&bytes).ok().filter(is_whole).and_then(|npy| Self::of(&npy)))
    }

    fn of(npy: &Npy<'_>) -> Option<Self> {
        let is = |element: &ElementType| DType::parse(element.descr).is_ok_and(|own| own == npy.dtype);
        let element = [I32, SPIKE].into_iter().find(is)?;
        let (rows, row, columns) = match *npy.shape {
            [rows] => (rows, RowShape::Item, 1),
            [rows, columns] if npy.order == Order::C => (rows, RowShape::Items, columns),
            _ => return None,
        };
        Some(Self { element, row, rows: rows as u64, row_bytes: element.bytes.checked_mul(columns)? })
    }

    /// The rows in this many bytes of data: those that the header announces, and the complete ones after them.
    fn rows_in(&self, bytes: u64) -> Option<u64> {
        let rows = bytes.checked_div(self.row_bytes as u64).unwrap_or(0);
        (rows >= self.rows).then_some(rows)
    }
}

/// Reads words that were written as [`I32`]: their shape, and their values.
///
/// # Errors
/// The file cannot be read, or is another one.
pub fn words(path: &Path) -> io::Result<(Vec<usize>, Vec<i32>)> {
    let bytes = whole::bytes(path).map_err(|error| unread(path, &error))?;
    parse(&bytes).ok_or_else(|| damaged(path))
}

pub(super) fn parse(bytes: &[u8]) -> Option<(Vec<usize>, Vec<i32>)> {
    let npy = Npy::of(bytes).ok()?;
    let head = Head::of(&npy).filter(|head| head.element == I32)?;
    let rows = usize::try_from(head.rows_in(npy.data.len() as u64)?).ok()?;
    let data = npy.data.get(..rows.checked_mul(head.row_bytes)?)?;
    let shape = match head.row {
        RowShape::Item => vec![rows],
        RowShape::Items => vec![rows, head.row_bytes / I32.bytes],
    };
    Some((shape, data.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect()))
}

/// Whether there is more in a file than a header.
pub fn has_rows(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > HEADER as u64)
}

/// A spike of `spikes.npy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spike {
    /// The step, from 0.
    pub step: u32,
    /// The core.
    pub core: u16,
    /// The compartment of the core.
    pub id: u16,
}

/// Items from one report of progress to the next.
const TOLD_EVERY: u64 = 1 << 16;

/// Spikes that were written as [`SPIKE`], one after the other: a long run has more of them than fit the memory.
///
/// # Errors
/// The file cannot be read, or is another one.
pub fn spikes(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Spike>> + use<>> {
    let of = |error: io::Error| unread(path, &error);
    let mut file = File::open(path).map_err(of)?;
    let bytes = file.metadata().map_err(of)?.len().saturating_sub(HEADER as u64);
    let head = Head::read(&mut file).map_err(of)?.filter(|head| head.element == SPIKE && head.row == RowShape::Item);
    let rows = head.and_then(|head| head.rows_in(bytes)).ok_or_else(|| damaged(path))?;
    let mut file = io::BufReader::new(file);
    let path = path.to_owned();
    let spike = move |_| {
        let mut row = [0; SPIKE_BYTES];
        file.read_exact(&mut row).map_err(|error| unread(&path, &error))?;
        let [a, b, c, d, e, f, g, h, ..] = row;
        let (core, id) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
        Ok(Spike { step: u32::from_le_bytes([a, b, c, d]), core, id })
    };
    Ok((0..rows).map(spike))
}

/// Items as they are; `after` is told now and then how many of how many are done.
pub fn told<I>(items: impl Iterator<Item = I>, after: &mut dyn FnMut(u64, u64)) -> impl Iterator<Item = I> {
    let total = items.size_hint().0 as u64;
    (0..).zip(items).map(move |(done, item)| {
        if done % TOLD_EVERY == 0 {
            after(done, total);
        }
        item
    })
}

fn unread(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
