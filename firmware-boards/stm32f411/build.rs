//! Makes memory map and constants of the board's data.

fn main() -> std::io::Result<()> {
    loihi_boards::build::run("firmware-stm32f411", "arm")
}
