//! Recordings in `.npy` and `.npz` files: an array of records with a field each for time, column, row and polarity, as
//! Tonic has them, or an array each, as `SpikingJelly` writes them.
//!
//! Fields come in any order and of any whole type: `t` in microseconds, `x`, and where there are any `y` and `p`; without
//! them all are in row 0, of polarity 1. A polarity above 0 is 1, others are 0.

use super::error::FormatError;
use super::events::{Event, Events};
use loihi_files::npz::{self, Array};

/// Names of the time.
const TIME: [&str; 4] = ["t", "ts", "timestamp", "timestamps"];
/// Names of the polarity.
const POLARITY: [&str; 4] = ["p", "pol", "polarity", "on"];

/// Reads a recording; `None` if the file holds other arrays, or records of other things, as boxes around objects are.
///
/// # Errors
/// [`FormatError`].
pub fn parse(bytes: &[u8]) -> Result<Option<Events>, FormatError> {
    let names = npz::names_in(bytes).map_err(FormatError::new)?;
    let is = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    let fields = match &*names {
        [] => npz::records(bytes, "").map_err(FormatError::new)?,
        [only] => npz::records(bytes, only).map_err(FormatError::new)?,
        _ if is(&TIME) && is(&["x"]) && is(&POLARITY) => {
            let wanted = |name: &&String| is_of_events(name);
            let read = |name: &String| Ok((name.clone(), npz::parse(bytes, name).map_err(FormatError::new)?));
            let fields: Vec<(String, Array)> =
                names.iter().filter(wanted).map(read).collect::<Result<_, FormatError>>()?;
            // Samples and classes are called x and y, too.
            fields.iter().all(|(_, array)| array.shape().len() == 1).then_some(fields)
        }
        _ => None,
    };
    let fields = fields.filter(|fields| fields.iter().all(|(name, _)| is_of_events(name)));
    Ok(fields.map(|fields| events(&fields)).transpose()?)
}

fn is_of_events(name: &str) -> bool {
    [&TIME[..], &POLARITY, &["x", "y"]].concat().contains(&name)
}

