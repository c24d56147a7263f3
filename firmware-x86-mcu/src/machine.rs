//! The whole machine: serves one device on the serial port for as long as it is on.

use firmware_common::machine;
use loihi_core::device::Board;
use loihi_core::snip::SnipType;

use crate::strobe::Strobe;
use crate::uart::{self, com1};
use crate::{arena, clock, stack};

/// Serves a device with this name, which the host shows, and these programs of the embedded CPU. Does not return.
pub fn run(name: &'static str, snips: &'static [SnipType]) {
    let board = Board {
        ticks: Some(clock::ticks),
        interrupted: Some(uart::has_received),
        stack_bytes: Some(stack::used_bytes),
        snips,
        ..Board::named(name)
    };
    machine::run(board, &mut com1(), &mut Strobe, arena::take(), arena::take_line());
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
