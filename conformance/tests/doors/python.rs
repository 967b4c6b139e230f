//! A virtual environment of Python with the pinned tools of strangers, made once under the target folder.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Result, bail};
use strowger_conformance::{Tool, target, untested};

/// What is installed.
const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", "openapi-python-client==0.29.1"];
/// The installation may take so long.
const PATIENCE: Duration = Duration::from_secs(240);

/// The folder of the environment's programs; `None` where the package index cannot be reached, which is told.
pub(crate) fn programs() -> Result<Option<PathBuf>> {
    static TURN: Mutex<()> = Mutex::new(());
    let Ok(_one_at_a_time) = TURN.lock() else { bail!("the installation failed before") };
    let folder = target()?.join("python");
    let (programs, done) = (folder.join("bin"), folder.join(PACKAGES.join("+")));
    if done.exists() {
        return Ok(Some(programs));
    }
    Tool::new("python3").args(["-m", "venv", "--clear"]).args([&folder]).within(PATIENCE).out()?;
    let pip = Tool::new(programs.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]);
    let ended = pip.args(PACKAGES).within(PATIENCE).run()?;
    if ended.status.success() {
        std::fs::write(done, "")?;
        return Ok(Some(programs));
    }
    untested("schemathesis and the Python client", &format!("pip: {}\n{}", ended.status, ended.complaint))?;
    Ok(None)
}
