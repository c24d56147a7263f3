//! The session on a board: its line, its pin, its memory.

use crate::ram_flash::RamFlash;
use crate::session::Session;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::{ptr, slice};
use embedded_hal::digital::OutputPin as _;
use firmware_common::machine::Machine;
use loihi_core::snip::SnipType;

/// The line of a machine, for text.
struct Line<M>(PhantomData<M>);

impl<M: Machine> Write for Line<M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        M::send(text.as_bytes());
        Ok(())
    }
}

/// Learns what comes over the line. The pin is high while the last answer was right. Returns when it cannot begin, after a
/// sentence that says why.
pub fn run<M: Machine>(snips: &'static [SnipType]) {
    // What went wrong is said already.
    let _said = learn::<M>(snips, &mut Line(PhantomData::<M>));
}

fn learn<M: Machine>(snips: &'static [SnipType], say: &mut Line<M>) -> fmt::Result {
    let image = match M::network() {
        Ok(image) => image,
        Err(error) => return write!(say, "error: {}\r\n", error.sentence()),
    };
    let Some((origin, bytes)) = M::STORE else {
        return write!(say, "error: this board has no store: give it one in its file\r\n");
    };
    // SAFETY: the data of the board say that this much RAM is there, and the linker puts nothing into it. All bytes are
    // values of the type. This function runs once, and nothing else knows the address.
    let store = unsafe { slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut(origin), bytes) };
    let (arena, _) = M::memory();
    let mut session = Session::open(image, snips, arena, RamFlash::new(store), say)?;
    let mut pin = M::strobe();
    loop {
        if let Some(is_right) = session.take(M::receive(), say)? {
            let Ok(()) = if is_right { pin.set_high() } else { pin.set_low() };
        }
    }
}
