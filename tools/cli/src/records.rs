//! `strowger records`: verifying and exporting, offline; showing and proving, through a gateway.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use clap::ArgMatches;

use crate::exit::Failure;
use crate::inside::{ExportForm, Inside, Verify};
use crate::say::say;
use crate::{kind, sources};

pub(crate) fn run(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("verify", matches)) => verify(inside, matches),
        Some(("head", matches)) => {
            say(inside.head(&sources(matches))?.trim_end());
            Ok(())
        }
        Some(("export", matches)) => export(inside, matches),
        Some((verb, matches)) => kind::run(&strowger_kinds::record::DECL, verb, matches),
        None => Err(Failure::usage("records needs one of: show, list, prove, head, verify, export")),
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
    say(said);
    Ok(())
}

fn export(inside: &dyn Inside, matches: &ArgMatches) -> Result<(), Failure> {
    let csv = matches.get_one::<String>("form").is_some_and(|form| form == "csv");
    let form = if csv { ExportForm::Csv } else { ExportForm::Jsonl };
    let sources = sources(matches);
    match matches.get_one::<String>("output") {
        Some(path) => {
            let file = File::create(path).map_err(|error| Failure::usage(format!("--output {path}: {error}")))?;
            let mut out = BufWriter::new(file);
            inside.export(&sources, form, &mut out)?;
            out.flush()?;
        }
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            inside.export(&sources, form, &mut out)?;
            out.flush()?;
        }
    }
    Ok(())
}
