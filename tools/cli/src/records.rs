//! `strowger records`: verifying and exporting, offline; showing and proving, through a gateway.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use clap::ArgMatches;

use crate::exit::Failure;
use crate::inside::{ExportForm, Inside, Verify};
use crate::say::{result, say};
use crate::{file, kind, sources};

pub(crate) fn run(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("verify", matches)) => verify(inside, matches),
        Some(("key", matches)) => say(inside.key(&sources(matches))?),
        Some(("head", matches)) => say(inside.head(&sources(matches))?.trim_end()),
        Some(("export", matches)) => export(inside, matches),
        Some((verb, matches)) => kind::run(&strowger_kinds::record::DECL, verb, matches),
        None => Err(Failure::usage("records needs one of: show, list, prove, key, head, verify, export")),
    }
}

fn verify(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let path = |name: &str| matches.get_one::<String>(name).map(Into::into);
    let what = Verify { sources: sources(matches), export: path("export"), head: path("head"), key: path("key") };
    let seen = io::stderr().is_terminal();
    let said = inside.verify(&what, &|done| {
        if seen && done % 100_000 == 0 {
            let _nobody_reads = write!(io::stderr(), "\r{done} records");
        }
    })?;
    say(said)
}

fn export(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let csv = matches.get_one::<String>("form").is_some_and(|form| form == "csv");
    let form = if csv { ExportForm::Csv } else { ExportForm::Jsonl };
    let sources = sources(matches);
    match matches.get_one::<String>("output").map(Path::new) {
        Some(path) => file::replace(path, |out| Ok(inside.export(&sources, form, out)?)),
        None => result(|out| Ok(inside.export(&sources, form, out)?)),
    }
}
