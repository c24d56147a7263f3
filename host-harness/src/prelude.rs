//! What programs that build and run networks use most: `use host_harness::prelude::*`.

pub use loihi_core::image::Profile;
pub use loihi_core::register::Register;
pub use loihi_data::{Sample, SampleData};
pub use loihi_device::Device;
pub use loihi_device::framed::Framed;
pub use loihi_device::inproc::InProcess;
pub use loihi_device::qemu::Qemu;
pub use loihi_device::session::{RetryPolicy, Session, SessionError};
pub use loihi_device::transport::OpenOptions;
pub use loihi_net::network::{
    Bias, Coding, Connection, Conv2d, Each, Endpoint, Input, Learning, Network, NetworkError, Pool2d, Population,
    ReadBy, Readout, Signs, SparseSynapse, TraceShape, Weights, file,
};
pub use loihi_net::probe::Probe;
pub use loihi_place::place::{PlaceError, Placed, PlacementOptions, place};
pub use loihi_run::inference::present::Presentation;
pub use loihi_run::inference::{Inference, InferenceError, Spike, Stimulus};
pub use loihi_run::record::{Learned, RunFolder};
pub use loihi_run::runner::{Answer, Runner, RunnerBuilder, RunnerError};
