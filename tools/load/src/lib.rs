//! Load from outside: the crash audit and the ratio benches. It measures the product and is no part of it.
//!
//! In: the gateway's own binary beside this one, which is started, loaded over its doors, killed and looked at as any
//! user could. Out: one line a cycle, a table or JSON, and an exit code. It never reaches into a running gateway, and
//! never goes beyond loopback; a store is opened only when its gateway is dead, and only in a copy.
//!
//! ```text
//! gateway ◄── client (HTTP, MML) ──► ledger: what was promised ─┐
//!    │ kill, power cut                                          ├─► audit ─► losses
//!    └─► restart ──► found: what is there, recorded, running ───┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | `command` | the command line |
//! | `gateway` | starts one and ends it: kindly, by SIGKILL, with the power |
//! | `http`, `mml` | the smallest clients that do |
//! | `crash`, `crash/*` | the audit: load, ledger, what is found, what of it is wrong |
//! | `bench`, `bench/*` | the benches and their statistics |
//! | `store` | opens the store of one that is dead, or a fresh one |
//! | `clock`, `chance`, `say` | time, seeded chance, what is told |
//!
//! Libraries: `clap` for the command line; `strowger-stores` and `strowger-records` to read a dead gateway's store and
//! to measure the store alone; `axum` is the peer, not a part; `tokio` drives thousands of clients on one thread. Not
//! `reqwest` or `hyper` as clients: a load generator shares the machine with what it measures and must cost less.
//!
//! **What the power cuts leave out.** The fault library watches the store's folder, from a store that is made already:
//! it knows files by the path they had, and one process. Workspaces of programs are left as the dead ones left them.

mod bench;
mod chance;
mod clock;
mod command;
mod crash;
mod gateway;
mod http;
mod mml;
mod say;
mod store;

use std::process::ExitCode;

pub use command::main;

/// Prints how many allocations each case of the bench `pipeline` takes; `counter` gives all that were made until now.
#[must_use]
pub fn count(counter: fn() -> u64) -> ExitCode {
    command::ended(bench::pipeline::count(counter))
}
