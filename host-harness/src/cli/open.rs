//! Opens the device that the command line names.

use super::{DeviceArgs, DeviceKind, stop};
use anyhow::Context as _;
use host_harness::device::Device;
use host_harness::device::framed::Framed;
use host_harness::device::inproc::InProcess;
use host_harness::device::qemu::{Qemu, firmware_path};
use host_harness::device::session::{RetryPolicy, Session, new_number};

pub(super) fn open(args: &DeviceArgs) -> anyhow::Result<Session> {
    let device: Box<dyn Device> = match args.device {
        DeviceKind::Host => Box::new(InProcess::try_new(args.arena, args.registers.into())?),
        DeviceKind::Qemu => Box::new(Framed::new(Qemu::start(&firmware_path(args.firmware.as_deref()))?)),
    };
    let name = device.name().to_owned();
    Session::open(device, RetryPolicy::default(), new_number(), stop::requested)
        .with_context(|| format!("the device {name} cannot be opened"))
}
