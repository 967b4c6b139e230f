//! Who imports whom: the table of the design, as a check.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::shell::say;
use crate::tree::{Crate, code, crates, root};

/// The crates that everybody above may import.
const TIER_ONE: [&str; 4] = ["strowger-primitive", "strowger-kinds", "strowger-forms", "strowger-speech"];

/// Checks this workspace.
pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let offences = offences(&root)?;
    if offences.is_empty() {
        say("layers: every import is one that the design permits");
        return Ok(());
    }
    for offence in &offences {
        say(offence);
    }
    bail!("layers: {} offences", offences.len())
}

/// All that the workspace at `root` does against the table.
fn offences(root: &Path) -> Result<Vec<String>> {
    let crates = crates(root)?;
    let ours: BTreeMap<&str, &str> = crates.iter().map(|c| (c.name.as_str(), c.place.as_str())).collect();
    let mut offences = Vec::new();
    for one in &crates {
        for import in one.dependencies() {
            if ours.contains_key(import.as_str()) && !may_import(&one.place, &import) {
                offences.push(format!("{} ({}) may not import {import}", one.name, place(&one.place)));
            }
        }
        if one.place == "protocols/primitive" {
            for import in one.dependencies().iter().filter(|i| !["bytes", "tokio"].contains(&i.as_str())) {
                offences
                    .push(format!("{}: the primitive uses bytes and tokio's channels alone, not {import}", one.name));
            }
        }
        offences.extend(words(one)?);
    }
    Ok(offences)
}

/// The table: what each place may import of ours.
fn may_import(place: &str, import: &str) -> bool {
    let tier_one = TIER_ONE.contains(&import);
    match place {
        // The spine: everything.
        "" => true,
        "protocols/primitive" => false,
        "protocols/kinds" | "protocols/forms" | "protocols/speech" => import == "strowger-primitive",
        // It measures the product and is no part of it.
        "tools/load" => {
            const MEASURED: [&str; 8] = [
                "strowger",
                "strowger-driver",
                "strowger-mml",
                "strowger-web",
                "strowger-stores",
                "strowger-records",
                "strowger-security",
                "strowger-core",
            ];
            tier_one || MEASURED.contains(&import)
        }
        "conformance" => tier_one || ["strowger", "strowger-faults", "strowger-load"].contains(&import),
        "conformance/faults" => false,
        _ => tier_one,
    }
}

/// Words that stand in one place alone.
fn words(one: &Crate) -> Result<Vec<String>> {
    let mut offences = Vec::new();
    for path in one.sources()? {
        let text = fs::read_to_string(&path)?;
        let here = path.strip_prefix(&one.path).unwrap_or(&path).display().to_string();
        let assemble = one.place.is_empty() && here == "src/assemble.rs";
        for (number, line) in code(&text) {
            let code = line.trim_start();
            let mut offend = |what: &str| offences.push(format!("{}/{here}:{number}: {what}", place(&one.place)));
            if code.contains("authorities()") && !assemble && one.place != "protocols/primitive" && one.name != "xtask"
            {
                offend("the authorities are handed out in src/assemble.rs alone");
            }
            let free = one.place == "conformance/faults" || one.place == "adapters/platform" || one.name == "xtask";
            if (code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")) && !free {
                offend("unsafe stands in adapters/platform and conformance/faults alone");
            }
        }
        if one.place.is_empty() && !assemble {
            let door = text.contains("strowger_web::") || text.contains("strowger_mml::");
            let adapter = text.contains("strowger_stores::") || text.contains("strowger_providers::");
            // The configuration names the options of both, and calls neither.
            if door && adapter && here != "src/config.rs" {
                offences
                    .push(format!("{here}: src/assemble.rs is the only file that names both a door and an adapter"));
            }
        }
    }
    Ok(offences)
}

fn place(place: &str) -> &str {
    if place.is_empty() { "the spine" } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of the spine and two rooms; `import` is what `core` imports.
    fn workspace(import: &str, source: &str) -> tempfile::TempDir {
        declaring(&format!("[dependencies]\n{import}.workspace = true\n"), source)
    }

    /// The same; `tables` are those in which `core` says what it imports.
    fn declaring(tables: &str, source: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"sdp-services/core\", \"adapters/stores\"]\n[package]\nname = \"strowger\"\n\
             [workspace.dependencies]\nkeeper = { package = \"strowger-stores\", path = \"adapters/stores\" }\n",
        );
        write("src/lib.rs", "");
        write("sdp-services/core/Cargo.toml", &format!("[package]\nname = \"strowger-core\"\n{tables}"));
        write("sdp-services/core/src/lib.rs", source);
        write("adapters/stores/Cargo.toml", "[package]\nname = \"strowger-stores\"\n");
        root
    }

    #[test]
    fn a_forbidden_import_is_an_offence() {
        assert!(offences(workspace("strowger-primitive", "").path()).unwrap().is_empty());
        let found = offences(workspace("strowger-stores", "").path()).unwrap();
        assert_eq!(found, ["strowger-core (sdp-services/core) may not import strowger-stores"]);
    }

    #[test]
    fn an_import_is_found_wherever_and_however_it_is_declared() {
        for tables in [
            "[build-dependencies]\nstrowger-stores = \"1\"\n",
            "[target.'cfg(unix)'.dependencies]\nstrowger-stores.workspace = true\n",
            "[target.x86_64-unknown-linux-gnu.build-dependencies]\nstrowger-stores = { path = \"x\" }\n",
            "[dependencies]\nbytes = { package = \"strowger-stores\", path = \"x\" }\n",
            "[target.'cfg(windows)'.dependencies.x]\npackage = \"strowger-stores\"\n",
            "[dependencies]\nkeeper.workspace = true\n",
        ] {
            let found = offences(declaring(tables, "").path()).unwrap();
            assert_eq!(found, ["strowger-core (sdp-services/core) may not import strowger-stores"], "{tables}");
        }
        for tables in [
            "[dev-dependencies]\nstrowger-stores.workspace = true\n",
            "[target.'cfg(unix)'.dev-dependencies]\nstrowger-stores.workspace = true\n",
            "[dependencies]\nstrowger-stores = { package = \"bytes\", version = \"1\" }\n",
        ] {
            assert!(offences(declaring(tables, "").path()).unwrap().is_empty(), "{tables}");
        }
    }

    #[test]
    fn authorities_and_unsafe_have_their_places() {
        let source = "fn a() { authorities(); }\n// unsafe { is only spoken of\nfn b() { unsafe { } }\n";
        let found = offences(workspace("bytes", source).path()).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        let tests = format!("#[cfg(test)]\nmod tests {{\n{source}}}\n");
        assert!(offences(workspace("bytes", &tests).path()).unwrap().is_empty(), "tests may");
    }

    #[test]
    fn this_workspace_keeps_the_table() {
        assert_eq!(offences(&root().unwrap()).unwrap(), Vec::<String>::new());
    }
}
