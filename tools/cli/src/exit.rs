//! How a command ends: its exit code, and what is said where it fails.

use std::fmt;
use std::process::ExitCode;

/// The end of a command that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// What went wrong and what to do, one line or several.
    pub(crate) text: String,
}

/// Anything that has no code of its own.
pub(crate) const GENERAL: u8 = 1;
/// The command line is wrong, or the request it makes.
pub(crate) const USAGE: u8 = 2;
/// What was spoken of is not there.
pub(crate) const NOT_FOUND: u8 = 3;
/// Not proven, or not permitted.
pub(crate) const NOT_PERMITTED: u8 = 4;
/// It clashes with what is there, or was changed meanwhile.
pub(crate) const CONFLICT: u8 = 5;
/// The gateway has too much to do, or cannot do it now.
pub(crate) const UNAVAILABLE: u8 = 6;
/// The order failed.
pub(crate) const ORDER_FAILED: u8 = 7;
/// No gateway answers.
pub(crate) const NO_CONNECTION: u8 = 8;

/// The table of codes, for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  anything else
  2  the command line is wrong, or the request that it makes
  3  not found
  4  not proven, or not permitted
  5  conflict, or changed meanwhile
  6  overloaded or unavailable; ask again later
  7  the order failed
  8  no gateway answers";

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(USAGE, text)
    }

    /// The exit code of an HTTP status that is no success, and of the problem's code.
    pub(crate) fn code_of(status: u16, code: &str) -> u8 {
        match status {
            422 if code == "key-reused" => CONFLICT,
            400 | 405 | 413..=415 | 422 => USAGE,
            404 | 410 => NOT_FOUND,
            401 | 403 => NOT_PERMITTED,
            409 | 412 => CONFLICT,
            408 | 429 | 502..=504 => UNAVAILABLE,
            _ => GENERAL,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(GENERAL, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(GENERAL, error.to_string())
    }
}

/// Says why a command failed and gives its exit code.
pub(crate) fn end(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            crate::say::complain(format_args!("error: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}
