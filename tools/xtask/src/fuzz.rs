//! Fuzz targets: they lie outside the workspace, in conformance/fuzz, and need cargo-fuzz and a nightly compiler.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::shell::{call, call_with, command, complain, say};
use crate::tree::root;

/// A target that ran less often has shown nothing.
const FEWEST: u64 = 1_000;

/// One that runs, and who listens to it for how often it ran.
struct Running<'t> {
    target: &'t str,
    child: Child,
    runs: JoinHandle<Option<u64>>,
}

/// Whether the targets compile, with the compiler of the workspace: nothing else builds them.
pub(crate) fn check() -> Result<()> {
    let target = root()?.join("target/fuzz-check").display().to_string();
    call_with("cargo", &["check", "--manifest-path", "conformance/fuzz/Cargo.toml"], &[("CARGO_TARGET_DIR", &target)])
}

/// Runs one target for so long, or `all`, as many at once as there are cores, from the committed corpus. What it finds
/// stays under conformance/fuzz/artifacts.
pub(crate) fn run(name: &str, seconds: u64) -> Result<()> {
    let targets = targets()?;
    let chosen: Vec<&String> = targets.iter().filter(|target| name == "all" || *target == name).collect();
    if chosen.is_empty() {
        for target in &targets {
            say(target);
        }
        return if name == "list" { Ok(()) } else { bail!("there is no fuzz target {name:?}") };
    }
    if !command("cargo", &["fuzz", "--version"])?.output()?.status.success() {
        call("cargo", &["install", "--locked", "cargo-fuzz"])?;
    }
    // Once before, so that those that run at once do not wait for each other's build.
    let built = fuzz("build")?.status()?;
    anyhow::ensure!(built.success(), "the fuzz targets cannot be built");
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failed = Vec::new();
    for some in chosen.chunks(at_once) {
        let running: Vec<_> = some.iter().map(|target| start(target, seconds)).collect::<Result<_>>()?;
        for Running { target, mut child, runs } in running {
            let clean = child.wait()?.success();
            let runs = runs.join().map_err(|_| anyhow!("nobody listened to {target}"))?.unwrap_or(0);
            say(format!("{target:<10}{} for {seconds} s, {runs} runs", if clean { "clean" } else { "FAILED" }));
            if !clean {
                failed.push(format!("{target}: look under conformance/fuzz/artifacts"));
            } else if runs < FEWEST {
                failed.push(format!("{target}: {runs} runs, {FEWEST} are wanted at least"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("; ")) }
}

fn targets() -> Result<Vec<String>> {
    let mut targets: Vec<String> = std::fs::read_dir(root()?.join("conformance/fuzz/fuzz_targets"))?
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    targets.sort();
    Ok(targets)
}

fn fuzz(verb: &str) -> Result<Command> {
    let mut fuzz = command("cargo", &["+nightly", "fuzz", verb, "--fuzz-dir", "conformance/fuzz"])?;
    // Beside the workspace's own, so that neither waits for the other.
    fuzz.env("CARGO_TARGET_DIR", root()?.join("target/fuzz"));
    Ok(fuzz)
}

fn start(target: &str, seconds: u64) -> Result<Running<'_>> {
    // New inputs go to target/, the committed corpus is only read.
    let fresh = root()?.join("target/fuzz-corpus").join(target);
    std::fs::create_dir_all(&fresh)?;
    let seeds = root()?.join("conformance/fuzz/corpus").join(target);
    let time = format!("-max_total_time={seconds}");
    let (fresh, seeds) = (fresh.display().to_string(), seeds.display().to_string());
    let mut run = fuzz("run")?;
    run.args([target, &fresh, &seeds, "--", &time, "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]);
    let mut child = run.stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().context("nothing is heard of it")?;
    let runs = std::thread::spawn(move || runs(said, &mut |line| complain(line)));
    Ok(Running { target, child, runs })
}

/// How often a target ran, as libFuzzer says at its end; all it says is passed on.
fn runs(said: impl Read, pass: &mut dyn FnMut(&str)) -> Option<u64> {
    let mut runs = None;
    // Inputs are among what is said: octets, and not always text.
    for line in BufReader::new(said).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        runs = line.strip_prefix("stat::number_of_executed_units:").and_then(|n| n.trim().parse().ok()).or(runs);
        pass(&line);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_and_all_is_passed_on() {
        let said =
            b"INFO: Seed: 1\n#2\tINITED \xff\nstat::number_of_executed_units: 1234\nstat::new_units_added:         7\n";
        let mut passed = Vec::new();
        assert_eq!(runs(&said[..], &mut |line| passed.push(line.to_owned())), Some(1_234));
        assert_eq!(passed.len(), 4);
        assert_eq!(runs(&b"error: no such target\n"[..], &mut |_| {}), None);
    }
}
