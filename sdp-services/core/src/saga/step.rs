//! One step at a provider: tried until it is done, fails for good, or its time is over.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_kinds::order;
use strowger_primitive::{
    BoxFuture, Deadline, DocKey, Fault, FaultKind, Provider, ProviderError, Receipt, StepId, Task, Text, Watch,
};
use tokio::sync::SemaphorePermit;

use super::{Item, Part, Sort};
use crate::Core;
use crate::orders::is_cancelling;

/// What came of a step.
pub(super) enum Came {
    /// It is done; a start gives its receipt.
    Done(Option<Receipt>),
    Failed(Failure),
    /// What was to become healthy had ended or was lost, and is started again.
    Again(Receipt),
    /// The order was cancelled meanwhile; whatever was begun is undone by the way back.
    Cancelled,
    /// The gateway stops; it is taken up again at the next start.
    Halted,
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FaultKind,
    pub(crate) code: &'static str,
    /// What the orderer may be told.
    pub(crate) public: Text,
    /// Why, for the record.
    pub(crate) cause: Option<String>,
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let cause = error.cause.map(|cause| cause.to_string());
        Self { kind: error.kind, code: error.code, public: error.public, cause }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let cause = fault.cause.map(|cause| cause.to_string());
        Self { kind: fault.kind, code: fault.code, public: fault.public, cause }
    }
}

/// What is asked of a provider.
#[derive(Clone, Copy)]
enum Call {
    Start,
    Ready,
    Stop,
}

/// A part that does not become healthy for a passing reason is started again so often.
const AGAIN: u32 = 5;
/// A provider that does not heed its deadline is given so much more, then given up.
const GRACE: Duration = Duration::from_secs(5);

impl Core {
    /// The step of that number of an item, forward; `again` says how often each part was started again for it already.
    pub(super) async fn forward(&self, order: &DocKey, item: &Item, step: u16, again: &BTreeMap<StepId, u32>) -> Came {
        let (call, parts): (Call, Vec<&Part>) = match item.sort {
            Sort::Add => match item.parts.get(usize::from(step)) {
                Some(part) => (Call::Start, vec![part]),
                None => (Call::Ready, item.parts.iter().collect()),
            },
            Sort::Remove => (Call::Stop, item.stopped(step).into_iter().collect()),
        };
        let mut receipt = None;
        for part in parts {
            let again = again.get(&part.step).copied().unwrap_or(0);
            match self.call(order, item, part, call, again).await {
                Came::Done(found) => receipt = found,
                other @ (Came::Failed(_) | Came::Again(_) | Came::Cancelled | Came::Halted) => return other,
            }
        }
        Came::Done(receipt)
    }

    /// Undoes a part, whoever waits for what.
    pub(super) async fn back(&self, order: &DocKey, item: &Item, part: &Part) -> Came {
        self.call(order, item, part, Call::Stop, 0).await
    }

    async fn call(&self, order: &DocKey, item: &Item, part: &Part, call: Call, again: u32) -> Came {
        let Some(provider) = self.providers.named(&part.provider) else {
            let public = format!("provider \"{}\" is not configured; an operator restores it", part.provider);
            return Came::Failed(Fault::new(FaultKind::Unavailable, "provider-missing", public).into());
        };
        let task = task(order, item, part);
        let world = &self.shelf.world;
        let begun = world.mono();
        let of_offer = match call {
            Call::Start => 0,
            Call::Ready => part.component.health.start_ms,
            Call::Stop => part.component.health.stop_ms,
        };
        let most = self.options.step_deadline().saturating_add(Duration::from_millis(of_offer));
        let mut by = begun.checked_add(most).map_or(Deadline(begun), Deadline);
        // An order that is being undone is not stopped by its own cancelling.
        let cancellable = matches!(call, Call::Start | Call::Ready);
        let mut away = Away { watch: cancellable.then(|| self.shelf.look.watch(order)), core: self };
        for no in 1.. {
            let turn = match self.turn(part, call, &mut away, &mut by).await {
                Ok(turn) => turn,
                Err(came) => return came,
            };
            let error = match self.once(&**provider, part, &task, by, call, &mut away).await {
                Once::Done(receipt) => return Came::Done(receipt),
                Once::Left(came) => return came,
                Once::Failed(error) => error,
            };
            drop(turn);
            let pause = self.options.pause(no + again);
            if !error.passing || by.left(world.mono()) <= pause || again >= AGAIN {
                return Came::Failed(error.into());
            }
            tracing::debug!(order = %order.name, step = %part.step.0, error = %error, "tried again");
            tokio::select! {
                biased;
                came = away.wait() => return came,
                () = world.sleep(pause) => {}
            }
            if matches!(call, Call::Ready) {
                match Box::pin(self.call(order, item, part, Call::Start, 0)).await {
                    Came::Done(Some(receipt)) if self.is_news(order, &receipt) => return Came::Again(receipt),
                    Came::Done(_) => {}
                    other @ (Came::Failed(_) | Came::Again(_) | Came::Cancelled | Came::Halted) => return other,
                }
            }
        }
        Came::Halted
    }

