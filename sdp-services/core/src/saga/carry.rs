//! Carries one order out, from wherever it stands to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::order;
use strowger_primitive::{CommitError, DocKey, Document, Id, Receipt, Revision, StepId};

use super::apply::{Ended, NoChange};
use super::course::{Event, Next};
use super::step::{Came, Failure};
use super::{Course, Journal, Part, Plan, Sort, journal_key};
use crate::Core;
use crate::flight::Seat;
use crate::orders::{has_ended, is_cancelling};

/// An order in flight.
pub(crate) struct Saga {
    pub(crate) id: Id,
    pub(crate) order: DocKey,
    pub(crate) plan: Arc<Plan>,
    pub(crate) course: Course,
    /// The journal's revision as this task wrote it.
    pub(crate) fence: Revision,
    /// Its place among the orders in flight.
    pub(crate) seat: Seat,
    /// How often each part was started again for the step in hand, since it was taken up.
    pub(crate) again: BTreeMap<StepId, u32>,
}

impl Core {
    /// Carries it out on a task of its own.
    pub(crate) fn carry_out(&self, saga: Saga) {
        saga.own(self);
        self.detach("order", |core| saga.run(core));
    }
}

/// What was changed by somebody else is read again so soon.
const SOON: Duration = Duration::from_millis(1);

/// What became of an end of a step that was to be written down.
enum Written {
    Yes,
    /// Somebody else wrote the journal: it is read again.
    Anew,
    /// The gateway stops before it could be.
    Halted,
}

/// One end of a step, in its own words.
struct Told<'a> {
    at: usize,
    event: Event,
    part: Option<&'a Part>,
    receipt: Option<Receipt>,
    failure: Option<Failure>,
}

impl Saga {
    /// Whose its parts are now, as the store tells it.
    fn own(&self, core: &Core) {
        self.plan.0.iter().flat_map(|item| &item.parts).for_each(|part| core.own(&self.order.tenant, &part.step));
    }

    async fn run(mut self, core: Arc<Core>) {
        let plan = Arc::clone(&self.plan);
        loop {
            let Some(order) = self.read(&core) else { break };
            let next = self.course.next(is_cancelling(&order));
            if core.halt.pulled() || has_ended(&order) {
                break;
            }
            let Some(told) = self.step(&core, &plan, next).await else { break };
            match (told.event, told.part) {
                (Event::Renewed, Some(part)) => *self.again.entry(part.step.clone()).or_default() += 1,
                _ => self.again.clear(),
            }
            match self.write(&core, &plan, told).await {
                Written::Yes => {}
                Written::Anew => {
                    if !self.reload(&core) {
                        break;
                    }
                }
                Written::Halted => break,
            }
        }
        drop(self.seat);
    }

    fn read(&self, core: &Core) -> Option<Arc<Document>> {
        core.shelf.look.get(&self.order.tenant, &order::DECL, self.order.name.as_str())
    }

    /// Does what comes next. `None`: nothing more is to be done here.
    async fn step<'a>(&self, core: &Core, plan: &'a Plan, next: Next) -> Option<Told<'a>> {
        let told = |at, event, part| Told { at, event, part, receipt: None, failure: None };
        match next {
            Next::End => None,
            Next::Begin(at) => Some(told(at, Event::Begun, None)),
            Next::Drop(at) => Some(told(at, Event::Dropped, None)),
            Next::Forward(at, step) => {
                let item = plan.0.get(at)?;
                let part = match item.sort {
                    Sort::Add => item.parts.get(usize::from(step)),
                    Sort::Remove => item.stopped(step),
                };
                match core.forward(&self.order, item, step, &self.again).await {
                    Came::Done(receipt) => Some(Told { receipt, ..told(at, Event::Stepped, part) }),
                    Came::Failed(failure) => Some(Told { failure: Some(failure), ..told(at, Event::Failed, part) }),
                    Came::Again(receipt) => {
                        let part = item.parts.iter().find(|part| part.step == receipt.step);
                        Some(Told { receipt: Some(receipt), ..told(at, Event::Renewed, part) })
                    }
                    Came::Cancelled => Box::pin(self.step(core, plan, self.course.next(true))).await,
                    Came::Halted => None,
                }
            }
            Next::Back(at, part) => {
                let item = plan.0.get(at)?;
                let part = item.parts.get(usize::from(part))?;
                let told = told(at, Event::Undone, Some(part));
                match core.back(&self.order, item, part).await {
                    Came::Done(_) => Some(told),
                    Came::Failed(failure) => {
                        core.orphans.add(&part.provider, &part.step);
                        Some(Told { failure: Some(failure), ..told })
                    }
                    Came::Again(_) | Came::Cancelled | Came::Halted => None,
                }
            }
        }
    }

    /// Writes down what came of a step, as often as it takes: accepted work is never given up for want of room.
    async fn write(&mut self, core: &Core, plan: &Plan, mut told: Told<'_>) -> Written {
        let Some(item) = plan.0.get(told.at) else { return Written::Anew };
        let mut tries = 0;
        loop {
            let Some(before) = self.read(core) else { return Written::Anew };
            let ended = Ended {
                id: self.id,
                order: &self.order,
                item,
                at: told.at,
                event: told.event,
                part: told.part,
                receipt: told.receipt.as_ref(),
                failure: told.failure.as_ref(),
                fence: self.fence,
            };
            let change = match core.change(&ended, &before, &self.course) {
                Ok(change) => change,
                Err(NoChange::Died(failure)) => {
                    (told.event, told.failure) = (Event::Failed, Some(failure));
                    continue;
                }
                Err(NoChange::Unwritten(error)) => {
                    tracing::error!(order = %self.order.name, %error, "an order in flight stays where it is");
                    return Written::Halted;
                }
            };
            match core.store.commit(change.ops).await {
                Ok(done) => {
                    self.course = change.course;
                    self.fence = done.revision;
                    self.own(core);
                    return Written::Yes;
                }
                Err(CommitError::Conflict { op: 0, .. }) => return Written::Anew,
                // The order, its service or a resource was changed meanwhile: by its orderer, or by a death.
                Err(CommitError::Conflict { .. }) => {
                    core.shelf.world.sleep(SOON).await;
                    continue;
                }
                Err(error @ (CommitError::Busy | CommitError::Full | CommitError::Failed(_))) => {
                    tracing::warn!(order = %self.order.name, error = %error, "the end of a step is not stored yet");
                }
            }
            tries += 1;
            let mut halt = core.halt.clone();
            tokio::select! {
                biased;
                () = halt.wait() => return Written::Halted,
                () = core.shelf.world.sleep(core.options.pause(tries)) => {}
            }
        }
    }

    /// Takes up the journal as it is. A commit whose end was unknown may be its last writer.
    fn reload(&mut self, core: &Core) -> bool {
        self.own(core);
        match core.store.kept(&journal_key(self.id)) {
            Ok(Some((fence, kept))) => match Journal::read(&kept) {
                Ok(journal) => {
                    (self.course, self.fence) = (journal.course, fence);
                    true
                }
                Err(error) => {
                    tracing::error!(order = %self.order.name, %error, "an order in flight stays where it is");
                    false
                }
            },
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(order = %self.order.name, %error, "an order in flight is taken up later");
                core.flight.doubt();
                false
            }
        }
    }
}
