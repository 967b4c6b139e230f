//! The two words of the product's binary that live in this crate.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((word, rest)) if word == "hold" => strowger_providers::hold::main(rest),
        Some((word, rest)) if word == "sample-app" => strowger_providers::sample::main(rest),
        _ => ExitCode::from(2),
    }
}
