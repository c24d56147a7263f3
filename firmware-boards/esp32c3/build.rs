//! Makes the constants of the board's data. Memory map and start are those of `esp-hal`.

use std::path::Path;
use std::{env, fs, io};

/// The stack as it is painted. The words at its end belong to the guard of `esp-hal`, a watchpoint.
const STACK: &str = "
__stack_bottom = _stack_end + 64;
__stack_top = _stack_start;
";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let board = loihi_boards::build::write_constants("firmware-esp32c3")?;
    let folder = env::var("OUT_DIR").map_err(io::Error::other)?;
    let least = format!("ASSERT(_stack_start - _stack_end >= {}, \"too little stack\");\n", board.stack_bytes);
    fs::write(Path::new(&folder).join("stack-painted.x"), [STACK, &least].concat())?;
    for argument in [&format!("-L{folder}"), "-Tlinkall.x", "-Tdefmt.x", "-Tstack-painted.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    Ok(())
}
