//! The end of a change: what a keeper wants done, the idempotency key and the record are one commit.

use std::sync::Arc;

use strowger_primitive::{
    BoxFuture, CommitError, Committed, DocKey, Fault, FaultKind, Index, Op, Permit, Settle, Store, World,
};
use strowger_records::{Draft, End, Recorder};

use super::recall::{self, Recall};
use super::running::Turn;

/// Ends one change.
pub(super) struct Settling {
    pub(super) store: Arc<dyn Store>,
    pub(super) world: Arc<dyn World>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) draft: Draft,
    pub(super) recall: Option<Recall>,
    pub(super) turn: Arc<Turn>,
    /// The gate's leave. What is settled needs it no longer: whoever waits for its work is in nobody's way.
    pub(super) permit: Permit,
}

/// The code of a commit that found the request's own key: it was done before, or is being done.
pub(super) const REPEATED: &str = "repeated";

impl Settle for Settling {
    fn settle(&mut self, mut ops: Vec<Op>, about: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async move {
            self.turn.settle()?;
            let place = ops.len();
            if let Some(recall) = &self.recall {
                ops.push(recall.op(about.as_ref(), self.world.now().wall));
            }
            let accepted = about.as_ref().is_some_and(|about| under_way(&ops, about));
            if let Some(about) = &about {
                self.draft.found(&about.tenant);
                self.draft.object(&Index::from(about));
            }
            ops.push(self.recorder.op(&self.draft, if accepted { End::Accepted } else { End::Done }));
            match self.store.commit(ops).await {
                Ok(committed) => {
                    self.turn.settled();
                    self.permit = Permit::default();
                    Ok(committed)
                }
                Err(error) => {
                    self.turn.unsettle();
                    Err(match error {
                        CommitError::Conflict { op, .. } if op == place && self.recall.is_some() => {
                            Fault::new(FaultKind::Conflict, REPEATED, "the same request is under way")
                        }
                        CommitError::Conflict { .. }
                        | CommitError::Busy
                        | CommitError::Full
                        | CommitError::Failed(_) => error.into(),
                    })
                }
            }
        })
    }
}

/// The end of a read: there is nothing to commit.
pub(super) struct Unchanging;

impl Settle for Unchanging {
    fn settle(&mut self, _: Vec<Op>, _: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async { Err(Fault::internal("a read would change something")) })
    }
}

/// Whether what the answer speaks of is an order that goes on.
fn under_way(ops: &[Op], about: &DocKey) -> bool {
    ops.iter().any(|op| matches!(op, Op::Put { key, document, .. } if key == about && recall::under_way(document)))
}
