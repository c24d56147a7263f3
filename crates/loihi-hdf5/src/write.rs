//! Trees are written.

use super::{H5Error, H5Item, Note};
use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};
use loihi_files::npz::Values;
use std::collections::BTreeMap;

/// The bytes of a file with this root, which must be a group. Real numbers become single precision where that holds all
/// of an array, arrays of more than 64 elements are compressed.
///
/// # Errors
/// The root is not a group, or something is too large for the format.
pub fn bytes(root: &H5Item) -> Result<Vec<u8>, H5Error> {
    let H5Item::Group(items) = root else {
        return Err(H5Error::whole("the root of a file is not a group: put it into one".to_owned()));
    };
    let mut file = FileBuilder::new();
    for (name, item) in items {
        match item {
            H5Item::Group(inner) => {
                let inner = group_of(file.create_group(name), inner).finish();
                file.add_group(inner);
            }
            H5Item::Note(note) => file.set_attr(name, note.value()),
            H5Item::Unread(_) => {}
            H5Item::Array(_) | H5Item::Text { .. } => fill(file.create_dataset(name), item),
        }
    }
    file.finish().map_err(|error| H5Error::whole(error.to_string()))
}

fn group_of(mut group: GroupBuilder, items: &BTreeMap<String, H5Item>) -> GroupBuilder {
    for (name, item) in items {
        match item {
            H5Item::Group(inner) => {
                let inner = group_of(group.create_group(name), inner).finish();
                group.add_group(inner);
            }
            H5Item::Note(note) => group.set_attr(name, note.value()),
            H5Item::Unread(_) => {}
            H5Item::Array(_) | H5Item::Text { .. } => fill(group.create_dataset(name), item),
        }
    }
    group
}

fn fill(dataset: &mut hdf5_pure::DatasetBuilder, item: &H5Item) {
    let extents = |shape: &[usize]| shape.iter().map(|extent| *extent as u64).collect::<Vec<u64>>();
    match item {
        H5Item::Group(_) | H5Item::Note(_) | H5Item::Unread(_) => {}
        H5Item::Text { shape, words } => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            dataset.with_vlen_strings(&words).with_shape(&extents(shape));
        }
        H5Item::Array(array) => {
            match array.values() {
                Values::Whole(values) => dataset.with_i64_data(values),
                #[expect(clippy::cast_possible_truncation, reason = "only where nothing is lost")]
                Values::Real(values)
                    if values.iter().all(|value| f64::from(*value as f32).total_cmp(value).is_eq()) =>
                {
                    dataset.with_f32_data(&values.iter().map(|value| *value as f32).collect::<Vec<f32>>())
                }
                Values::Real(values) => dataset.with_f64_data(values),
            };
            let extents = extents(array.shape());
            dataset.with_shape(&extents);
            if extents.iter().product::<u64>() > 64 {
                dataset.with_chunks(&extents).with_deflate(6);
            }
        }
    }
}

impl Note {
    fn value(&self) -> AttrValue {
        match self {
            Self::Text(text) => AttrValue::VarLenString(text.clone()),
            Self::Real(value) => AttrValue::F64(*value),
            Self::Whole(value) => AttrValue::I64(*value),
        }
    }
}
