//! Makes memory map and constants of the board's data.

fn main() -> std::io::Result<()> {
    loihi_boards::build::run("firmware-nrf52840", "arm")
}
