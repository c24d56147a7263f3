//! Runs a rule of one's own on the host or on the bare x86 in QEMU, and carries what it has learned from run to run.
//!
//! `cargo run --release --package own-rule` prints, for either device:
//!
//! ```text
//! errors at first 86, at last 9
//! digest of all state ...
//! ```

#[cfg(not(target_os = "none"))]
fn main() -> anyhow::Result<()> {
    host::main()
}

#[cfg(target_os = "none")]
fn main() {}

#[cfg(not(target_os = "none"))]
mod host {
    use anyhow::Context as _;
    use clap::{Parser, ValueEnum};
    use host_harness::boards;
    use host_harness::device::Device;
    use host_harness::device::framed::Framed;
    use host_harness::device::inproc::{ARENA_BYTES_DEFAULT, InProcess};
    use host_harness::device::qemu::Qemu;
    use host_harness::device::session::{RetryPolicy, Session};
    use loihi_core::chip::SnapshotScope;
    use own_rule::{SNIPS, experiment};
    use std::path::PathBuf;

    #[derive(Clone, Copy, Debug, ValueEnum)]
    enum DeviceKind {
        /// In this process
        Host,
        /// The firmware with the rule in it, in QEMU
        Qemu,
    }

    /// Teaches three compartments to spike when their teachers do, by a rule that lies in this example alone.
    #[derive(Debug, Parser)]
    struct Arguments {
        /// Where the chip runs
        #[arg(long, value_enum, default_value = "host")]
        device: DeviceKind,
        /// The firmware with the rule in it
        #[arg(long, default_value = "target/firmware/own-rule-x86-mcu.elf")]
        firmware: PathBuf,
        /// Seed of the weights and the pattern
        #[arg(long, default_value_t = 0)]
        seed: u32,
        /// How often the pattern is shown
        #[arg(long, default_value_t = 100)]
        showings: u32,
        /// A file with what an earlier run has learned
        #[arg(long)]
        restore: Option<PathBuf>,
        /// A file for what this run has learned
        #[arg(long)]
        save: Option<PathBuf>,
    }

    pub(super) fn main() -> anyhow::Result<()> {
        let arguments = Arguments::parse();
        let device: Box<dyn Device> = match arguments.device {
            DeviceKind::Host => Box::new(InProcess::with_snips(ARENA_BYTES_DEFAULT, &SNIPS)),
            DeviceKind::Qemu => Box::new(Framed::new(Qemu::start(boards::default(), &arguments.firmware)?)),
        };
        let mut session = Session::open(device, RetryPolicy::default(), std::process::id(), || false)?;
        session.load(&experiment::network(arguments.seed)?)?;
        if let Some(path) = &arguments.restore {
            let learned = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            session.restore(SnapshotScope::Learned, &learned)?;
        }
        let outcome = experiment::learn(&mut session, arguments.seed, arguments.showings)?;
        println!("errors at first {}, at last {}", outcome.errors_first, outcome.errors_last);
        println!("digest of all state {:016x}", outcome.digest);
        if let Some(path) = &arguments.save {
            std::fs::write(path, session.save(SnapshotScope::Learned)?)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }
}
