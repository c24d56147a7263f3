//! UARTE0, which moves bytes to and from memory by itself, and interrupts the processor for each byte that it has received.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering, compiler_fence};

use cortex_m::peripheral::NVIC;
use firmware_common::inbox::Inbox;
use firmware_common::register::word;
use firmware_common::uart::Uart;
use loihi_core::wire::frame::line_bytes;
use nrf52840_hal::pac::uarte0::RegisterBlock;
use nrf52840_hal::pac::{Interrupt, UARTE0, interrupt};
use nrf52840_hal::uarte::{Baudrate, Parity, Pins, Uarte};

use crate::data::BODY_BYTES;

/// Room for the longest frame of this board, and for as much that comes before it.
const INBOX_BYTES: usize = 2 * line_bytes(BODY_BYTES);
/// Most bytes that are sent at once.
const SEND_BYTES: usize = 64;

static INBOX: Inbox<INBOX_BYTES> = Inbox::new();
/// Where the next byte is received and the one after it, in turns; the flag is set when the next one goes to the second.
static RECEIVED: [AtomicU8; 2] = [const { AtomicU8::new(0) }; 2];
static SECOND: AtomicBool = AtomicBool::new(false);
/// What is being sent: the peripheral reads no flash.
static SENT: [AtomicU8; SEND_BYTES] = [const { AtomicU8::new(0) }; SEND_BYTES];

/// The line.
#[derive(Debug)]
pub(crate) struct Uarte0;

fn registers() -> &'static RegisterBlock {
    // SAFETY: the registers lie there. They are used by the program for sending, by the handler for receiving.
    unsafe { &*UARTE0::ptr() }
}

/// An address in RAM, as the peripheral wants it.
fn address(at: &AtomicU8) -> u32 {
    word(at.as_ptr().addr())
}

/// Has the byte after the next one received into a slot.
fn receive_into(slot: &AtomicU8) {
    // SAFETY: one byte is written at the address, which is that of a static that holds a byte of any value.
    registers().rxd.ptr.write(|register| unsafe { register.ptr().bits(address(slot)) });
}

impl Uarte0 {
    /// Sets the line up: 115,200 baud, eight bits, no parity, one stop bit.
    pub(crate) fn start(uarte: UARTE0, pins: Pins) {
        let _stays_on = Uarte::new(uarte, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
        let registers = registers();
        receive_into(&RECEIVED[0]);
        // SAFETY: as long as the slots.
        registers.rxd.maxcnt.write(|register| unsafe { register.maxcnt().bits(1) });
        // The next byte is received without the handler.
        registers.shorts.write(|register| register.endrx_startrx().enabled());
        registers.intenset.write(|register| register.endrx().set());
        registers.tasks_startrx.write(|register| register.tasks_startrx().set_bit());
        while registers.events_rxstarted.read().bits() == 0 {}
        receive_into(&RECEIVED[1]);
        // SAFETY: the handler shares nothing with the program but the inbox, which keeps them apart.
        unsafe { NVIC::unmask(Interrupt::UARTE0_UART0) };
    }
}

/// A byte has come, and the next is on its way into the other slot.
#[interrupt]
fn UARTE0_UART0() {
    let registers = registers();
    registers.events_endrx.reset();
    compiler_fence(Ordering::SeqCst);
    let was_second = SECOND.load(Ordering::Relaxed);
    SECOND.store(!was_second, Ordering::Relaxed);
    let slot = &RECEIVED[usize::from(was_second)];
    INBOX.push(slot.load(Ordering::Relaxed));
    receive_into(slot);
}

impl Uart for Uarte0 {
    fn has_received(&self) -> bool {
        !INBOX.is_empty()
    }

    fn take(&self) -> u8 {
        INBOX.take().unwrap_or(0)
    }

    fn send(&self, byte: u8) {
        self.send_all(&[byte]);
    }

    fn send_all(&self, bytes: &[u8]) {
        let registers = registers();
        for chunk in bytes.chunks(SEND_BYTES) {
            for (slot, byte) in SENT.iter().zip(chunk) {
                slot.store(*byte, Ordering::Relaxed);
            }
            compiler_fence(Ordering::SeqCst);
            let count = u16::try_from(chunk.len()).unwrap_or(0);
            registers.events_endtx.reset();
            // SAFETY: that many bytes are read from a static of at least as many.
            unsafe {
                registers.txd.ptr.write(|register| register.ptr().bits(address(&SENT[0])));
                registers.txd.maxcnt.write(|register| register.maxcnt().bits(count));
            }
            registers.tasks_starttx.write(|register| register.tasks_starttx().set_bit());
            while registers.events_endtx.read().bits() == 0 {}
        }
    }

    /// Sending has waited for the last byte.
    fn flush(&self) {}
}
