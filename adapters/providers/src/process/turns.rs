//! One thing at a time for one step; different steps never wait for each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use strowger_primitive::Name;
use tokio::sync::{Mutex as Line, OwnedMutexGuard};

/// Whose turn it is, by step.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<BTreeMap<Name, Weak<Line<()>>>>);

/// A step's turn, until the last clone is gone.
#[derive(Clone, Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "it is held, not read")] Arc<OwnedMutexGuard<()>>);

impl Turns {
    /// Waits for the step's turn.
    pub(super) async fn turn(&self, step: &Name) -> Turn {
        let line = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let running = all.get(step).and_then(Weak::upgrade);
            running.unwrap_or_else(|| {
                all.retain(|_, line| line.strong_count() > 0);
                let line = Arc::new(Line::new(()));
                all.insert(step.clone(), Arc::downgrade(&line));
                line
            })
        };
        Turn(Arc::new(line.lock_owned().await))
    }
}

impl Turn {
    /// Does `work` in this turn: whoever asked for it may go away while it runs, the next must wait all the same.
    pub(super) fn keep<T>(self, work: impl FnOnce() -> T) -> T {
        work()
    }
}
