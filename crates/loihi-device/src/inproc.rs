//! The device in this process: nothing to install.

use super::error::SessionError;
use super::pages::Pages;
use super::threads::on_processors;
pub use super::transport::ARENA_BYTES_DEFAULT;
use super::transport::{OpenOption, Transport};
use super::wide::Registers;
use super::{Device, DeviceFault, Line, Waiting};
use loihi_core::device::{Board, Buffers, Device as CoreDevice, InParts, Machine};
use loihi_core::rules;
use loihi_core::snip::SnipType;
use loihi_core::wire::frame::{BODY_LARGE, incoming_bytes, line_bytes};
use loihi_core::wire::message::{Request, Response, data_bytes};
use std::time::Duration;

/// Most bytes of data in an answer of the device in this process.
const DATA_BYTES: usize = 1 << 22;

/// `host`.
pub const TRANSPORT: Transport = Transport {
    name: "host",
    about: "In this process",
    arguments: "",
    takes: &[OpenOption::Arena, OpenOption::Registers, OpenOption::Threads],
    open: |_, options| {
        let threads = options.threads.map_or(0, on_processors);
        Ok(Box::new(InProcess::try_new(options.arena_bytes, options.registers)?.threads(threads)))
    },
};

/// What the device in this process knows of its board.
fn board(snips: &'static [SnipType], registers: Registers) -> Board {
    Board { step: registers.step(), inject: registers.inject(), snips, ..Board::named("host process") }
}

/// A chip in this process: a request is a function call.
#[derive(Debug)]
pub struct InProcess {
    machine: Machine<Pages>,
    data: Vec<u8>,
    arena_bytes: usize,
    board: Board,
    registers: Registers,
    /// Threads that compute a network; 0 chooses by size.
    threads: usize,
}

impl InProcess {
    /// A device with an arena of this many bytes, rounded down to whole 64-bit words, and the built-in programs.
    pub fn new(arena_bytes: usize) -> Self {
        Self::with_snips(arena_bytes, &rules::ALL)
    }

    /// A device with these programs of the embedded CPU. If the allocation fails, its arena is empty.
    pub fn with_snips(arena_bytes: usize, snips: &'static [SnipType]) -> Self {
        let registers = Registers::default();
        let arena = Pages::zeroed(arena_bytes).unwrap_or_else(|_| Pages::none());
        Self::of(arena, arena_bytes, board(snips, registers), registers)
    }

    /// A device with the built-in programs and these registers, if there is as much memory.
    ///
    /// # Errors
    /// [`DeviceFault`] says that there is not.
    pub fn try_new(arena_bytes: usize, registers: Registers) -> Result<Self, DeviceFault> {
        Self::on(arena_bytes, board(&rules::ALL, registers), registers)
    }

    /// On a board of its own, if there is as much memory.
    fn on(arena_bytes: usize, board: Board, registers: Registers) -> Result<Self, DeviceFault> {
        let none =
            |_| DeviceFault(format!("out of memory for an arena of {arena_bytes} bytes: give a smaller --arena"));
        let arena = Pages::zeroed(arena_bytes).map_err(none)?;
        Ok(Self::of(arena, arena_bytes, board, registers))
    }

    fn of(arena: Pages, arena_bytes: usize, board: Board, registers: Registers) -> Self {
        let machine = Machine::new(arena, board);
        let mut device = Self { machine, data: vec![0; DATA_BYTES], arena_bytes, board, registers, threads: 1 };
        device.set_threads(1);
        device
    }

    /// Computes a network on `threads` threads, at most one per core of the network; 0 chooses the number by its size. The default
    /// is one. The bits are the same for any number; more than [`on_processors`] are slow.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.set_threads(threads);
        self
    }

    fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
        let in_parts = InParts { parts: threads, run: self.registers.steps_in_parts() };
        self.machine.set_in_parts(Some(in_parts));
    }
}

impl Default for InProcess {
    /// A device with [`ARENA_BYTES_DEFAULT`] bytes.
    fn default() -> Self {
        Self::new(ARENA_BYTES_DEFAULT)
    }
}

impl Device for InProcess {
    fn name(&self) -> &'static str {
        "host"
    }

    fn ask(
        &mut self,
        request: &Request<'_>,
        waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError> {
        self.machine.set_interrupted(Some(waiting.stop));
        read(self.machine.execute(request, &mut self.data));
        Ok(())
    }

    fn is_near(&self) -> bool {
        true
    }

    fn another(&mut self) -> Option<Result<Box<dyn Device>, DeviceFault>> {
        // Several devices already use the processors: by default each computes on one thread.
        self.set_threads(self.threads.max(1));
        let another =
            Self::on(self.arena_bytes, self.board, self.registers).map(|another| another.threads(self.threads));
        Some(another.map(|another| Box::new(another) as Box<dyn Device>))
    }
}

/// A chip in this process behind the bytes of any other device.
#[derive(Debug)]
pub struct InProcessLine {
    device: CoreDevice<Vec<u64>, Vec<u8>>,
}

impl InProcessLine {
    /// A device as [`InProcess::new`] makes it, with room for long messages.
    pub fn new(arena_bytes: usize) -> Self {
        Self::with_body(arena_bytes, BODY_LARGE)
    }

    /// The same with message bodies of `body_bytes` bytes, at least [`BODY_LEAST`](loihi_core::wire::frame::BODY_LEAST).
    pub fn with_body(arena_bytes: usize, body_bytes: usize) -> Self {
        let buffers = Buffers {
            incoming: vec![0; incoming_bytes(body_bytes)],
            outgoing: vec![0; line_bytes(body_bytes)],
            data: vec![0; data_bytes(body_bytes)],
        };
        Self { device: CoreDevice::new(vec![0; arena_bytes / 8], board(&rules::ALL, Registers::default()), buffers) }
    }
}

impl Line for InProcessLine {
    fn name(&self) -> &'static str {
        "host"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        for byte in bytes {
            self.device.receive(*byte);
        }
        Ok(())
    }

    fn answers_at_once(&self) -> bool {
        true
    }

    fn receive(&mut self, into: &mut Vec<u8>, _wait: Duration) -> Result<(), DeviceFault> {
        let pending = self.device.pending();
        let sent = pending.len();
        into.extend_from_slice(pending);
        self.device.advance(sent);
        Ok(())
    }
}
