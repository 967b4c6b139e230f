//! Changes under way, so that whoever asked can stop one before it is settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use dashmap::DashMap;
use strowger_primitive::{Fault, FaultKind, Principal, RequestId};
use tokio::sync::Notify;

/// Changes under way, by request.
#[derive(Default)]
pub(super) struct Running(DashMap<RequestId, Entry>);

struct Entry {
    principal: Arc<Principal>,
    turn: Arc<Turn>,
}

/// Whether a change may still be stopped. It is settled or stopped, never both.
#[derive(Default)]
pub(super) struct Turn {
    state: AtomicU8,
    stopped: Notify,
}

const OPEN: u8 = 0;
const SETTLING: u8 = 1;
const STOPPED: u8 = 2;
const SETTLED: u8 = 3;

/// Keeps an entry as long as its change is under way.
pub(super) struct Listed<'a> {
    running: &'a Running,
    id: RequestId,
}

impl Running {
    pub(super) fn list(&self, id: RequestId, principal: &Arc<Principal>, turn: &Arc<Turn>) -> Listed<'_> {
        self.0.insert(id, Entry { principal: Arc::clone(principal), turn: Arc::clone(turn) });
        Listed { running: self, id }
    }

    /// Stops the change of that request, if it is `by`'s own.
    pub(super) fn cancel(&self, id: RequestId, by: &Principal) -> Result<(), Fault> {
        let entry = self.0.get(&id).filter(|e| e.principal.tenant == by.tenant && e.principal.name == by.name);
        let Some(turn) = entry.map(|e| Arc::clone(&e.turn)) else {
            return Err(Fault::new(FaultKind::NotFound, "request-not-found", "no such request of yours is under way"));
        };
        if turn.state.compare_exchange(OPEN, STOPPED, Ordering::AcqRel, Ordering::Acquire).is_err() {
            let text = "it is settled already; cancel or delete what it made";
            return Err(Fault::new(FaultKind::Conflict, "already-settled", text));
        }
        turn.stopped.notify_one();
        Ok(())
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.running.0.remove(&self.id);
    }
}

impl Turn {
    /// From now on it cannot be stopped.
    pub(super) fn settle(&self) -> Result<(), Fault> {
        match self.state.compare_exchange(OPEN, SETTLING, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(SETTLING | SETTLED) => Ok(()),
            Err(_) => Err(stopped()),
        }
    }

    /// The commit is done.
    pub(super) fn settled(&self) {
        self.state.store(SETTLED, Ordering::Release);
    }

    /// Whether a commit is done.
    pub(super) fn is_settled(&self) -> bool {
        self.state.load(Ordering::Acquire) == SETTLED
    }

    /// The commit did nothing: where it was the first, it may be stopped again.
    pub(super) fn unsettle(&self) {
        // What was settled before stays so.
        let _settled = self.state.compare_exchange(SETTLING, OPEN, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Waits until somebody stops it.
    pub(super) async fn wait(&self) {
        self.stopped.notified().await;
    }
}

/// The answer of a change that was stopped.
pub(super) fn stopped() -> Fault {
    Fault::new(FaultKind::Declined, "cancelled", "it was cancelled by whoever asked; nothing was changed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::{Id, Name, Revision};

    fn principal(name: &str) -> Arc<Principal> {
        let (tenant, name) = (Name::new("acme").unwrap(), Name::new(name).unwrap());
        Arc::new(Principal { tenant, name, roles: [].into(), revision: Revision(1), method: "password", until: None })
    }

    #[test]
    fn a_change_is_settled_or_stopped_and_never_both() {
        let (running, alice) = (Running::default(), principal("alice"));
        let turn = Arc::new(Turn::default());
        let listed = running.list(Id(1), &alice, &turn);
        assert_eq!(running.cancel(Id(1), &principal("bob")).unwrap_err().kind, FaultKind::NotFound, "not his own");
        assert!(turn.settle().is_ok());
        assert_eq!(running.cancel(Id(1), &alice).unwrap_err().code, "already-settled");
        turn.unsettle();
        assert!(running.cancel(Id(1), &alice).is_ok());
        assert_eq!(turn.settle().unwrap_err().code, "cancelled");
        drop(listed);
        assert_eq!(running.cancel(Id(1), &alice).unwrap_err().kind, FaultKind::NotFound, "it has ended");
    }
}
