//! The README's fault table is made from the doors' own words.

use std::fs;

use anyhow::{Context as _, Result};
use strowger_conformance::workspace;
use strowger_primitive::FaultKind;

const BEGIN: &str = "<!-- faults -->\n";
const END: &str = "<!-- /faults -->";

/// With `STROWGER_WRITE=1` in the environment it writes the table.
#[test]
fn it_is_the_one_of_the_doors() -> Result<()> {
    let path = workspace().join("README.md");
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(BEGIN).context("the README has no place for the fault table")?;
    let (found, after) = rest.split_once(END).context("the place of the fault table has no end")?;
    let table = table();
    if std::env::var_os("STROWGER_WRITE").is_some_and(|write| write == "1") {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))?;
        return Ok(());
    }
    assert_eq!(found, table, "STROWGER_WRITE=1 cargo test -p strowger-conformance fault_table writes it");
    Ok(())
}

fn table() -> String {
    let mut table = String::from("| fault | HTTP | MML | the caller | the operator |\n|---|---|---|---|---|\n");
    for kind in FaultKind::ALL {
        table.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            kind.word(),
            strowger_web::status(kind),
            strowger_speech::retcode(kind, ""),
            kind.caller_does(),
            kind.operator_does(),
        ));
    }
    table
}
