//! The commands. To be written; `serve` alone is here.

mod inside;

use std::path::PathBuf;
use std::process::ExitCode;

pub use inside::{ExportForm, Inside, Sources, Verify};

/// Runs the command line.
#[must_use]
pub fn main(inside: &dyn Inside) -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| args.iter().position(|a| a == flag).and_then(|i| args.get(i + 1)).cloned();
    let sources = Sources {
        file: after("--config").map(PathBuf::from),
        set: args.windows(2).filter(|w| w.first().is_some_and(|f| f == "--set")).map(|w| w.concat().replacen("--set", "", 1)).collect(),
    };
    match inside.serve(&sources, after("--ready-file").map(PathBuf::from).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}
