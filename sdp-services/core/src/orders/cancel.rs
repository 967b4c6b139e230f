//! Cancelling an order: it is marked, and its task undoes what was done.

use std::sync::Arc;

use strowger_kinds::order;
use strowger_primitive::{
    ActionDecl, Admitted, Document, Expect, Fault, FaultKind, Fields, Op, Outcome, Payload, Progress, Ref, Shown,
    Value, common,
};

use super::{Wait, has_ended, is_cancelling};
use crate::Core;

/// How often it is tried when the order's own steps come between.
const TRIES: u32 = 16;

impl Core {
    /// Answers with the order where the undoing goes on, with nothing where it is over.
    pub(crate) async fn cancel_order(
        &self,
        mut work: Admitted,
        target: &Ref,
        action: &'static ActionDecl,
        progress: &Progress,
    ) -> Result<Outcome, Fault> {
        for _ in 0..TRIES {
            let (key, before) = self.shelf.target(&work, target)?;
            if has_ended(&before) {
                let state = before.fields.choice(&order::STATE).and_then(|n| order::STATES.name_of(n));
                let text = format!("order \"{}\" has ended: it is {}", key.name, state.unwrap_or("over"));
                return Err(Fault::new(FaultKind::Conflict, "order-ended", text));
            }
            let mut after = Document::clone(&before);
            if !is_cancelling(&before) {
                after.fields.set(&order::STATE, Value::Enum(order::PENDING_CANCELLATION));
                after.fields.set_text(&order::MESSAGE, format!("is cancelled by {}", work.principal.name));
                after.fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
            }
            let put = Op::Put { key: key.clone(), expect: Expect::Revision(before.revision()), document: after };
            let done = match work.settle(vec![put], Some(key.clone())).await {
                Ok(done) => done,
                Err(fault) if fault.code == "stale" => continue,
                Err(fault) => return Err(fault),
            };
            let marked = done.documents.into_iter().next().unwrap_or(before);
            let order = self.await_end(&key, marked, Wait::of(&work), progress).await;
            return Ok(if has_ended(&order) {
                Outcome::Reply(Payload { action, fields: Fields::default() })
            } else {
                Outcome::Accepted(Shown { document: order, hidden: Arc::clone(&work.grant.hidden) })
            });
        }
        Err(Fault::new(FaultKind::Busy, "too-many-changes", "this order changes too often just now; ask again"))
    }
}
