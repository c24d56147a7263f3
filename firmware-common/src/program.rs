//! What a binary needs besides `no_std` and `no_main`: the function that the start calls, and one for a host.

/// A firmware for a `Machine` with these programs of the embedded CPU, named like its board or
/// otherwise.
///
/// ```ignore
/// firmware_riscv::firmware!(firmware_riscv::Hardware, Some("virt with ReSuMe"), &own_rule::SNIPS);
/// ```
#[macro_export]
macro_rules! firmware {
    ($machine:ty, $name:expr, $snips:expr) => {
        // SAFETY: the start calls it by this name, which nothing else has.
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "C" fn firmware_main() {
            <$machine as $crate::machine::Machine>::run($name, $snips);
        }

        $crate::hosted!();
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
