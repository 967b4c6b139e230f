//! Takes a workspace away: asks its hold to stop the program, then forces it, then removes the folder.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use strowger_primitive::{Deadline, Name, ProviderError, World};

use super::fault;
use super::folder::{Folder, remove_or_tell};
use super::line;
use super::turns::Turn;
use super::wait::{LOOK, blocking, left, within};
use crate::seen::Seen;
use crate::workspace::{Wish, Workspace};

/// What a hold needs beyond the grace of its program. One that takes longer is stuck and is killed.
const BEYOND: Duration = Duration::from_secs(5);
/// Stops what runs in the workspace of `step` and removes it. What is not there is removed.
pub(super) async fn clear(
    world: &dyn World,
    folder: &Folder,
    step: &Name,
    turn: &Turn,
    by: Deadline,
) -> Result<(), ProviderError> {
    let workspace = folder.workspace(step);
    let here = workspace.clone();
    let grace = blocking(world, move || here.spec().map_or(0, |spec| spec.health.stop_ms)).await?;
    let patience = Duration::from_millis(grace).saturating_add(BEYOND);
    let begun = world.mono();
    loop {
        let left = left(world, by, "stopping the process")?;
        let waited = world.mono().saturating_duration_since(begun);
        let patience = patience.saturating_sub(waited);
        let stop = format!("stop {grace}");
        // Whatever it says, the lock tells the truth.
        let _answer = within(world, left.min(patience), line::ask(&workspace, &stop)).await;
        let (here, gone, turn) = (workspace.clone(), folder.place_to_go(step), turn.clone());
        let stuck = patience.is_zero();
        match blocking(world, move || turn.keep(|| take_away(&here, &gone, stuck))).await? {
            Ok(true) => return Ok(()),
            Ok(false) => world.sleep(LOOK).await,
            Err(error) => return Err(fault::disk("removing a workspace", error)),
        }
    }
}

/// Removes the workspace where no hold has it. `false`: not yet.
fn take_away(workspace: &Workspace, gone: &Path, stuck: bool) -> io::Result<bool> {
    let _lock = match workspace.lock()? {
        Wish::Locked(lock) => Some(lock),
        // Without a folder for it there is no lock, and no hold can come: the folder is laid out before it is named.
        Wish::Nothing => None,
        Wish::Taken => {
            if stuck {
                kill_hold(workspace);
            }
            return Ok(false);
        }
    };
    if workspace.kill_remains() > 0 {
        return Ok(false);
    }
    // Under the lock: a hold that waits for it finds that the name means nothing any more.
    match fs::rename(workspace.path(), gone) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        renamed => renamed?,
    }
    remove_or_tell(gone);
    Ok(true)
}

fn kill_hold(workspace: &Workspace) {
    let Some(running) = workspace.running() else { return };
    if let Some(hold) = Seen::of(running.hold).filter(|seen| seen.start == running.hold_start) {
        tracing::warn!(workspace = %workspace.path().display(), "a hold does not answer and is killed");
        hold.kill();
    }
}
