//! Looks at every workspace there is.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{Deadline, Found, FoundState, Name, ProviderError, Receipt, StepId, World};

use super::deaths::Deaths;
use super::fault;
use super::folder::Folder;
use super::line::{self, Said};
use super::wait::{LOOK, blocking, left, within};
use crate::workspace::{Wish, Workspace};

/// A hold answers within this time; one that does not is there all the same.
const PATIENCE: Duration = Duration::from_secs(2);

/// All that is there, in the order of names. What runs is watched from now on.
pub(super) async fn survey(
    world: &dyn World,
    folder: &Arc<Folder>,
    deaths: &Arc<Deaths>,
    by: Deadline,
) -> Result<Vec<Found>, ProviderError> {
    let here = Arc::clone(folder);
    let steps = blocking(world, move || here.steps()).await?;
    let mut all = Vec::new();
    for step in steps.map_err(|error| fault::disk("reading the folder of workspaces", error))? {
        left(world, by, "looking at the workspaces")?;
        let workspace = folder.workspace(&step);
        if let Some(found) = one(world, &step, &workspace, by).await? {
            if found.state == FoundState::Running {
                deaths.watch(&found.receipt, workspace);
            }
            all.push(found);
        }
    }
    Ok(all)
}

async fn one(
    world: &dyn World,
    step: &Name,
    workspace: &Workspace,
    by: Deadline,
) -> Result<Option<Found>, ProviderError> {
    let until = by.shortened(world.mono(), PATIENCE);
    let (pid, state) = loop {
        let rest = until.left(world.mono());
        if let Some(Ok(Said::Running(pid))) = within(world, rest, line::ask(workspace, "status")).await {
            break (u32::try_from(pid).ok(), FoundState::Running);
        }
        let there = workspace.clone();
        let state = blocking(world, move || without_answer(&there)).await?;
        match state.map_err(|error| fault::disk("locking a workspace", error))? {
            Silent::Ended(status) => break (None, FoundState::Ended(status)),
            Silent::Busy(pid) if until.left(world.mono()).is_zero() => {
                break (pid.and_then(|pid| u32::try_from(pid).ok()), FoundState::Running);
            }
            Silent::Busy(_) => world.sleep(LOOK).await,
        }
    };
    let there = workspace.clone();
    let (spec, present) = blocking(world, move || (there.spec(), there.path().is_dir())).await?;
    let (step, place) = (StepId(step.clone()), workspace.path().to_string_lossy());
    let receipt = match spec {
        Ok(spec) => spec.receipt(&step, pid, &place),
        Err(_) if present => Receipt { step, endpoints: Vec::new(), pid, place: place.as_ref().into() },
        // Undone while we looked.
        Err(_) => return Ok(None),
    };
    Ok(Some(Found { receipt, state }))
}

/// A workspace whose hold does not answer.
enum Silent {
    /// There is none.
    Ended(Option<i32>),
    /// It is beginning, ending, or stuck; or what a killed one left is being ended.
    Busy(Option<i32>),
}

fn without_answer(workspace: &Workspace) -> io::Result<Silent> {
    let busy = || Silent::Busy(workspace.running().and_then(|running| running.pid));
    match workspace.lock()? {
        Wish::Locked(_) if workspace.kill_remains() > 0 => Ok(busy()),
        Wish::Locked(_) | Wish::Nothing => Ok(Silent::Ended(workspace.ended().map(|ended| ended.status))),
        Wish::Taken => Ok(busy()),
    }
}
