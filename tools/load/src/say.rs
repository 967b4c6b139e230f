//! What is told, a line at a time.

use std::fmt::Display;
use std::io::Write as _;

/// Tells on standard output.
pub(crate) fn say(what: impl Display) {
    let mut out = std::io::stdout().lock();
    let _nobody_reads = writeln!(out, "{what}").and_then(|()| out.flush());
}
