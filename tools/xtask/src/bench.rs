//! Ratios: the benches live in tools/load; here they are built as they are released.

use anyhow::Result;

use crate::shell::{call, command};

/// Runs one bench, or all.
pub(crate) fn run(name: Option<&str>, json: bool, runs: u32) -> Result<()> {
    call("cargo", &["build", "--release", "--package", "strowger", "--package", "strowger-load"])?;
    let runs = runs.to_string();
    let mut args = vec!["run", "--release", "--quiet", "--package", "strowger-load", "--", "bench", "--runs", &runs];
    args.extend(name);
    if json {
        args.push("--json");
    }
    let status = command("cargo", &args)?.status()?;
    anyhow::ensure!(status.success(), "bench ended with {status}");
    Ok(())
}
