//! The long lines of a piece of work, run one after the other; each leaves a JSON that says what was run, on which
//! commit, how it ended and how busy the machine was.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::shell::{STRICT, command, say, timed};
use crate::tree::root;

/// One long line: a name and its command.
struct Line {
    name: &'static str,
    args: &'static [&'static str],
    /// What is set around it.
    set: Option<(&'static str, &'static str)>,
}

/// The lines of the spine.
const SPINE: &[Line] = &[
    line("demo", &["run", "--release", "--", "demo", "--once"]),
    line("crash-200", &["xtask", "crash", "--cycles", "200"]),
    line("fuzz", &["xtask", "fuzz", "all", "--seconds", "600"]),
    Line {
        set: Some(("STROWGER_SCHEMATHESIS", "full")),
        ..line("schemathesis", &["test", "--workspace", "--test", "doors", "schemathesis", "--", "--nocapture"])
    },
    line("bench", &["xtask", "bench"]),
    line("time", &["xtask", "time"]),
];

const fn line(name: &'static str, args: &'static [&'static str]) -> Line {
    Line { name, args, set: None }
}

/// What is left behind by a line.
#[derive(Serialize, Deserialize)]
struct Evidence {
    name: String,
    command: String,
    commit: String,
    /// Whether the tree held changes that no commit has.
    dirty: bool,
    passed: bool,
    seconds: f64,
    /// One-minute load average when it began.
    load: f64,
    /// The last lines it said: here are its figures.
    output: Vec<String>,
    /// The last lines of its standard error, where compilers and fuzzers talk.
    beside: Vec<String>,
}

/// Runs the lines of that piece of work.
pub(crate) fn run(issue: u32, resume: bool) -> Result<()> {
    let lines = match issue {
        4 => SPINE,
        _ => bail!("there are no long lines for {issue}; there are some for: 4"),
    };
    let folder = root()?.join("target/evidence").join(issue.to_string());
    fs::create_dir_all(&folder)?;
    let (commit, dirty) = commit()?;
    let mut failed = 0;
    for line in lines {
        let path = folder.join(line.name).with_extension("json");
        if resume && let Some(old) = fresh(&path, &commit, dirty) {
            say(format!("{:<14}{} earlier on this commit", line.name, word(old.passed)));
            failed += usize::from(!old.passed);
            continue;
        }
        let evidence = one(line, &commit, dirty)?;
        fs::write(&path, serde_json::to_vec_pretty(&evidence)?)?;
        say(format!("{:<14}{} in {:.0} s", line.name, word(evidence.passed), evidence.seconds));
        failed += usize::from(!evidence.passed);
    }
    say(format!("evidence lies in {}", folder.display()));
    if failed == 0 { Ok(()) } else { bail!("{failed} lines failed") }
}

fn one(line: &Line, commit: &str, dirty: bool) -> Result<Evidence> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().and_then(|n| n.parse().ok()).context("no load average")?;
    let mut cargo = command("cargo", line.args)?;
    let set: Vec<(&str, &str)> = [STRICT].into_iter().chain(line.set).collect();
    cargo.envs(set.iter().copied());
    let (output, took) = timed(|| cargo.output());
    let output = output?;
    Ok(Evidence {
        name: line.name.to_owned(),
        command: set.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>()
            + &format!("cargo {}", line.args.join(" ")),
        commit: commit.to_owned(),
        dirty,
        passed: output.status.success(),
        seconds: took.as_secs_f64(),
        load,
        output: last(&output.stdout),
        beside: last(&output.stderr),
    })
}

/// The last 200 lines.
fn last(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(200)).map(|line| (*line).to_owned()).collect()
}

/// What an earlier run left, if it says anything about this commit.
fn fresh(path: &Path, commit: &str, dirty: bool) -> Option<Evidence> {
    let old: Evidence = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if old.commit != commit || old.dirty || dirty {
        say(format!("{:<14}stale: it is of {}", old.name, old.commit.get(..12).unwrap_or(&old.commit)));
        return None;
    }
    Some(old)
}

fn commit() -> Result<(String, bool)> {
    let said = |args: &[&str]| -> Result<String> {
        Ok(String::from_utf8_lossy(&command("git", args)?.output()?.stdout).trim().to_owned())
    };
    Ok((said(&["rev-parse", "HEAD"])?, !said(&["status", "--porcelain"])?.is_empty()))
}

fn word(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}
