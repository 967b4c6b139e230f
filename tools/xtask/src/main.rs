//! The one runner: the same commands for everybody and for CI.
//!
//! `cargo xtask ci` is everything that must pass; the other words are its parts, and what takes longer: benches, crash
//! audits, fuzzing, evidence. It builds nothing itself but calls cargo, and it is no part of the product.

mod bench;
mod budget;
mod ci;
mod contracts;
mod crash;
mod evidence;
mod fuzz;
mod layers;
mod shell;
mod time;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, checks and measures Strowger", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that must pass: format, layers, budget, contracts, clippy, fuzz targets, tests; prints the time of each part
    Ci {
        /// Only these parts
        #[arg(value_name = "PART")]
        parts: Vec<String>,
    },
    /// Who imports whom, as the design's table permits it
    Layers,
    /// Sizes of files and crates, and the cap of the primitive
    Budget,
    /// The generated contracts under conformance/contracts, and that no number changed its meaning
    Contracts {
        /// Write them anew; schema.lock takes additions only
        #[arg(long)]
        write: bool,
    },
    /// Cold builds, and the time from an edit to its test
    Time {
        /// Only these: dev, release, edit
        #[arg(value_name = "WHAT")]
        what: Vec<String>,
    },
    /// Ratios, peer beside ours, medians of several runs
    Bench {
        /// Only this one; `list` names them
        name: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Runs of each
        #[arg(long, default_value_t = 5)]
        runs: u32,
    },
    /// The crash audit: a load, kills and power cuts at random moments, and a look at what was promised
    Crash {
        /// So many kills with `kill -9`, and so many power cuts
        #[arg(long, default_value_t = 10)]
        cycles: u32,
        /// The same choices again
        #[arg(long)]
        seed: Option<u64>,
    },
    /// A fuzz target for so long; `all`: every one; `list` names them
    Fuzz {
        /// The target
        name: String,
        /// Seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// The long lines of a piece of work, one after the other, each leaving a JSON under target/evidence
    Evidence {
        /// Its number
        issue: u32,
        /// Leave out what is done and not stale
        #[arg(long)]
        resume: bool,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::complain(format_args!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Ci { parts } => ci::run(&parts),
        Command::Layers => layers::run(),
        Command::Budget => budget::run(),
        Command::Contracts { write } => contracts::run(write),
        Command::Time { what } => time::run(&what),
        Command::Bench { name, json, runs } => bench::run(name.as_deref(), json, runs),
        Command::Crash { cycles, seed } => crash::run(cycles, seed),
        Command::Fuzz { name, seconds } => fuzz::run(&name, seconds),
        Command::Evidence { issue, resume } => evidence::run(issue, resume),
    }
}
