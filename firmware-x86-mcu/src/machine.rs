//! The whole machine: serves one device on the serial port for as long as it is on.

use loihi_core::device::{Board, Device};
use loihi_core::snip::SnipType;

use crate::arena::{self, ARENA_BYTES};
use crate::clock;
use crate::serve::serve;
use crate::stack;
use crate::strobe::Strobe;
use crate::uart::{self, com1};

/// Serves a device with this name, which the host shows, and these programs of the embedded CPU. Does not return.
pub fn run(name: &'static str, snips: &'static [SnipType]) {
    defmt::info!("{=str}: firmware {=str}, arena {=usize} bytes", name, env!("CARGO_PKG_VERSION"), ARENA_BYTES);
    let board = Board {
        ticks: Some(clock::ticks),
        interrupted: Some(uart::has_received),
        stack_bytes: Some(stack::used_bytes),
        snips,
        ..Board::named(name)
    };
    let mut device = Device::new(arena::take(), board, arena::take_line());
    // A UART neither fails nor ends, so this does not return.
    let Ok(()) = serve(&mut com1(), &mut Strobe, &mut device);
}

/// A firmware of this name with these programs: all that a binary needs besides `no_std` and `no_main`.
#[macro_export]
macro_rules! firmware {
    ($name:expr, $snips:expr) => {
        // SAFETY: the boot code calls it by this name, which nothing else has.
        #[unsafe(no_mangle)]
        extern "C" fn firmware_main() {
            $crate::machine::run($name, $snips);
        }
    };
}
