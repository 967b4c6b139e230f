//! What is left at a provider and belongs to nobody: a part whose undo failed. It is tried again until it is gone; after
//! a restart the survey finds it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use strowger_primitive::{Deadline, Name, StepId};

use crate::Core;

/// Steps to be undone, each with its provider.
#[derive(Default)]
pub(crate) struct Orphans(Mutex<BTreeSet<(Name, StepId)>>);

impl Orphans {
    pub(crate) fn add(&self, provider: &Name, step: &StepId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((provider.clone(), step.clone()));
    }

    fn all(&self) -> Vec<(Name, StepId)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn gone(&self, orphan: &(Name, StepId)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(orphan);
    }
}

impl Core {
    /// Tries to undo every one of them, once. Returns how many are gone.
    pub(crate) async fn reap(&self) -> usize {
        let mut gone = 0;
        for orphan in self.orphans.all() {
            let (name, step) = &orphan;
            let Some(provider) = self.providers.named(name) else { continue };
            let now = self.shelf.world.mono();
            let by = Deadline(now).0.checked_add(self.options.step_deadline()).map_or(Deadline(now), Deadline);
            match provider.undo(step, by).await {
                Ok(()) => {
                    self.orphans.gone(&orphan);
                    gone += 1;
                }
                Err(error) => {
                    tracing::warn!(provider = %name, step = %step.0, error = %error, "what nobody owns cannot be undone");
                }
            }
        }
        gone
    }
}
