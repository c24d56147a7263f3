//! Makes memory map and constants of the board's data. The boot ROM looks for a block in the first 4 KiB of the flash.

use std::path::Path;
use std::{env, fs, io};

/// Where that block lies. The start-up crate puts the code behind `_stext`.
const START_BLOCK: &str = "
SECTIONS {
  .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH
} INSERT AFTER .vector_table;
_stext = ADDR(.start_block) + SIZEOF(.start_block);
";

fn main() -> io::Result<()> {
    let script = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("start-block.x");
    fs::write(&script, START_BLOCK)?;
    // Before the script of the start-up crate, which has another `_stext` where none is given.
    println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    loihi_boards::build::run("firmware-rp2350", "arm")
}
