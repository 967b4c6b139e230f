//! Everything that must pass, part by part, with the time of each.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::shell::{call, say, there, timed};
use crate::tree::root;
use crate::{budget, contracts, crash, fuzz, layers};

/// One part of the run.
struct Part {
    name: &'static str,
    work: fn() -> Result<()>,
}

/// In this order: what is quick and fails often comes first.
const PARTS: [Part; 10] = [
    Part { name: "clients", work: clients },
    Part { name: "format", work: || call("cargo", &["fmt", "--all", "--check"]) },
    Part { name: "layers", work: layers::run },
    Part { name: "budget", work: budget::run },
    Part { name: "contracts", work: || contracts::run(false) },
    Part {
        name: "clippy",
        work: || call("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Part { name: "build", work: || call("cargo", &["build", "--workspace", "--all-targets"]) },
    Part { name: "fuzz", work: fuzz::check },
    Part { name: "test", work: test },
    Part { name: "crash", work: || crash::run(10, None) },
];

/// Runs all parts, or those named; goes on behind one that fails, and tells at the end.
pub(crate) fn run(parts: &[String]) -> Result<()> {
    if let Some(unknown) = parts.iter().find(|part| PARTS.iter().all(|p| p.name != part.as_str())) {
        let names: Vec<_> = PARTS.iter().map(|p| p.name).collect();
        bail!("no part {unknown:?}; there are: {}", names.join(", "));
    }
    let mut done = Vec::new();
    for part in PARTS.iter().filter(|p| parts.is_empty() || parts.iter().any(|name| name == p.name)) {
        say(format!("== {}", part.name));
        let (end, time) = timed(part.work);
        if let Err(error) = &end {
            say(format!("== {} failed: {error:#}", part.name));
        }
        done.push((part.name, end.is_ok(), time));
    }
    say("== time of each part");
    for (name, passed, time) in &done {
        say(format!("{name:<12}{:>8.1} s  {}", time.as_secs_f64(), if *passed { "passed" } else { "FAILED" }));
    }
    let all: Duration = done.iter().map(|(_, _, time)| *time).sum();
    say(format!("{:<12}{:>8.1} s", "all", all.as_secs_f64()));
    let failed: Vec<_> = done.iter().filter(|(_, passed, _)| !passed).map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// All tests; and what they could not show on this machine, which a test that passes does not tell.
fn test() -> Result<()> {
    let untested = root()?.join("target/untested");
    if untested.exists() {
        fs::remove_dir_all(&untested)?;
    }
    let end = call("cargo", &["test", "--workspace", "--no-fail-fast"]);
    for note in fs::read_dir(&untested).into_iter().flatten() {
        let path = note?.path();
        say(format!("NOT TESTED: {}: {}", path.file_name().unwrap_or_default().display(), fs::read_to_string(&path)?));
    }
    end
}

/// Program and the Debian package that has it.
const CLIENTS: [(&str, &str); 7] = [
    ("cc", "gcc"),
    ("c++", "g++"),
    ("curl", "curl"),
    ("nc", "netcat-openbsd"),
    ("tmux", "tmux"),
    ("openssl", "openssl"),
    ("python3", "python3"),
];

/// Installs the real clients the tests use, where it may; else says what is missing.
fn clients() -> Result<()> {
    let mut missing: Vec<&str> =
        CLIENTS.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package).collect();
    if call("python3", &["-c", "import venv, ensurepip"]).is_err() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        say("clients: all are here");
        return Ok(());
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !root {
        bail!("missing: {}; as root this installs them: apt-get install {}", missing.join(" "), missing.join(" "));
    }
    call("apt-get", &["update", "-qq"])?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(missing);
    call("apt-get", &args)
}
