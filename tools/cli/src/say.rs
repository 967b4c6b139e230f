//! Where words go: results to standard output, everything else to standard error. Nobody has to listen.

use std::fmt::Display;
use std::io::{self, Write as _};

/// A result, and a line end.
pub(crate) fn say(text: impl Display) {
    let _nobody_reads = writeln!(io::stdout().lock(), "{text}");
}

/// A word on the way, or a complaint.
pub(crate) fn complain(text: impl Display) {
    let _nobody_reads = writeln!(io::stderr().lock(), "{text}");
}
