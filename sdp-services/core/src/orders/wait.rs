//! Waits for the end of an order, as long as who asked would wait.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::order;
use strowger_primitive::{Admitted, Deadline, DocKey, Document, Progress};

use super::has_ended;
use crate::Core;

/// The answer sets off so long before the deadline, so that it arrives in time.
const MARGIN: Duration = Duration::from_millis(50);

/// How long an asker waits for the work itself, and when the answer is due.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    patience: Duration,
    deadline: Deadline,
}

impl Wait {
    pub(crate) fn of(work: &Admitted) -> Self {
        Self { patience: work.patience, deadline: work.deadline }
    }
}

impl Core {
    /// The order at its end, or as it is when the patience or the time of the request is over, or the gateway stops.
    /// Every step done is told.
    pub(crate) async fn await_end(
        &self,
        key: &DocKey,
        first: Arc<Document>,
        wait: Wait,
        progress: &Progress,
    ) -> Arc<Document> {
        let left = wait.deadline.left(self.shelf.world.mono()).saturating_sub(MARGIN);
        let patience = wait.patience.min(left);
        let mut newest = first;
        if has_ended(&newest) || patience.is_zero() {
            return newest;
        }
        let mut watch = self.shelf.look.watch(key);
        let mut over = self.shelf.world.sleep(patience);
        let mut hurried = self.hurried.clone();
        loop {
            if let Some(order) = watch.now() {
                newest = order;
                tell(&newest, progress);
            }
            if has_ended(&newest) {
                return newest;
            }
            tokio::select! {
                biased;
                goes_on = watch.changed() => if !goes_on { return newest },
                () = &mut over => return newest,
                () = hurried.wait() => return newest,
            }
        }
    }
}

fn tell(order: &Document, progress: &Progress) {
    let number = |field| order.fields.uint(field).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let state = order.fields.choice(&order::STATE).and_then(|n| order::STATES.name_of(n)).unwrap_or_default();
    let message = order.fields.text(&order::MESSAGE).cloned().unwrap_or_else(|| state.into());
    progress.report(message, number(&order::STEPS_DONE), number(&order::STEPS));
}
