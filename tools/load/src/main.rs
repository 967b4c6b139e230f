//! Dispatch; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    strowger_load::main()
}
