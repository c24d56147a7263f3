//! Links the program as the board wants it; a host build needs nothing.

fn main() -> std::io::Result<()> {
    loihi_boards::build::link()
}
