//! A graph and its nodes: one table of their types, of the names of their parameters in files, and of the types of these.

use super::parameter::{Padding, Parameter};
use loihi_files::npz::Array;
use loihi_hdf5::H5Item;
use std::collections::{BTreeMap, BTreeSet};

/// A graph of nodes.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Graph {
    /// The nodes by name.
    pub nodes: BTreeMap<String, NirNode>,
    /// From and to, by name.
    pub edges: BTreeSet<(String, String)>,
    /// Duration of a step in the unit of the time constants, if the file says so: `/dt`, beside the graph, where readers
    /// that do not know it do not look.
    pub dt: Option<f64>,
    /// Steps after those of a sample, if the file says so: `/late_steps`.
    pub late_steps: Option<u32>,
}

/// Declares [`NirNode`]: for each type of node its name in files, and its parameters under the names that they have in files.
/// An `Option` may be missing in a file.
macro_rules! nodes {
    ($(
        $(#[$about:meta])*
        $node:ident = $name:literal { $($(#[$says:meta])* $field:ident: $type:ty,)+ }
    )+) => {
        /// A node of a graph.
        ///
        /// Arrays of neuron parameters have one value per neuron, or a single one for all. Time constants and delays are in
        /// the unit of [`Graph::dt`], usually seconds. Strides, kernels, paddings, dilations and groups are 0 to 65,536.
        /// `None` stands for the default.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum NirNode {
            $($(#[$about])* $node { $($(#[$says])* $field: $type,)+ },)+
            /// A graph of its own (`NIRGraph`), with one input and one output.
            Graph(Graph),
            /// A node of a type that NIR 1.0 does not have.
            Unknown {
                /// The name of its type.
                type_name: String,
                /// Its parameters that are numbers.
                arrays: BTreeMap<String, Array>,
                /// Its parameters that are texts.
                texts: BTreeMap<String, String>,
            },
        }

        impl NirNode {
            /// The types of nodes by their names in files.
            const TYPES: &[&str] = &[$($name),+];

            /// The name of its type in files.
            pub fn type_name(&self) -> &str {
                match self {
                    $(Self::$node { .. } => $name,)+
                    Self::Graph(_) => "NIRGraph",
                    Self::Unknown { type_name, .. } => type_name,
                }
            }

            /// Its parameters that are arrays, by their names in files; those of a graph are in its nodes.
            pub fn arrays(&self) -> Vec<(&str, &Array)> {
                match self {
                    $(Self::$node { $($field),+ } => {
                        let all = [$((stringify!($field), Parameter::array($field))),+];
                        all.into_iter().filter_map(|(name, array)| Some((name, array?))).collect()
                    })+
                    Self::Graph(_) => Vec::new(),
                    Self::Unknown { arrays, .. } => arrays.iter().map(|(name, array)| (name.as_str(), array)).collect(),
                }
            }

            /// The node of this type in a file; `None` for a type that is not in the table.
            pub(super) fn read(type_name: &str, fields: &BTreeMap<String, H5Item>) -> Result<Option<Self>, String> {
                let found = match type_name {
                    $($name => Self::$node { $($field: read(type_name, fields, stringify!($field))?,)+ },)+
                    _ => return Ok(None),
                };
                Ok(Some(found))
            }

            /// Its parameters as they stand in files.
            pub(super) fn fields(&self) -> BTreeMap<String, H5Item> {
                match self {
                    $(Self::$node { $($field),+ } => {
                        let all = [$((stringify!($field), $field.item())),+];
                        all.into_iter().filter_map(|(name, item)| Some((name.to_owned(), item?))).collect()
                    })+
                    Self::Graph(_) => BTreeMap::new(),
                    Self::Unknown { arrays, texts, .. } => {
                        let arrays = arrays.iter().map(|(name, array)| (name.clone(), H5Item::Array(array.clone())));
                        arrays.chain(texts.iter().map(|(name, text)| (name.clone(), H5Item::text(text)))).collect()
                    }
                }
            }

            /// Whether a file could have its parameters; if not, why.
            pub(super) fn check(&self) -> Result<(), String> {
                match self {
                    $(Self::$node { $($field),+ } => {
                        $($field.check().map_err(|what| named(stringify!($field), &what))?;)+
                        Ok(())
                    })+
                    Self::Graph(_) => Ok(()),
                    Self::Unknown { type_name, .. } if Self::TYPES.contains(&&**type_name) => {
                        Err(format!("a {type_name} is a known type of node: do not give it as an unknown one"))
                    }
                    Self::Unknown { arrays, .. } => {
                        arrays.iter().try_for_each(|(name, array)| array.check().map_err(|what| named(name, &what)))
                    }
                }
            }
        }
    };
}

nodes! {
    /// The input: spikes or values.
    Input = "Input" {
        /// Extents, channels first.
        shape: Vec<usize>,
    }
    /// The output that is read.
    Output = "Output" {
        /// Extents, channels first.
        shape: Vec<usize>,
    }
    /// A weight matrix and a bias.
    Affine = "Affine" {
        /// `[outputs, inputs]`.
        weight: Array,
        /// One value per output.
        bias: Array,
    }
    /// A weight matrix.
    Linear = "Linear" {
        /// `[outputs, inputs]`.
        weight: Array,
    }
    /// Elementwise factors.
    Scale = "Scale" {
        /// One value per element, or a shape that broadcasts to the input.
        scale: Array,
    }
    /// A convolution in one dimension.
    Conv1d = "Conv1d" {
        /// `[outputs, inputs of a group, width]`.
        weight: Array,
        /// One value per output.
        bias: Option<Array>,
        /// Elements from one window to the next. Default: 1.
        stride: Option<usize>,
        /// Zeros on both sides. Default: none.
        padding: Option<Padding<usize>>,
        /// Distance of the elements of a window. Default: 1.
        dilation: Option<usize>,
        /// Groups of channels. Default: 1.
        groups: Option<usize>,
        /// Width of the input, as stated by the file; kept, but not used.
        input_shape: Option<Array>,
    }
    /// A convolution in two dimensions.
    Conv2d = "Conv2d" {
        /// `[outputs, inputs of a group, height, width]`.
        weight: Array,
        /// One value per output.
        bias: Option<Array>,
        /// Rows and columns from one window to the next. Default: 1.
        stride: Option<[usize; 2]>,
        /// Zeros around the input, rows and columns. Default: none.
        padding: Option<Padding<[usize; 2]>>,
        /// Distance of the elements of a window. Default: 1.
        dilation: Option<[usize; 2]>,
        /// Groups of channels. Default: 1.
        groups: Option<usize>,
        /// Height and width of the input, as stated by the file; kept, but not used.
        input_shape: Option<Array>,
    }
    /// Sums over windows.
    SumPool2d = "SumPool2d" {
        /// Height and width of a window.
        kernel_size: [usize; 2],
        /// Rows and columns from one window to the next. Default: `kernel_size`.
        stride: Option<[usize; 2]>,
        /// Zeros around the input, rows and columns. Default: none.
        padding: Option<[usize; 2]>,
    }
    /// Means over windows.
    AvgPool2d = "AvgPool2d" {
        /// Height and width of a window.
        kernel_size: [usize; 2],
        /// Rows and columns from one window to the next. Default: `kernel_size`.
        stride: Option<[usize; 2]>,
        /// Zeros around the input, rows and columns. Default: none.
        padding: Option<[usize; 2]>,
    }
    /// Joins extents into one.
    Flatten = "Flatten" {
        /// Extents of the input, as stated by the file; their number tells whether `start_dim` counts a batch.
        input_type: Option<Array>,
        /// The first extent to join; negative: from the last one. Default: 1.
        start_dim: Option<i64>,
        /// The last extent to join; negative: from the last one. Default: −1.
        end_dim: Option<i64>,
    }
    /// Delays spikes.
    Delay = "Delay" {
        /// One duration per element.
        delay: Array,
    }
    /// Fires where the input is above a threshold.
    Threshold = "Threshold" {
        /// Threshold of the input.
        threshold: Array,
    }
    /// An integrator.
    I = "I" {
        /// Resistance.
        r: Array,
    }
    /// An integrator that fires.
    If = "IF" {
        /// Resistance.
        r: Array,
        /// Threshold of the voltage.
        v_threshold: Array,
        /// Voltage after a spike. Default: 0.
        v_reset: Option<Array>,
    }
    /// A leaky integrator.
    Li = "LI" {
        /// Time constant.
        tau: Array,
        /// Resistance.
        r: Array,
        /// Leak voltage.
        v_leak: Array,
    }
    /// A leaky integrator that fires.
    Lif = "LIF" {
        /// Time constant.
        tau: Array,
        /// Resistance.
        r: Array,
        /// Leak voltage.
        v_leak: Array,
        /// Threshold of the voltage.
        v_threshold: Array,
        /// Voltage after a spike. Default: 0.
        v_reset: Option<Array>,
    }
    /// A leaky integrator of a current that decays.
    CubaLi = "CubaLI" {
        /// Time constant of the voltage.
        tau_mem: Array,
        /// Time constant of the current.
        tau_syn: Array,
        /// Resistance.
        r: Array,
        /// Leak voltage.
        v_leak: Array,
        /// Factor of the input. Default: 1.
        w_in: Option<Array>,
    }
    /// A leaky integrator of a current that decays, which fires.
    CubaLif = "CubaLIF" {
        /// Time constant of the voltage.
        tau_mem: Array,
        /// Time constant of the current.
        tau_syn: Array,
        /// Resistance.
        r: Array,
        /// Leak voltage.
        v_leak: Array,
        /// Threshold of the voltage.
        v_threshold: Array,
        /// Voltage after a spike. Default: 0.
        v_reset: Option<Array>,
        /// Factor of the input. Default: 1.
        w_in: Option<Array>,
    }
}

impl NirNode {
    /// The array of this name in files, if the node has one.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.arrays().into_iter().find_map(|(own, array)| (own == name).then_some(array))
    }
}

fn named(name: &str, what: &str) -> String {
    format!("`{name}` {what}")
}

/// The parameter of this name.
fn read<T: Parameter>(type_name: &str, fields: &BTreeMap<String, H5Item>, name: &str) -> Result<T, String> {
    let item = fields.get(name);
    if let Some(reason) = item.and_then(H5Item::unread) {
        return Err(format!("`{name}`: {reason}"));
    }
    let found = T::read(item).map_err(|what| named(name, &what))?;
    let found = found.ok_or_else(|| format!("a {type_name} needs `{name}`, which is missing"))?;
    found.check().map_err(|what| named(name, &what))?;
    Ok(found)
}
