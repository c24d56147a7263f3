//! What a binary needs besides `no_std` and `no_main`: the function that the start calls, one for a host, and the board's data.

/// A firmware for a `Machine` with these programs of the embedded CPU, named like its board or
/// otherwise.
///
/// ```ignore
/// firmware_riscv::firmware!(firmware_riscv::Hardware, Some("virt with ReSuMe"), &own_rule::SNIPS);
/// ```
#[macro_export]
macro_rules! firmware {
    ($machine:ty, $name:expr, $snips:expr) => {
        $crate::program!(<$machine as $crate::machine::Machine>::run($name, $snips));
    };
}

/// A program for a board that runs this.
#[macro_export]
macro_rules! program {
    ($run:expr) => {
        // SAFETY: the start calls it by this name, which nothing else has.
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "C" fn firmware_main() {
            $run;
        }

        $crate::hosted!();
    };
}

/// The board's data as the module `data`, which the build script has made.
#[macro_export]
macro_rules! data {
    () => {
        #[allow(dead_code, clippy::unreadable_literal, reason = "generated; each board uses some of it")]
        mod data {
            include!(concat!(env!("OUT_DIR"), "/board.rs"));
        }
    };
}

/// The main function of a build for a host, where such a program has nothing to do.
#[macro_export]
macro_rules! hosted {
    () => {
        #[cfg(not(target_os = "none"))]
        fn main() -> std::process::ExitCode {
            eprintln!("this program runs on a board; build it with `cargo xtask firmware`");
            std::process::ExitCode::from(2)
        }
    };
}
