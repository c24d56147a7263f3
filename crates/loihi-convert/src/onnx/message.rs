//! The messages of an ONNX file, as far as they are read or written. Field numbers are those of `onnx.proto`.

use prost::Message;

/// `producer_name` of the files that this crate writes.
pub const PRODUCER: &str = "loihi";

/// A file.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// What wrote it.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// The network.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// Versions of the operators.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

/// A version of a set of operators.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OperatorSet {
    /// Whose; empty for ONNX's own.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// The version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A network: nodes in an order in which each comes after what it takes.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// Operators.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// What comes in; in old files also the constants.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// What comes out.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// An operator at work.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of what it takes; empty for what is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of what it gives.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Its own name, often empty.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Parameters.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// Whose operator; empty for ONNX's own.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// A parameter of a node.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A number.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// A whole number.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// A text.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// An array.
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    /// Whole numbers.
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// Which of these it is.
    #[prost(int32, tag = "20")]
    pub r#type: i32,
}

/// An array.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Extents.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// What its elements are.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Elements of [`FLOAT`].
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of [`INT64`].
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements of any type, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Elements of [`DOUBLE`].
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Where the elements are.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// `Tensor::data_type` of single precision.
pub const FLOAT: i32 = 1;
/// Of whole numbers.
pub const INT64: i32 = 7;
/// Of double precision.
pub const DOUBLE: i32 = 11;
/// `Tensor::data_location` of elements in another file.
pub const EXTERNAL: i32 = 1;
/// `Attribute::r#type` of a number.
pub const OF_FLOAT: i32 = 1;
/// Of a whole number.
pub const OF_INT: i32 = 2;
/// Of whole numbers.
pub const OF_INTS: i32 = 7;

/// What comes in or out.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ValueInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it is.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// What something is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Type {
    /// An array.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// What an array is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TensorType {
    /// What its elements are.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Its extents.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Extents>,
}

/// Extents of an array.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Extents {
    /// One after the other.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Extent>,
}

/// An extent.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Extent {
    /// A number; 0 if it has a name instead.
    #[prost(int64, tag = "1")]
    pub value: i64,
    /// A name, as of the number of samples.
    #[prost(string, tag = "2")]
    pub param: String,
}
