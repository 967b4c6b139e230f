//! The generated contracts: written from the declarations, compared with what is checked in.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use strowger_forms::{check_schema, lock, openapi, reference};

use crate::shell::say;
use crate::tree::root;

/// The file that keeps numbers from changing their meaning.
const LOCK: &str = "schema.lock";

/// Compares them, or writes them anew.
pub(crate) fn run(write: bool) -> Result<()> {
    let schema = strowger_kinds::all();
    let flaws = check_schema(&schema);
    for flaw in &flaws {
        say(flaw);
    }
    if !flaws.is_empty() {
        bail!("contracts: the declarations break {} rules", flaws.len());
    }

    let folder = root()?.join("conformance/contracts");
    let locked = lock::print(&schema);
    if let Ok(old) = fs::read_to_string(folder.join(LOCK)) {
        let breaches = lock::breaches(&old, &locked);
        for breach in &breaches {
            say(breach);
        }
        if !breaches.is_empty() {
            bail!("contracts: {} changes of what was promised; additions alone are allowed", breaches.len());
        }
    } else if !write {
        bail!("contracts: there is no {LOCK}; write it with: cargo xtask contracts --write");
    }

    let info = openapi::Info { title: "Strowger", version: env!("CARGO_PKG_VERSION"), server: "" };
    let files: [(PathBuf, String); 4] = [
        (folder.join(LOCK), locked),
        (folder.join("openapi.json"), openapi::v31(&schema, &info)),
        (folder.join("openapi-3.0.json"), openapi::v30(&schema, &info)),
        (root()?.join("docs/reference.md"), reference::print(&schema)),
    ];
    let mut stale = Vec::new();
    for (path, text) in files {
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if write {
            fs::create_dir_all(path.parent().context("a contract lies in a folder")?)?;
            fs::write(&path, text)?;
            say(format!("written: {}", path.display()));
        } else {
            stale.push(path.display().to_string());
        }
    }
    if stale.is_empty() {
        say("contracts: what is checked in is what the declarations say");
        return Ok(());
    }
    bail!(
        "contracts: {} differ from the declarations; write them with: cargo xtask contracts --write",
        stale.join(", ")
    )
}
