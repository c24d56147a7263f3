//! Makes memory map and constants of the board's file.

fn main() -> std::io::Result<()> {
    loihi_boards::build::run_file("lm3s6965evb.toml")
}
