//! What the firmware of every board shares. A board adds boot code, a serial line, a clock and a pin.
//!
//! | module | its one job |
//! |---|---|
//! | [`serve`] | the serve loop: bytes in, a device, bytes out |
//! | [`region`] | memory that is handed out once |
//! | [`stack`] | how much of the stack was ever in use |
//! | [`record`] | log records as frames on a channel of their own |
//! | [`report`] | what went wrong, as a line of text and as a log record |
//! | [`trap`] | names of the exceptions of RISC-V |
//! | [`wide`] | a counter of 32 bits as one of 64 |
//! | [`register`] | registers of peripherals |
//! | [`inbox`] | bytes that an interrupt has received |
//! | [`listener`] | whether anyone reads what is sent over USB |
//! | [`uart`], [`ns16550`], [`pin`] | a serial line that is polled, and a driver for the commonest; the strobe |
//! | [`exit`] | why a machine ends |
//! | `machine` | all of it together: what a machine brings, and the program that is the same on all |
//! | `program`, `faults` | what a binary needs: the firmware, and the one that goes wrong on purpose |
//!
//! Nothing here touches a processor, and all but `machine` and the logger itself is built and tested on the host, too.

#![cfg_attr(target_os = "none", no_std)]

pub mod exit;
#[cfg(target_os = "none")]
pub mod faults;
pub mod inbox;
pub mod listener;
#[cfg(target_os = "none")]
pub mod machine;
pub mod ns16550;
pub mod pin;
pub mod program;
pub mod record;
pub mod region;
pub mod register;
pub mod report;
pub mod serve;
pub mod stack;
pub mod trap;
pub mod uart;
pub mod wide;
