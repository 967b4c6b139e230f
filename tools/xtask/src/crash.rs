//! The crash audit: it lives in tools/load, and needs the fault library of conformance/faults for its power cuts.

use anyhow::Result;

use crate::shell::{call, command};

/// So many kills and so many power cuts.
pub(crate) fn run(cycles: u32, seed: Option<u64>) -> Result<()> {
    let built = ["build", "--package", "strowger", "--package", "strowger-faults", "--package", "strowger-load"];
    call("cargo", &built)?;
    let (cycles, seed) = (cycles.to_string(), seed.map(|seed| seed.to_string()));
    let mut args = vec!["run", "--quiet", "--package", "strowger-load", "--", "crash", "--cycles", &cycles];
    if let Some(seed) = &seed {
        args.extend(["--seed", seed]);
    }
    let status = command("cargo", &args)?.status()?;
    anyhow::ensure!(status.success(), "the crash audit ended with {status}");
    Ok(())
}
