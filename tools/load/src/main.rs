//! Dispatch; everything else is in the library.

use std::process::ExitCode;

/// The gateway's own: peers that run in this program get the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    strowger_load::main()
}