fn events(fields: &[(String, Array)]) -> Result<Events, String> {
    let column = |wanted: &[&str]| -> Result<Option<Vec<i64>>, String> {
        let Some((name, array)) = fields.iter().find(|(name, _)| wanted.contains(&name.as_str())) else {
            return Ok(None);
        };
        if array.shape().len() != 1 {
            return Err(format!("`{name}` has the shape {:?}: a recording has one extent", array.shape()));
        }
        array
            .whole()
            .map(Some)
            .ok_or_else(|| format!("`{name}` has values that are not whole: times are in microseconds"))
    };
    let needed = |wanted: &[&str]| {
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let lacks =
            || format!("its records have no field `{}`; they have {}", wanted[0], names.join(", ").escape_debug());
        column(wanted)?.ok_or_else(lacks)
    };
    let (t, x) = (needed(&TIME)?, needed(&["x"])?);
    let y = column(&["y"])?.unwrap_or_else(|| vec![0; t.len()]);
    let polarity = column(&POLARITY)?.unwrap_or_else(|| vec![1; t.len()]);
    if [x.len(), y.len(), polarity.len()] != [t.len(); 3] {
        return Err(format!("{} times, {} columns, {} rows, {} polarities", t.len(), x.len(), y.len(), polarity.len()));
    }
    let place = |number: usize, name: &str, value: i64| {
        let place = u16::try_from(value).ok().filter(|place| *place < u16::MAX);
        place.ok_or_else(|| format!("event {number}: {value} is not a position `{name}`: expected 0 to 65534"))
    };
    let event = |number: usize| {
        let [t, x, y, polarity] = [&t, &x, &y, &polarity].map(|column| column[number]);
        let t_us = u64::try_from(t).map_err(|_| format!("event {number}: its time `{t}` is below 0"))?;
        let (x, y) = (place(number, "x", x)?, place(number, "y", y)?);
        Ok(Event { t_us, x, y, polarity: u8::from(polarity > 0) })
    };
    Ok(Events::of((0..t.len()).map(event).collect::<Result<_, String>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npz::Values;

    /// An `.npy` file of records of these fields, and these bytes.
    fn npy(descr: &str, count: usize, rows: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({count},)}}\n");
        [b"\x93NUMPY\x01\x00", &u16::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes(), rows].concat()
    }

    fn own(t_us: u64, x: u16, y: u16, polarity: u8) -> Event {
        Event { t_us, x, y, polarity }
    }

    fn row(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn fields_come_in_any_order_and_width() {
        // Tonic's own type, and that of its files from other cameras.
        let xytp = "[('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '|b1')]";
        let rows = row(&[
            &[1, 0, 2, 0],
            &9_000_000_000_i64.to_le_bytes(),
            &[1],
            &[33, 0, 3, 0],
            &9_000_000_007_i64.to_le_bytes(),
            &[0],
        ]);
        let found = parse(&npy(xytp, 2, &rows)).unwrap().unwrap();
        assert_eq!(found.events, [own(9_000_000_000, 1, 2, 1), own(9_000_000_007, 33, 3, 0)]);
        assert_eq!((found.size, found.start_us), ([34, 4], 9_000_000_000));

        let typx = "[('t', '>u4'), ('y', '|u1'), ('p', '<i2'), ('x', '<f4')]";
        let rows = row(&[&5_u32.to_be_bytes(), &[7], &(-1_i16).to_le_bytes(), &3.0_f32.to_le_bytes()]);
        assert_eq!(parse(&npy(typx, 1, &rows)).unwrap().unwrap().events, [own(5, 3, 7, 0)]);

        // A cochlea has no rows.
        let txp = "[('t', '<i8'), ('x', '<i8'), ('p', '<i8')]";
        let rows = row(&[&5_i64.to_le_bytes(), &699_i64.to_le_bytes(), &1_i64.to_le_bytes()]);
        let found = parse(&npy(txp, 1, &rows)).unwrap().unwrap();
        assert_eq!((found.events[0], found.size), (own(5, 699, 0, 1), [700, 1]));
    }

    fn whole(values: &[i64]) -> Array {
        Array::new(vec![values.len()], Values::Whole(values.to_vec())).unwrap()
    }

    fn npz(arrays: &[(&str, Array)]) -> Vec<u8> {
        let arrays: Vec<_> = arrays.iter().map(|(name, array)| ((*name).to_owned(), array.clone())).collect();
        npz::bytes(&arrays).unwrap()
    }

    #[test]
    fn an_array_each_is_a_recording_too() {
        let [t, x, y, p] = [[80_000_000, 80_000_005], [1, 2], [3, 4], [0, 1]].map(|values| whole(&values));
        let file = npz(&[("t", t), ("x", x.clone()), ("y", y.clone()), ("p", p.clone())]);
        let found = parse(&file).unwrap().unwrap();
        assert_eq!(found.events, [own(80_000_000, 1, 3, 0), own(80_000_005, 2, 4, 1)]);
        assert_eq!(parse(&npz(&[("x", x.clone()), ("y", y.clone())])).unwrap(), None, "samples and classes");
        let samples = Array::new(vec![2, 1], Values::Whole(vec![1, 2])).unwrap();
        assert_eq!(parse(&npz(&[("x", samples), ("y", y.clone()), ("t", p.clone()), ("p", p.clone())])).unwrap(), None);
        let said = parse(&npz(&[("t", whole(&[5])), ("x", x), ("y", y), ("p", p)])).unwrap_err().message;
        assert_eq!(said, "1 times, 2 columns, 2 rows, 2 polarities");
    }

    #[test]
    fn what_cannot_be_is_said() {
        let said = |descr: &str, rows: &[u8]| parse(&npy(descr, 1, rows)).unwrap_err().message;
        assert_eq!(said("[('y', '|u1'), ('x', '|u1')]", &[1, 2]), "its records have no field `t`; they have y, x");
        let boxes = npy("[('ts', '<u2'), ('x', '|u1'), ('w', '|u1')]", 1, &[1, 0, 2, 3]);
        assert_eq!(parse(&boxes).unwrap(), None);
        let descr = "[('t', '<f4'), ('x', '|u1')]";
        let late = row(&[&0.25_f32.to_le_bytes(), &[1]]);
        assert_eq!(said(descr, &late), "`t` has values that are not whole: times are in microseconds");
        let below = row(&[&(-1.0_f32).to_le_bytes(), &[1]]);
        assert_eq!(said(descr, &below), "event 0: its time `-1` is below 0");
        let far = "event 0: -1 is not a position `x`: expected 0 to 65534";
        assert_eq!(said("[('t', '|u1'), ('x', '|i1')]", &[1, 255]), far);
        let whole = npy("[('t', '|u1'), ('x', '|u1')]", 1, &[1, 2]);
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let huge = b"\x93NUMPY\x01\x00\x50\x00{'descr': [('t', '<i8'), ('x', '<i8')], 'fortran_order': False, 'shape': (99999999999,)}\n";
        assert!(parse(huge).is_err());
    }
}
