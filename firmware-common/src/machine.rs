//! The whole machine: serves one device on a board's line for as long as it is on.

use core::convert::Infallible;

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, Write};
use loihi_core::device::{Board, Buffers, Device};

use crate::serve::serve;

/// Serves a device of this board on its line. `busy` is high while a request is executed. Does not return, since a UART
/// neither fails nor ends.
pub fn run<P, O>(board: Board, port: &mut P, busy: &mut O, arena: &'static mut [u64], line: Buffers<&'static mut [u8]>)
where
    P: Read<Error = Infallible> + Write<Error = Infallible>,
    O: OutputPin,
{
    let arena_bytes = size_of_val::<[u64]>(arena);
    defmt::info!("{=str}: firmware {=str}, arena {=usize} bytes", board.name, env!("CARGO_PKG_VERSION"), arena_bytes);
    let mut device = Device::new(arena, board, line);
    let Ok(()) = serve(port, busy, &mut device);
}
