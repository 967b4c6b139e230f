//! Sizes: a house whose rooms can be read. Counted are lines of code: blank ones, comments and tests are free.

use std::fs;

use anyhow::{Result, bail};

use crate::shell::say;
use crate::tree::{code, crates, root};

/// The hard limit of a file's lines.
const FILE: usize = 600;
/// The hard cap of the primitive.
const PRIMITIVE: usize = 3_000;
/// A crate is at most so long.
const CRATE: usize = 8_000;

/// Prints the sizes and refuses what is over its limit.
pub(crate) fn run() -> Result<()> {
    let mut offences = Vec::new();
    let mut all = 0;
    say(format!("{:<26}{:>7}{:>7}{:>9}  longest", "crate", "files", "lines", "median"));
    for one in crates(&root()?)? {
        let mut sizes = Vec::new();
        for path in one.sources()? {
            let lines = code(&fs::read_to_string(&path)?).count();
            let here = path.strip_prefix(&one.path).unwrap_or(&path).display().to_string();
            if lines > FILE {
                offences.push(format!("{}/{here}: {lines} lines, {FILE} are the limit", one.place));
            }
            sizes.push((lines, here));
        }
        sizes.sort();
        let lines: usize = sizes.iter().map(|(n, _)| n).sum();
        all += lines;
        let most = if one.place == "protocols/primitive" { PRIMITIVE } else { CRATE };
        if lines > most {
            offences.push(format!("{}: {lines} lines, {most} are the limit", one.name));
        }
        let median = sizes.get(sizes.len() / 2).map_or(0, |(n, _)| *n);
        let longest = sizes.last().map(|(n, here)| format!("{here} {n}")).unwrap_or_default();
        say(format!("{:<26}{:>7}{lines:>7}{median:>9}  {longest}", one.name, sizes.len()));
    }
    say(format!("{:<26}{:>7}{all:>7}", "all", ""));
    if offences.is_empty() {
        return Ok(());
    }
    for offence in &offences {
        say(offence);
    }
    bail!("budget: {} offences", offences.len())
}
