//! Writing a log out: JSON lines that can be verified, and CSV for spreadsheets.

mod csv;
mod lines;

pub use csv::csv;
pub(crate) use csv::write_row;
pub use lines::{BadLine, Line, json_lines, verify_export};
pub(crate) use lines::{write_head, write_record};

use std::io;

use strowger_primitive::CommitError;

use crate::head::HeadError;

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log has no good head, without which nothing can be verified.
    #[error("the log has no good head")]
    Head(#[from] HeadError),
    /// A record cannot be read.
    #[error("record {sequence} cannot be read")]
    Record {
        /// Its place.
        sequence: u64,
        /// Why.
        source: strowger_forms::cbor::BadCbor,
    },
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Store(#[from] CommitError),
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
}
