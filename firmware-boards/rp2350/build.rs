//! Makes memory map and constants of the board's data. The boot ROM looks for a block in the first 4 KiB of the flash.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

const START_BLOCK: &str = "
SECTIONS {
  .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH
} INSERT AFTER .vector_table;
_stext = ADDR(.start_block) + SIZEOF(.start_block);
";

fn main() -> io::Result<()> {
    loihi_boards::build::run("firmware-rp2350", "arm")?;
    let folder = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut map = OpenOptions::new().append(true).open(Path::new(&folder).join("memory.x"))?;
    map.write_all(START_BLOCK.as_bytes())
}
