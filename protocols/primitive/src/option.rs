//! Mistakes in what an operator configures.

use std::fmt;

/// What is wrong with one option of a crate's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOption {
    /// Which.
    pub option: &'static str,
    /// What is wrong with it and what is expected.
    pub why: String,
}

impl fmt::Display for BadOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.why)
    }
}
