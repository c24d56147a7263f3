//! Makes memory map and constants of the board's data; a host build needs none.

fn main() -> std::io::Result<()> {
    loihi_boards::build::run("firmware-cortex-m", "arm")
}
