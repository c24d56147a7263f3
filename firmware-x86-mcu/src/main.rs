//! The firmware: serves one device on the serial port for as long as the machine is on.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod machine {
    use firmware_x86_mcu::arena::{self, ARENA_BYTES};
    use firmware_x86_mcu::clock;
    use firmware_x86_mcu::serve::serve;
    use firmware_x86_mcu::strobe::Strobe;
    use firmware_x86_mcu::uart::com1;
    use loihi_core::device::{Board, Device};
    use loihi_core::rules;
    use loihi_core::snip::SnipType;

    /// The board's name, as the host shows it.
    const NAME: &str = "x86-mcu";

    /// The programs of the embedded CPU that networks may name.
    static SNIPS: [SnipType; rules::ALL.len()] = rules::ALL;

    // SAFETY: the boot code calls it by this name, which nothing else has.
    #[unsafe(no_mangle)]
    extern "C" fn firmware_main() {
        defmt::info!("{=str}: firmware {=str}, arena {=usize} bytes", NAME, env!("CARGO_PKG_VERSION"), ARENA_BYTES);
        let board = Board { ticks: Some(clock::ticks), snips: &SNIPS, ..Board::named(NAME) };
        let mut device = Device::new(arena::take(), board, arena::take_line());
        // A UART neither fails nor ends, so this does not return.
        let Ok(()) = serve(&mut com1(), &mut Strobe, &mut device);
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this program runs on the bare machine; build it with `cargo xtask firmware`");
    std::process::exit(2);
}
