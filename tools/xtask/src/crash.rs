//! The crash audit: it lives in tools/load, and needs the fault library of conformance/faults for its power cuts.

use anyhow::Result;

use crate::shell::{call, command};
use crate::tree::root;

/// So many kills and so many power cuts.
pub(crate) fn run(cycles: u32, seed: Option<u64>) -> Result<()> {
    // The whole workspace, as CI builds it: another choice of packages is another choice of their features.
    call("cargo", &["build", "--quiet", "--workspace", "--all-targets"])?;
    let (cycles, seed) = (cycles.to_string(), seed.map(|seed| seed.to_string()));
    let mut args = vec!["crash", "--cycles", &cycles];
    if let Some(seed) = &seed {
        args.extend(["--seed", seed]);
    }
    let load = root()?.join("target/debug/strowger-load");
    let status = command(&load.display().to_string(), &args)?.status()?;
    anyhow::ensure!(status.success(), "the crash audit ended with {status}");
    Ok(())
}
