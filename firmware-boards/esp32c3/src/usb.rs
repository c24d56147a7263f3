//! The serial port of the chip's USB (USB-Serial-JTAG). USB holds back what the chip has no room for, so that no byte is
//! lost while it computes.

use core::cell::RefCell;

use critical_section::Mutex;
use esp_hal::Blocking;
use esp_hal::peripherals::USB_DEVICE;
use esp_hal::usb_serial_jtag::UsbSerialJtag;
use firmware_common::inbox::Inbox;
use firmware_common::listener::Listener;
use firmware_common::uart::Uart;

use crate::cycles;
use crate::data::CLOCK_HZ;

/// How long the host may take to read, in cycles: a tenth of a second.
const WAIT_CYCLES: u64 = CLOCK_HZ as u64 / 10;

static PORT: Mutex<RefCell<Option<UsbSerialJtag<'static, Blocking>>>> = Mutex::new(RefCell::new(None));
/// Filled with the next byte only when it is empty.
static INBOX: Inbox<1> = Inbox::new();
static HOST: Listener = Listener::new();

/// The line.
#[derive(Debug)]
pub(crate) struct UsbSerial;

impl UsbSerial {
    /// Sets the port up.
    pub(crate) fn start(usb: USB_DEVICE<'static>) {
        critical_section::with(|section| PORT.borrow(section).replace(Some(UsbSerialJtag::new(usb))));
    }

    /// `None` in the middle of another use, as after a fault in one.
    fn with<T>(run: impl FnOnce(&mut UsbSerialJtag<'static, Blocking>) -> T) -> Option<T> {
        critical_section::with(|section| PORT.borrow(section).try_borrow_mut().ok()?.as_mut().map(run))
    }
}

impl Uart for UsbSerial {
    fn has_received(&self) -> bool {
        let _count_goes_on = cycles::ticks();
        if INBOX.is_empty()
            && let Some(byte) = Self::with(|port| port.read_byte().ok()).flatten()
        {
            HOST.heard();
            INBOX.push(byte);
        }
        !INBOX.is_empty()
    }

    fn take(&self) -> u8 {
        INBOX.take().unwrap_or(0)
    }

    /// What nobody reads is dropped.
    fn send(&self, byte: u8) {
        let sent = || Self::with(|port| port.write_byte_nb(byte).is_ok()).unwrap_or(true);
        let _nobody_may_read = HOST.offer(sent, cycles::ticks, WAIT_CYCLES);
    }

    fn flush(&self) {
        let sent = || Self::with(|port| port.flush_tx_nb().is_ok()).unwrap_or(true);
        let _nobody_may_read = HOST.offer(sent, cycles::ticks, WAIT_CYCLES);
    }
}
