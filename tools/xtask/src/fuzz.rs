//! Fuzz targets: they lie outside the workspace, in conformance/fuzz, and need cargo-fuzz and a nightly compiler.

use std::process::{Child, Command};

use anyhow::{Result, bail};

use crate::shell::{call, command, say};
use crate::tree::root;

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
        let running: Vec<_> =
            some.iter().map(|target| Ok((*target, start(target, seconds)?))).collect::<Result<_>>()?;
        for (target, mut child) in running {
            let clean = child.wait()?.success();
            say(format!("{target:<10}{} for {seconds} s", if clean { "clean" } else { "FAILED" }));
            if !clean {
                failed.push(target.as_str());
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("look under conformance/fuzz/artifacts: {}", failed.join(", ")) }
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

fn start(target: &str, seconds: u64) -> Result<Child> {
    // New inputs go to target/, the committed corpus is only read.
    let fresh = root()?.join("target/fuzz-corpus").join(target);
    std::fs::create_dir_all(&fresh)?;
    let seeds = root()?.join("conformance/fuzz/corpus").join(target);
    let time = format!("-max_total_time={seconds}");
    let (fresh, seeds) = (fresh.display().to_string(), seeds.display().to_string());
    let mut run = fuzz("run")?;
    run.args([target, &fresh, &seeds, "--", &time, "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]);
    Ok(run.spawn()?)
}
