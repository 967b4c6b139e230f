//! Makes workspaces: ports, files, a specification, and one rename.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strowger_primitive::{Name, ProviderError, Task};

use super::fault;
use super::folder::{Folder, remove_or_tell};
use super::ledger::{Ledger, NoRoom, is_free};
use super::plan::{Plan, plan};
use crate::Options;
use crate::spec::Spec;
use crate::workspace::{Wish, Workspace};

/// What workspaces are made with. All that it does waits for the disk.
pub(super) struct Maker {
    folder: Arc<Folder>,
    ledger: Mutex<Ledger>,
    allowed: Vec<PathBuf>,
    most: usize,
}

impl Maker {
    /// Learns which ports are given away. `seed` decides where the search for others begins.
    pub(super) fn new(folder: Arc<Folder>, options: &Options, seed: u16) -> io::Result<Self> {
        let mut ledger = Ledger::new(options.ports, options.most, seed);
        for step in folder.steps()? {
            let ports = folder.workspace(&step).spec().map(|spec| spec.ports).unwrap_or_default();
            ledger.adopt(&step, ports.into_iter().map(|port| port.number));
        }
        Ok(Self { folder, ledger: Mutex::new(ledger), allowed: options.executables.clone(), most: options.most })
    }

    /// Makes the workspace beside its name, whole, and names it. Where somebody was faster, theirs counts.
    pub(super) fn make(&self, step: &Name, task: &Task) -> Result<Spec, ProviderError> {
        let workspace = self.folder.workspace(step);
        let plan = self.plan(step, task, &workspace)?;
        let fresh = Workspace::at(self.folder.place_to_make(step));
        let named = fresh.lay_out(&plan.spec, &plan.files).and_then(|()| self.folder.name(fresh.path(), step));
        let Err(error) = named else { return Ok(plan.spec) };
        remove_or_tell(fresh.path());
        self.release(step);
        // A folder with something in it is not replaced (rename(2)).
        if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) {
            return Err(fault::disk("making a workspace", error));
        }
        let spec = workspace.spec().map_err(|error| fault::disk("reading a specification", error))?;
        self.adopt(step, &spec);
        Ok(spec)
    }

    /// Where nothing runs in the workspace and somebody else has a port of it, it gets other ports and its files are
    /// written anew. `None`: not yet, an earlier run is still ending.
    pub(super) fn renew(&self, step: &Name, task: &Task, spec: Spec) -> Result<Option<Spec>, ProviderError> {
        // Another provider may have made it.
        self.adopt(step, &spec);
        let workspace = self.folder.workspace(step);
        let wish = workspace.lock().map_err(|error| fault::disk("locking a workspace", error))?;
        let _lock = match wish {
            Wish::Locked(lock) => lock,
            // A hold that is about to go still has the lock.
            Wish::Taken if workspace.ended().is_some() => return Ok(None),
            Wish::Taken | Wish::Nothing => return Ok(Some(spec)),
        };
        if workspace.kill_remains() > 0 {
            return Ok(None);
        }
        if spec.ports.iter().all(|port| is_free(port.number)) {
            return Ok(Some(spec));
        }
        tracing::info!(%step, "a port was taken by another program; the step gets other ports");
        let written = self.plan(step, task, &workspace).and_then(|plan| {
            let written = workspace.rewrite(&plan.spec, &plan.files);
            written.map(|()| plan.spec).map_err(|error| fault::disk("writing a specification", error))
        });
        written.map(Some).inspect_err(|_| self.adopt(step, &spec))
    }

    /// Gives back what the step had.
    pub(super) fn release(&self, step: &Name) {
        self.ledger().release(step);
    }

    /// What that specification says is what the step has.
    fn adopt(&self, step: &Name, spec: &Spec) {
        let mut ledger = self.ledger();
        ledger.release(step);
        ledger.adopt(step, spec.ports.iter().map(|port| port.number));
    }

    fn plan(&self, step: &Name, task: &Task, workspace: &Workspace) -> Result<Plan, ProviderError> {
        let ports = self.ledger().reserve(step, task.component.ports.len()).map_err(|why| match why {
            NoRoom::Full => fault::full(self.most),
            NoRoom::NoPorts => fault::no_ports(),
        })?;
        plan(task, &workspace.path().to_string_lossy(), &ports, &self.allowed).inspect_err(|_| self.release(step))
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
