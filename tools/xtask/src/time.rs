//! How long a builder waits: cold builds, and the way from an edit to its test.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::shell::{call, command, say, timed};
use crate::tree::root;

/// Measures what is named; nothing named: all.
pub(crate) fn run(what: &[String]) -> Result<()> {
    let wanted = |name: &str| what.is_empty() || what.iter().any(|w| w == name);
    let mut lines = Vec::new();
    for (name, args, goal) in [("dev", &["build"][..], 8), ("release", &["build", "--release"], 12)] {
        if wanted(name) {
            let took = cold(args)?;
            lines.push(format!("{name:<10}cold build       {:>7.1} s   goal under {goal} min", took.as_secs_f64()));
        }
    }
    if wanted("edit") {
        for one in ["strowger-primitive", "strowger-forms", "strowger-core", "strowger-web"] {
            let took = edit(one)?;
            lines.push(format!("{one:<22}edit to test {:>7.1} s   goal under 20 s", took.as_secs_f64()));
        }
    }
    for line in lines {
        say(line);
    }
    Ok(())
}

/// A build in an empty target folder, taken away afterwards.
fn cold(args: &[&str]) -> Result<Duration> {
    let target = root()?.join("target/time");
    let _not_there = fs::remove_dir_all(&target);
    let mut build = command("cargo", args)?;
    build.env("CARGO_TARGET_DIR", &target);
    let (status, took) = timed(|| build.status());
    anyhow::ensure!(status?.success(), "cargo {} failed", args.join(" "));
    fs::remove_dir_all(&target)?;
    Ok(took)
}

/// From a touched source to the end of that crate's unit tests, once all else is built.
fn edit(name: &str) -> Result<Duration> {
    let args = ["test", "--quiet", "--package", name, "--lib"];
    call("cargo", &args)?;
    let crates = crate::tree::crates(&root()?)?;
    let path = crates.iter().find(|c| c.name == name).context("no such crate")?.path.join("src/lib.rs");
    let (text, before) = (fs::read(&path)?, fs::metadata(&path)?.modified()?);
    fs::write(&path, text)?;
    let (end, took) = timed(|| call("cargo", &args));
    // Nothing was changed: what else was built of it stays good.
    fs::File::options().write(true).open(&path)?.set_modified(before)?;
    end.map(|()| took)
}