    /// Waits until it is the part's turn to be made at its provider. What is made takes the machine, so that many at once
    /// would all be late; what waits is not: its time runs from its turn on. Looking and stopping take next to nothing.
    async fn turn(
        &self,
        part: &Part,
        call: Call,
        away: &mut Away<'_>,
        by: &mut Deadline,
    ) -> Result<Option<SemaphorePermit<'_>>, Came> {
        if !matches!(call, Call::Start) {
            return Ok(None);
        }
        let world = &self.shelf.world;
        let came = world.mono();
        let turn = tokio::select! {
            biased;
            came = away.wait() => return Err(came),
            turn = self.providers.turn(&part.provider) => turn,
        };
        by.0 += world.mono().saturating_duration_since(came);
        Ok(turn)
    }

    async fn once(
        &self,
        provider: &dyn Provider,
        part: &Part,
        task: &Task,
        by: Deadline,
        call: Call,
        away: &mut Away<'_>,
    ) -> Once {
        let world = &self.shelf.world;
        let step = &part.step;
        let mut work: BoxFuture<'_, Result<Option<Receipt>, ProviderError>> = match call {
            Call::Start => Box::pin(async move { provider.perform(step, task, by).await.map(Some) }),
            Call::Ready => Box::pin(async move { provider.ready(step, task, by).await.map(|()| None) }),
            Call::Stop => Box::pin(async move { provider.undo(step, by).await.map(|()| None) }),
        };
        let late = world.sleep(by.left(world.mono()).saturating_add(GRACE));
        // Looking can be left at any moment. What makes or removes something is seen through to its end.
        let looking = matches!(call, Call::Ready);
        tokio::select! {
            biased;
            came = away.wait(), if looking => Once::Left(came),
            done = &mut work => match done {
                Ok(receipt) => Once::Done(receipt),
                Err(error) => Once::Failed(error),
            },
            () = late => Once::Failed(ProviderError {
                kind: FaultKind::Upstream,
                code: "provider-late",
                public: format!("provider \"{}\" did not answer in time", part.provider).into(),
                passing: false,
                cause: None,
            }),
        }
    }
}

/// What came of one try.
enum Once {
    Done(Option<Receipt>),
    Failed(ProviderError),
    Left(Came),
}

/// What may call a step away.
struct Away<'a> {
    /// `None`: nothing but the stop of the gateway does.
    watch: Option<Watch>,
    core: &'a Core,
}

impl Away<'_> {
    async fn wait(&mut self) -> Came {
        let mut halt = self.core.halt.clone();
        let Some(watch) = &mut self.watch else {
            halt.wait().await;
            return Came::Halted;
        };
        loop {
            if watch.now().is_some_and(|order| is_cancelling(&order)) {
                return Came::Cancelled;
            }
            tokio::select! {
                biased;
                () = halt.wait() => return Came::Halted,
                goes_on = watch.changed() => if !goes_on {
                    // Too much is watched: a cancelling is seen when the step is over.
                    halt.wait().await;
                    return Came::Halted;
                },
            }
        }
    }
}

fn task(order: &DocKey, item: &Item, part: &Part) -> Task {
    debug_assert_eq!(order.kind, order::DECL.number);
    let mut values = item.values.clone();
    values.insert("service".into(), item.service.text());
    values.insert("tenant".into(), order.tenant.text());
    Task { tenant: order.tenant.clone(), service: item.service.clone(), component: part.component.clone(), values }
}
