//! A serial port over USB (CDC-ACM). USB holds back what the board has no room for, so that no byte is lost, and the
//! program looks at it between any two steps.

use core::cell::RefCell;

use critical_section::Mutex;
use firmware_common::inbox::Inbox;
use firmware_common::listener::Listener;
use firmware_common::uart::Uart;
use firmware_cortex_m::cycles;
use rp235x_hal::clocks::UsbClock;
use rp235x_hal::pac;
use rp235x_hal::usb::UsbBus;
use usb_device::UsbError;
use usb_device::bus::UsbBusAllocator;
use usb_device::device::{StringDescriptors, UsbDevice, UsbDeviceBuilder, UsbVidPid};
use usbd_serial::{SerialPort, USB_CLASS_CDC};

use crate::data::CLOCK_HZ;

/// A packet.
const PACKET_BYTES: usize = 64;
/// How long the host may take to read, in cycles: a tenth of a second.
const WAIT_CYCLES: u64 = CLOCK_HZ as u64 / 10;
/// What serial ports share that have no number of their own.
const SHARED_ID: UsbVidPid = UsbVidPid(0x16C0, 0x27DD);

/// The device and its port.
struct Stack {
    device: UsbDevice<'static, UsbBus>,
    port: SerialPort<'static, UsbBus>,
}

static STACK: Mutex<RefCell<Option<Stack>>> = Mutex::new(RefCell::new(None));
static INBOX: Inbox<PACKET_BYTES> = Inbox::new();
static HOST: Listener = Listener::new();

/// The line.
#[derive(Debug)]
pub(crate) struct Usb;

impl Usb {
    /// Sets the port up.
    pub(crate) fn start(usb: pac::USB, memory: pac::USB_DPRAM, clock: UsbClock, resets: &mut pac::RESETS) {
        let bus = UsbBusAllocator::new(UsbBus::new(usb, memory, clock, true, resets));
        let Some(bus) = cortex_m::singleton!(: UsbBusAllocator<UsbBus> = bus) else { return };
        let port = SerialPort::new(bus);
        let strings = StringDescriptors::default().manufacturer("open Loihi").product("Loihi").serial_number("1");
        let builder = UsbDeviceBuilder::new(bus, SHARED_ID).device_class(USB_CLASS_CDC);
        let Ok(builder) = builder.strings(&[strings]) else { return };
        let Ok(builder) = builder.max_packet_size_0(64) else { return };
        let device = builder.build();
        critical_section::with(|section| STACK.borrow(section).replace(Some(Stack { device, port })));
    }

    /// `None` without a port, or in the middle of another use, as after a fault in one.
    fn with<T>(run: impl FnOnce(&mut Stack) -> T) -> Option<T> {
        critical_section::with(|section| STACK.borrow(section).try_borrow_mut().ok()?.as_mut().map(run))
    }

    /// Does what USB wants, and takes a packet if there is room.
    fn poll() {
        let mut packet = [0; PACKET_BYTES];
        let count = Self::with(|Stack { device, port }| {
            device.poll(&mut [port]);
            if INBOX.is_empty() { port.read(&mut packet).unwrap_or(0) } else { 0 }
        });
        for byte in packet.iter().take(count.unwrap_or(0)) {
            HOST.heard();
            INBOX.push(*byte);
        }
    }

    /// Sends as many as there is room for.
    fn send_some(bytes: &[u8]) -> usize {
        Self::poll();
        Self::with(|stack| stack.port.write(bytes).unwrap_or(0)).unwrap_or(0)
    }
}

impl Uart for Usb {
    fn has_received(&self) -> bool {
        Self::poll();
        !INBOX.is_empty()
    }

    fn take(&self) -> u8 {
        INBOX.take().unwrap_or(0)
    }

    fn send(&self, byte: u8) {
        self.send_all(&[byte]);
    }

    /// What nobody reads is dropped.
    fn send_all(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let mut sent = 0;
            let mut pass = || {
                sent = Self::send_some(bytes);
                sent > 0
            };
            if !HOST.offer(&mut pass, cycles::ticks, WAIT_CYCLES) {
                return;
            }
            bytes = bytes.get(sent..).unwrap_or_default();
        }
    }

    fn flush(&self) {
        let flushed = || {
            Self::poll();
            Self::with(|stack| !matches!(stack.port.flush(), Err(UsbError::WouldBlock))).unwrap_or(true)
        };
        let _nobody_may_read = HOST.offer(flushed, cycles::ticks, WAIT_CYCLES);
    }
}
