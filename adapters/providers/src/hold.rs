//! `strowger hold WORKSPACE`: keeps one program, whatever becomes of the gateway.
//!
//! It takes the workspace's lock (a second hold ends at once), starts the program, keeps its output in two files,
//! answers on a socket, and writes down how the program ended. It never starts it again. When the program ends, all
//! that it left behind is killed; when the hold itself is killed, the kernel kills the program, and whoever next has
//! the lock kills what that one left: by its session, and by the variable `STROWGER_HOLD`, which all inherit. Out of
//! reach is only what left the session, cleared its environment and outlived a hold that was killed.
//!
//! Two more forms are its own and the provider's: `hold --exec PARENT` limits itself and becomes the program,
//! `hold --check PARENT` becomes the program of the command check. A process that limits itself needs no code between
//! fork and exec, which could not be safe.

mod children;
mod keep;
mod line;
mod output;
mod stage;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::descriptors;

/// Exit code of a hold whose workspace another one has.
pub(crate) const TAKEN: u8 = 75;
/// Exit code of a hold that has no space for what it must write down.
pub(crate) const FULL: u8 = 74;
/// Exit code where the arguments are wrong.
const USAGE: u8 = 2;

/// Runs `strowger hold` with the arguments behind that word. To be called before the process has a runtime or other
/// threads.
///
/// Exit codes: 0 the program has ended, how is written down; 2 wrong arguments; 74 the disk is full; 75 another hold has the workspace; 1
/// anything else, told on standard error. 126 and 127 mean that the program itself could not be started.
#[must_use]
pub fn main(args: &[OsString]) -> ExitCode {
    if let Err(error) = descriptors::take_on() {
        complain(&format_args!("taking on the limit of descriptors: {error}"));
    }
    let words: Vec<_> = args.iter().map(|word| word.to_str()).collect();
    match (words.as_slice(), args) {
        ([Some("--help" | "-h")], _) => {
            let _nobody_reads = io::stdout().write_all(HELP.as_bytes());
            ExitCode::SUCCESS
        }
        ([Some("--exec"), Some(parent)], _) => stage::become_program(stage::Role::Program, parent),
        ([Some("--check"), Some(parent)], _) => stage::become_program(stage::Role::Check, parent),
        ([first], [workspace]) if first.is_none_or(|word| !word.starts_with('-')) => keep::keep(Path::new(workspace)),
        _ => {
            complain(&HELP);
            ExitCode::from(USAGE)
        }
    }
}

const HELP: &str = "\
usage: strowger hold WORKSPACE

Keeps the program of a workspace made by the provider \"process\": starts it, keeps its output, answers on its socket,
writes down how it ended. The gateway starts it; there is seldom a reason to do so by hand.
";

/// Tells on standard error, where somebody may or may not listen.
fn complain(what: &dyn std::fmt::Display) {
    let _nobody_reads = writeln!(io::stderr(), "strowger hold: {what}");
}

/// This binary: its path, so that lists of processes show its name; where that was replaced meanwhile, the file itself.
pub(crate) fn own_binary() -> PathBuf {
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into())
}
