//! Fuzz targets: they lie outside the workspace, in conformance/fuzz, and need cargo-fuzz and a nightly compiler.

use anyhow::{Result, bail};

use crate::shell::{call, command, say};
use crate::tree::root;

/// Runs one target for so long, from the committed corpus. What it finds stays under conformance/fuzz/artifacts.
pub(crate) fn run(name: &str, seconds: u64) -> Result<()> {
    let folder = root()?.join("conformance/fuzz");
    let mut targets: Vec<String> = std::fs::read_dir(folder.join("fuzz_targets"))?
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    targets.sort();
    if !targets.iter().any(|target| target == name) {
        for target in &targets {
            say(target);
        }
        return if name == "list" { Ok(()) } else { bail!("there is no fuzz target {name:?}") };
    }
    if !command("cargo", &["fuzz", "--version"])?.output()?.status.success() {
        call("cargo", &["install", "--locked", "cargo-fuzz"])?;
    }
    // New inputs go to target/, the committed corpus is only read.
    let fresh = root()?.join("target/fuzz-corpus").join(name);
    std::fs::create_dir_all(&fresh)?;
    let seeds = folder.join("corpus").join(name);
    let time = format!("-max_total_time={seconds}");
    let (fresh, seeds) = (fresh.display().to_string(), seeds.display().to_string());
    let status = command("cargo", &["+nightly", "fuzz", "run", "--fuzz-dir", "conformance/fuzz", name])?
        // Beside the workspace's own, so that neither waits for the other.
        .env("CARGO_TARGET_DIR", root()?.join("target/fuzz"))
        .args([&fresh, &seeds, "--", &time, "-rss_limit_mb=2048", "-timeout=10"])
        .status()?;
    if status.success() { Ok(()) } else { bail!("{name} failed; look under conformance/fuzz/artifacts/{name}") }
}
