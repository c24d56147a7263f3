//! The `loihi` command; everything is in the library.

fn main() -> std::process::ExitCode {
    host_harness::cli::main()
}
