//! Tells of every death that nobody asked for, once.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use strowger_primitive::{Changes, Found, FoundState, Name, Receipt, World};
use tokio::sync::mpsc;

use super::line::{self, Said};
use super::wait::{LOOK, blocking, within};
use crate::workspace::{Wish, Workspace};

/// Deaths that wait to be read; more wait in the tasks that saw them.
const WAITING: usize = 256;
/// Between two tries to reach a hold that is there and does not answer.
const AGAIN: Duration = Duration::from_millis(100);
/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// What cannot be killed for so long hangs in the kernel.
const HOPELESS: u32 = 2_000;

/// Who is watched.
pub(super) struct Deaths {
    world: Arc<dyn World>,
    told: mpsc::Sender<Found>,
    watched: Mutex<BTreeMap<Name, Arc<Watched>>>,
}

/// One program that is watched.
struct Watched {
    pid: Option<u32>,
    /// Its end was asked for.
    asked: AtomicBool,
}

impl Deaths {
    pub(super) fn new(world: Arc<dyn World>) -> (Arc<Self>, Changes) {
        let (told, changes) = mpsc::channel(WAITING);
        (Arc::new(Self { world, told, watched: Mutex::default() }), changes)
    }

    /// Watches the program of that receipt from now on, where nobody does yet.
    pub(super) fn watch(self: &Arc<Self>, receipt: &Receipt, workspace: Workspace) {
        let fresh = Arc::new(Watched { pid: receipt.pid, asked: AtomicBool::new(false) });
        {
            let mut all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if all.get(&receipt.step.0).is_some_and(|watched| watched.pid == receipt.pid) {
                return;
            }
            all.insert(receipt.step.0.clone(), Arc::clone(&fresh));
        }
        let (deaths, receipt) = (Arc::clone(self), receipt.clone());
        self.world.spawn("process-watch", Box::pin(async move { deaths.attend(receipt, workspace, fresh).await }));
    }

    /// Whatever ends for that step from now on was asked to.
    pub(super) fn asked(&self, step: &Name) {
        if let Some(watched) = self.watched.lock().unwrap_or_else(PoisonError::into_inner).get(step) {
            watched.asked.store(true, Ordering::Release);
        }
    }

    async fn attend(&self, receipt: Receipt, workspace: Workspace, watched: Arc<Watched>) {
        let status = self.end(&receipt, &workspace).await;
        {
            let mut all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if all.get(&receipt.step.0).is_some_and(|now| Arc::ptr_eq(now, &watched)) {
                all.remove(&receipt.step.0);
            }
        }
        if !watched.asked.load(Ordering::Acquire) {
            tracing::info!(step = %receipt.step.0, pid = receipt.pid, status, "a process has ended");
            let _nobody_reads = self.told.send(Found { receipt, state: FoundState::Ended(status) }).await;
        }
    }

    /// How the program ended, when it has; `None` where nobody saw how.
    async fn end(&self, receipt: &Receipt, workspace: &Workspace) -> Option<i32> {
        let same = |pid: i32| u32::try_from(pid).ok() == receipt.pid;
        loop {
            match within(self.world.as_ref(), PATIENCE, line::ask(workspace, "status")).await {
                Some(Ok(Said::Running(pid) | Said::Stopping(pid))) if same(pid) => {
                    if let Ok(Said::Ended(status)) = line::ask(workspace, "watch").await {
                        return Some(status);
                    }
                }
                Some(Ok(Said::Ended(status))) => return Some(status),
                // It was started again since: how the one before ended is written over.
                Some(Ok(Said::Running(_) | Said::Stopping(_))) => return None,
                Some(Err(_)) | None => {}
            }
            match self.gone(workspace).await {
                Ok(Some(status)) => return status,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, step = %receipt.step.0, "a workspace cannot be read"),
            }
            self.world.sleep(AGAIN).await;
        }
    }

    /// Where no hold has the workspace: how the program ended. What a killed hold's program left is ended, too.
    async fn gone(&self, workspace: &Workspace) -> io::Result<Option<Option<i32>>> {
        let world = self.world.as_ref();
        let failed = |error| io::Error::other(format!("{error}"));
        let there = workspace.clone();
        let _lock = match blocking(world, move || there.lock()).await.map_err(failed)?? {
            Wish::Locked(lock) => lock,
            Wish::Taken => return Ok(None),
            Wish::Nothing => return Ok(Some(None)),
        };
        for _ in 0..HOPELESS {
            let there = workspace.clone();
            if blocking(world, move || there.kill_remains()).await.map_err(failed)? == 0 {
                break;
            }
            world.sleep(LOOK).await;
        }
        let there = workspace.clone();
        let ended = blocking(world, move || there.ended()).await.map_err(failed)?;
        Ok(Some(ended.map(|ended| ended.status)))
    }
}
