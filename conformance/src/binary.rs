//! The binaries under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};

/// A binary of this workspace, beside the test's own executable. It is built where it is missing or older than
/// what it is made of. The variable `STROWGER_BINARY` names another `strowger`, which is taken as it is.
///
/// # Errors
/// A build that fails.
pub fn built(package: &str, file: &str) -> Result<PathBuf> {
    static TURN: Mutex<()> = Mutex::new(());
    if let Some(given) = std::env::var_os("STROWGER_BINARY").filter(|_| file == "strowger") {
        return Ok(given.into());
    }
    let path = profile()?.join(file);
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_fresh(&path) {
        let release = profile()?.ends_with("release");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "-p", package]).args(release.then_some("--release")).current_dir(workspace());
        let status = cargo.status().context("cargo cannot be run")?;
        if !status.success() {
            bail!("cargo build -p {package} ended with {status}");
        }
    }
    Ok(path)
}

/// The workspace's folder for what is built.
///
/// # Errors
/// Where this executable is in no such folder.
pub fn target() -> Result<PathBuf> {
    Ok(profile()?.parent().context("no target folder")?.to_owned())
}

/// Tells that this machine cannot show something: a file in `target/untested`, of which `cargo xtask ci` speaks at its
/// end, since a test that passes says nothing.
///
/// # Errors
/// Where `CI` is `true`: there everything is to be shown.
pub fn untested(what: &str, why: &str) -> Result<()> {
    ensure!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{what} cannot be tested: {why}");
    let folder = target()?.join("untested");
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(what), why)?)
}

/// The workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// The folder that the test's own executable was built into.
fn profile() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("no folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().context("no folder")? } else { folder };
    Ok(folder.to_owned())
}

/// Whether a binary is there and nothing it is made of is newer, as cargo's list beside it says.
fn is_fresh(path: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|there| there.modified()).ok();
    let list = path.with_extension("d");
    let (Some(made), Ok(list)) = (time(path), fs::read_to_string(list)) else { return false };
    let (_, parts) = list.split_once(": ").unwrap_or_default();
    parts.split_whitespace().all(|part| time(Path::new(part)).is_some_and(|changed| changed <= made))
}
