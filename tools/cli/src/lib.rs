//! The commands: all of `strowger` but what the binary dispatches before it has threads.
//!
//! In: the command line, and what only the binary itself can do ([`Inside`]). Out: results on standard output, words on
//! the way on standard error, an exit code. The commands of kinds are built from the declarations and speak to a gateway
//! over its REST door, like any other client; nothing here decides what a gateway does.
//!
//! | file | what |
//! |---|---|
//! | `args` | the command line, from the schema |
//! | `kind`, `value`, `watch`, `show` | one request of a kind: what is typed, how far it is, what came of it |
//! | `client`, `connection`, `secret` | the REST door: one request; which gateway, as whom |
//! | `demo` | a gateway of its own, from nothing to a table |
//! | `terminal` | the MML door with line editing |
//! | `records`, `file` | verifying, exporting |
//!
//! - `clap` and `clap_complete` for the command line, built at run time: the kinds are data.
//! - `ureq` for HTTP: blocking, small, and on `rustls` as the gateway is. Not a generated client: one would have to be
//!   built anew for each kind.
//! - `comfy-table`, `indicatif` for people; `rustyline` for the terminal; `rpassword` for what is typed without an echo.

mod args;
mod client;
mod connection;
mod demo;
mod exit;
mod file;
mod inside;
mod kind;
mod records;
mod say;
mod secret;
mod show;
mod terminal;
mod value;
mod watch;

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::exit::Failure;
use crate::say::{result, say};

pub use inside::{ExportForm, Inside, Sources, Verify};

/// Runs the command line of this process; gives its exit code.
#[must_use]
pub fn main(inside: &dyn Inside) -> ExitCode {
    let schema = inside.schema();
    let matches = match args::command(&schema).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _nobody_reads = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    exit::end(run(inside, &matches))
}

fn run(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("serve", matches)) => {
            let ready = matches.get_one::<String>("ready-file").map(Path::new);
            Ok(inside.serve(&sources(matches), ready)?)
        }
        Some(("demo", matches)) => {
            let port = matches.get_one::<u16>("port").copied().unwrap_or(0);
            demo::run(inside, matches.get_flag("once"), port)
        }
        Some(("check", matches)) => check(inside, matches),
        Some(("config", matches)) => say(inside.config(&sources(matches))?.trim_end()),
        Some(("mml", matches)) => mml(inside, matches),
        Some(("records", matches)) => records::run(inside, matches),
        Some(("completions", matches)) => completions(inside, matches),
        Some((word, matches)) => match (inside.schema().named(word), matches.subcommand()) {
            (Some(kind), Some((verb, matches))) => kind::run(kind, verb, matches),
            (Some(_) | None, _) => Err(Failure::usage(format!("{word} is run by the gateway itself"))),
        },
        None => Err(Failure::usage("a command is needed; strowger --help names them")),
    }
}

/// Where the configuration is, as the command line says.
fn sources(matches: &ArgMatches) -> Sources {
    Sources {
        file: matches.get_one::<String>("config").map(Into::into),
        set: matches.get_many::<String>("set").into_iter().flatten().cloned().collect(),
        alone: false,
    }
}

fn check(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let mut sources = sources(matches);
    if let Some(file) = matches.get_one::<String>("file").map(Path::new) {
        if file.extension().is_some_and(|extension| extension == "cedar") {
            for line in inside.check_policy(file).map_err(|wrong| Failure::usage(format!("{wrong:#}")))? {
                say(line)?;
            }
            return Ok(());
        }
        sources.file = Some(file.to_owned());
    }
    let mistakes = inside.check(&sources)?;
    if mistakes.is_empty() {
        return say("the configuration is right");
    }
    let count = if mistakes.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) };
    Err(Failure::usage(format!("{count}\n{}", mistakes.join("\n"))))
}

fn mml(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let user = text("user");
    let password = match &user {
        Some(user) => Some(connection::password(matches, user)?),
        None => None,
    };
    let history = std::env::var_os("HOME").map(|home| Path::new(&home).join(".strowger_mml_history"));
    let options = terminal::Options {
        address: text("address").unwrap_or_default(),
        tls: matches.get_flag("tls"),
        ca: text("ca").map(Into::into),
        user,
        password,
        history,
    };
    if terminal::run(&inside.schema(), &options)? {
        return Ok(());
    }
    Err(Failure::new(exit::GENERAL, "not every command was performed; look for RETCODE above"))
}

fn completions(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let Some(shell) = matches.get_one::<clap_complete::Shell>("shell").copied() else {
        return Err(Failure::usage("for which shell?"));
    };
    let mut command = args::command(&inside.schema());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "strowger", &mut script);
    result(|out| Ok(out.write_all(&script)?))
}
