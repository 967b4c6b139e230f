//! Orders: from what is asked to what is accepted; how one waits for the end; cancelling.

mod accept;
mod ask;
mod cancel;
mod judge;
mod wait;

use std::sync::Arc;

use strowger_kinds::order;
use strowger_primitive::{Admitted, Document, Fault, Outcome, Progress, Shown};

pub(crate) use accept::Draft;
pub(crate) use ask::{Placed, Wanted, What, implied, one_item};
pub(crate) use judge::made_by;
pub(crate) use wait::Wait;

use crate::Core;

impl Core {
    /// Answers with the order: made where it came to its end in time, else accepted. One that failed was made all the
    /// same: its state says how it ended.
    pub(crate) async fn create_order(
        &self,
        mut work: Admitted,
        document: Document,
        progress: &Progress,
    ) -> Result<Outcome, Fault> {
        let (key, mut document) = self.shelf.made(&work, document)?;
        let wanted = ask::wanted(&key.name, &mut document)?;
        let accepted = self.accept(&mut work, Draft { key: key.clone(), order: document, wanted }).await?;
        let order = self.await_end(&key, accepted.order, Wait::of(&work), progress).await;
        let ended = has_ended(&order);
        let shown = Shown { document: order, hidden: Arc::clone(&work.grant.hidden) };
        Ok(if ended { Outcome::Created(shown) } else { Outcome::Accepted(shown) })
    }
}

pub(crate) fn state(order: &Document) -> u32 {
    order.fields.choice(&order::STATE).unwrap_or(order::ACKNOWLEDGED)
}

pub(crate) fn has_ended(order: &Document) -> bool {
    order::ended(state(order))
}

pub(crate) fn is_cancelling(order: &Document) -> bool {
    state(order) == order::PENDING_CANCELLATION
}
