//! What people type: the MML grammar (ITU-T Z.315, in the dialect of today's network elements), its help, its
//! completion, its reports.
//!
//! In: text and a [`Schema`](strowger_primitive::Schema). Out: a [`Command`], or a [`Bad`] that names every offending
//! field; and for what came of it, the text of a report. Every door that carries typed words speaks this one language:
//! MML over TCP and TLS, the terminal, and later SIP MESSAGE and chat. Nothing here has state, reads a clock or does
//! what it was told; it is pure functions over the declarations, so a new kind is spoken of by itself.
//!
//! ```text
//! commands  text ─► split ─► token ─► syntax ─► command (form, reading, value) ─► Command
//! answers   Outcome, Fault ─► shown ─► report ─► text
//! ```
//!
//! Libraries: `thiserror` for the error. `nom` is left: help, completion and masking must read text that is wrong or
//! unfinished, and one token pass serves all of them. `serde_json` is left: an `any` keeps the order of its keys and is
//! bounded while it is read.

mod bad;
mod command;
mod complete;
mod example;
mod fingerprint;
mod form;
pub mod fuzz;
mod help;
mod json;
mod mask;
mod near;
mod print;
mod reading;
mod report;
mod reserved;
mod retcode;
mod shown;
mod split;
mod syntax;
mod token;
mod value;

pub use bad::Bad;
pub use command::{Act, Command, LogIn, parse};
pub use complete::{Candidate, complete};
pub use help::help;
pub use mask::mask;
pub use print::{literal, print_create};
pub use report::{Heading, Series, View, notice, progress, report_fault, report_outcome, report_text};
pub use retcode::{retcode, verdict};
pub use shown::escaped;
pub use split::{Splitter, commands};

/// Longest command, in octets, with its `;`.
pub const LONGEST: usize = 65_536;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trunk;
