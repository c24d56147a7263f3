//! NIR, the intermediate representation in which simulators hand each other networks: graphs of layers in HDF5 files.

pub mod h5;
