//! Real clients against the running binary: a module for each theme.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "these are tests")]

mod bad_input;
mod cli;
mod clients;
mod curl;
mod demo;
mod fault_table;
mod isolation;
mod nc;
mod orders;
mod python;
mod schemathesis;
mod terminal;
