//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench;
use crate::crash::{self, Broken};

/// Load from outside: the crash audit and the benches. Everything runs on loopback and ends by itself.
#[derive(Parser)]
#[command(name = "strowger-load")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kills a gateway under load again and again, and looks for what it promised.
    Crash {
        /// So many kills, and so many power cuts.
        #[arg(long, default_value_t = 10)]
        cycles: u32,
        /// Says the same things in the same order.
        #[arg(long)]
        seed: Option<u64>,
        /// Break the gateway on purpose; the audit is expected to fail.
        #[arg(long = "break")]
        broken: Option<Broken>,
    },
    /// Measures, beside the peers; the gateway should be built as it is released.
    Bench {
        /// Which one; `list` says which there are, nothing means all.
        name: Option<String>,
        /// Medians are of so many.
        #[arg(long, default_value_t = 5)]
        runs: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The peer of HTTP: gives one body until it is killed.
    #[command(hide = true)]
    Peer {
        /// Its files: what it gives, where its address is written, what it stores.
        folder: PathBuf,
        /// Where a gateway left an order, that it stores again and again.
        left: Option<PathBuf>,
    },
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    ended(match Line::parse().command {
        Command::Bench { name, runs, json } => bench::run(&bench::Options { name, runs, json }),
        Command::Peer { folder, left: None } => bench::peer::gives(&folder),
        Command::Peer { folder, left: Some(left) } => bench::peer::takes_orders(&folder, &left),
        Command::Crash { cycles, seed, broken } => crash::run(crash::Options { cycles, seed, broken }),
    })
}

/// How the program ends; what went wrong is said.
pub(crate) fn ended(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}
