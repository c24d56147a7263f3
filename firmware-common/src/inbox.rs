//! Bytes that an interrupt has received, until the serve loop takes them.

use core::cell::RefCell;

use critical_section::Mutex;
use heapless::Deque;

/// Received bytes, at most `N`. A board gives it room for the longest frame, so that no byte is lost while it computes.
///
/// ```
/// use firmware_common::inbox::Inbox;
///
/// static INBOX: Inbox<2> = Inbox::new();
/// for byte in [7, 8, 9] {
///     INBOX.push(byte);
/// }
/// assert_eq!([INBOX.take(), INBOX.take(), INBOX.take()], [Some(7), Some(8), None], "there was no room for the third");
/// ```
#[derive(Debug)]
pub struct Inbox<const N: usize>(Mutex<RefCell<Deque<u8, N>>>);

impl<const N: usize> Default for Inbox<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Inbox<N> {
    /// Nothing received.
    pub const fn new() -> Self {
        Self(Mutex::new(RefCell::new(Deque::new())))
    }

    /// Adds a byte. One without room is dropped: the host notices, and sends again.
    pub fn push(&self, byte: u8) {
        self.with(|bytes| bytes.push_back(byte).ok());
    }

    /// Takes the byte that came first.
    pub fn take(&self) -> Option<u8> {
        self.with(Deque::pop_front)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.with(|bytes| Some(bytes.is_empty())).unwrap_or(true)
    }

    /// `None` in the middle of another use, as after a fault in one.
    fn with<T>(&self, run: impl FnOnce(&mut Deque<u8, N>) -> Option<T>) -> Option<T> {
        critical_section::with(|section| {
            self.0.borrow(section).try_borrow_mut().ok().and_then(|mut bytes| run(&mut bytes))
        })
    }
}
