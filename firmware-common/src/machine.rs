//! The whole machine: what each brings of its own, and what all do with it.

use core::panic::PanicInfo;
use core::{ptr, slice};

use loihi_core::device::{Board, Buffers, Device};
use loihi_core::image::{SealError, sealed};
use loihi_core::snip::SnipType;

use crate::exit::Reason;
use crate::pin::Pin;
use crate::report::{self, Text};
use crate::serve::serve;
use crate::stack;
use crate::uart::{Port, Uart};

// SAFETY: every program defines it with this signature; without one it does not link.
unsafe extern "C" {
    /// What the machine does. Ends it when it returns.
    safe fn firmware_main();
}

/// A machine. Its functions without a body are what a processor or a board brings.
///
/// The type has no fields: the hardware is there once, and keeps its own state. [`machine!`](crate::machine!)
/// defines the memory, the log and the handler of panics around it.
pub trait Machine {
    /// What the host shows, unless the program has a name of its own.
    const NAME: &'static str;
    /// Address and length of the region of flash for a network, if there is one.
    const NETWORK: Option<(usize, usize)> = None;
    /// Address and length of the RAM that the linker leaves alone for what outlives a reset, if the program wants it.
    const STORE: Option<(usize, usize)> = None;

    /// Executed instructions or cycles since the start, where the processor counts them.
    fn ticks() -> Option<fn() -> u64>;

    /// A handle to the line, which has been set up.
    ///
    /// Handles share the hardware: with one thread, and no interrupt that sends and returns, what is written through one
    /// has left before anything can be written through another.
    fn uart() -> impl Uart;

    /// The pin that is high while a request is executed.
    fn strobe() -> Pin<impl FnMut(bool)>;

    /// The arena, all zero, and the buffers of the line for the first caller; empty for any other.
    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>);

    /// Ends the machine, with a status in an emulator.
    fn exit(reason: Reason) -> !;

    /// Runs the program on hardware that has been set up.
    fn start() -> ! {
        // The delimiter ends what may have been sent before, and tells the host that from now on nothing is dropped.
        Self::send(&[0]);
        firmware_main();
        Self::leave(Reason::Finished)
    }

    /// Serves a device with this name and these programs of the embedded CPU on the line. Does not return, since a UART
    /// neither fails nor ends.
    fn run(name: Option<&'static str>, snips: &'static [SnipType]) {
        let image = Self::network().unwrap_or_else(|error| {
            if error != SealError::Blank {
                defmt::warn!("{=str}", error.sentence());
            }
            &[]
        });
        let board = Board {
            ticks: Self::ticks(),
            interrupted: Some(Self::has_received),
            stack_bytes: Some(stack::used_bytes),
            snips,
            image,
            ..Board::named(name.unwrap_or(Self::NAME))
        };
        let (arena, line) = Self::memory();
        let arena_bytes = size_of_val::<[u64]>(arena);
        defmt::info!(
            "{=str}: firmware {=str}, arena {=usize} bytes",
            board.name,
            env!("CARGO_PKG_VERSION"),
            arena_bytes
        );
        let mut device = Device::new(arena, board, line);
        let Ok(()) = serve(&mut Port(Self::uart()), &mut Self::strobe(), &mut device);
    }

    /// The image of the network in flash, which runs where it lies.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn network() -> Result<&'static [u8], SealError> {
        let Some((origin, bytes)) = Self::NETWORK else { return Err(SealError::Blank) };
        // SAFETY: the data of the board say that this much flash is there, at a multiple of eight. The linker puts nothing
        // into it, and nothing writes it while the program runs.
        sealed(unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(origin), bytes) })
    }

    /// Whether received bytes wait to be read.
    fn has_received() -> bool {
        Self::uart().has_received()
    }

    /// Waits for a byte.
    fn receive() -> u8 {
        let uart = Self::uart();
        while !uart.has_received() {}
        uart.take()
    }

    /// Sends all of `bytes`.
    fn send(bytes: &[u8]) {
        Self::uart().send_all(bytes);
    }

    /// Reports an exception of the processor, with registers and their labels, and ends the machine.
    fn fault<const N: usize>(name: &str, values: [(&str, u32); N]) -> ! {
        Self::enter();
        Text::fault(name, values).tell(Self::send);
        Self::leave(Reason::Fault)
    }

    /// Reports a panic, and ends the machine. A test of the image proves that the firmware cannot panic, but Rust wants a
    /// handler.
    fn panic(info: &PanicInfo<'_>) -> ! {
        Self::enter();
        Text::panic(info).tell(Self::send);
        Self::leave(Reason::Panic)
    }

    /// Gives up at once when the reporting itself has failed.
    fn enter() {
        if !report::is_first() {
            Self::exit(Reason::Nested);
        }
    }

    /// Ends the machine when the last byte has left the line.
    fn leave(reason: Reason) -> ! {
        Self::uart().flush();
        Self::exit(reason)
    }
}

/// The machine of a board with its data as the module `data` in scope, and what it needs around it: what counts, the functions that
/// give the line and the pin, and the one that ends the machine.
#[macro_export]
macro_rules! hardware {
    ($visible:vis struct $machine:ident: $ticks:expr, $uart:path, $strobe:path, $exit:path) => {
        /// The hardware of the board.
        #[derive(Debug)]
        $visible struct $machine;

        impl $crate::machine::Machine for $machine {
            const NAME: &'static str = data::NAME;
            const NETWORK: Option<(usize, usize)> = data::NETWORK;
            const STORE: Option<(usize, usize)> = data::STORE;

            fn ticks() -> Option<fn() -> u64> {
                $ticks
            }

            fn uart() -> impl $crate::uart::Uart {
                $uart()
            }

            fn strobe() -> $crate::pin::Pin<impl FnMut(bool)> {
                $strobe()
            }

            fn memory() -> (&'static mut [u64], loihi_core::device::Buffers<&'static mut [u8]>) {
                (ARENA.take_all(), loihi_core::device::Buffers::split(LINE.take_all()))
            }

            fn exit(reason: $crate::exit::Reason) -> ! {
                $exit(reason)
            }
        }

        $crate::machine!($machine, data::ARENA_BYTES, data::BODY_BYTES);
    };
}

/// What a [`Machine`] needs around it: the memory `ARENA` and `LINE`, for an arena and messages of these sizes in bytes,
/// the log, and the handler of panics. A machine that finds its arena when it starts leaves that size out.
#[macro_export]
macro_rules! machine {
    ($machine:ty, $arena_bytes:expr, $body_bytes:expr) => {
        // The size table reads the symbol.
        // SAFETY: nothing else has this name, and the linker puts the section into zeroed, writable memory.
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".bss.arena")]
        static ARENA: $crate::region::Region<[u64; $arena_bytes / size_of::<u64>()]> =
            $crate::region::Region::new([0; $arena_bytes / size_of::<u64>()]);

        $crate::machine!($machine, $body_bytes);
    };
    ($machine:ty, $body_bytes:expr) => {
        static LINE: $crate::region::Region<[u8; loihi_core::device::Buffers::bytes($body_bytes)]> =
            $crate::region::Region::new([0; loihi_core::device::Buffers::bytes($body_bytes)]);

        $crate::frame_logger!(<$machine as $crate::machine::Machine>::send);

        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            <$machine as $crate::machine::Machine>::panic(info)
        }
    };
}
