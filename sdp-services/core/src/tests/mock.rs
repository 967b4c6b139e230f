//! A mock provider: it starts what it is asked to, fails where a test says so, and remembers everything.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use strowger_primitive::{
    BoxFuture, Changes, Deadline, FaultKind, Found, FoundState, Name, Provider, ProviderCard, ProviderError, Receipt,
    StepId, Task,
};
use tokio::sync::{Notify, mpsc};

/// So many start at once.
pub(super) const AT_ONCE: usize = 4;

/// What a call comes to, where a test says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Fails,
    FailsForNow,
    /// It does not end before the mock is told to go on.
    Hangs,
    /// What ran for the step is gone, as with the power, and the call fails for now.
    Lost,
    /// What ran for the step ended by itself with that status, which is told, and the call fails for now.
    Died(i32),
}

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    script: BTreeMap<String, VecDeque<Turn>>,
    /// What runs, by step; `Some` of an ended one is its status.
    runs: BTreeMap<StepId, (u32, Option<i32>)>,
    /// Starts of what was not lost before.
    starts: BTreeMap<StepId, u32>,
    pids: u32,
    told: Option<mpsc::Sender<Found>>,
    blind: bool,
}

/// The provider; it outlives the gateways that use it.
pub(super) struct Mock {
    card: ProviderCard,
    seen: Mutex<Seen>,
    go_on: Notify,
}

impl Mock {
    pub(super) fn new(name: &str) -> Arc<Self> {
        let card = ProviderCard { name: Name::new(name).unwrap(), runs: "process", at_once: AT_ONCE };
        Arc::new(Self { card, seen: Mutex::default(), go_on: Notify::new() })
    }

    /// The next `call` (`start web`, `ready web`, `stop web`) comes to this.
    pub(super) fn script(&self, call: &str, turns: &[Turn]) {
        self.seen.lock().unwrap().script.entry(call.to_owned()).or_default().extend(turns);
    }

    /// What hangs goes on.
    pub(super) fn go_on(&self) {
        self.go_on.notify_waiters();
    }

    /// Whether it can be looked at.
    pub(super) fn blind(&self, blind: bool) {
        self.seen.lock().unwrap().blind = blind;
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.seen.lock().unwrap().calls.clone()
    }

    /// Steps that run.
    pub(super) fn running(&self) -> Vec<StepId> {
        let seen = self.seen.lock().unwrap();
        seen.runs.iter().filter(|(_, (_, end))| end.is_none()).map(|(step, _)| step.clone()).collect()
    }

    /// The most often one step was started.
    pub(super) fn most_starts(&self) -> u32 {
        self.seen.lock().unwrap().starts.values().copied().max().unwrap_or(0)
    }

    /// The program of that step ends by itself.
    pub(super) fn kill(&self, step: &StepId, status: i32) {
        let mut seen = self.seen.lock().unwrap();
        let Some((pid, end)) = seen.runs.get_mut(step) else { panic!("{step:?} does not run") };
        *end = Some(status);
        let receipt = receipt(step, *pid);
        if let Some(told) = &seen.told {
            let _nobody_reads = told.try_send(Found { receipt, state: FoundState::Ended(Some(status)) });
        }
    }

    /// Something of ours that nobody owns.
    pub(super) fn stray(&self, step: &str) {
        self.seen.lock().unwrap().runs.insert(StepId(Name::new(step).unwrap()), (1, None));
    }

    async fn turn(&self, call: String, step: &StepId) -> Result<(), ProviderError> {
        let turn = {
            let mut seen = self.seen.lock().unwrap();
            let turn = seen.script.get_mut(&call).and_then(VecDeque::pop_front);
            seen.calls.push(call.clone());
            turn
        };
        if let Some(Turn::Died(status)) = turn
            && self.running().contains(step)
        {
            self.kill(step, status);
        }
        if let Some(Turn::Lost | Turn::Died(_)) = turn {
            let mut seen = self.seen.lock().unwrap();
            seen.runs.remove(step);
            seen.starts.remove(step);
        }
        match turn {
            None => Ok(()),
            Some(Turn::Fails) => Err(error(false, &call)),
            Some(Turn::FailsForNow | Turn::Lost | Turn::Died(_)) => Err(error(true, &call)),
            Some(Turn::Hangs) => {
                self.go_on.notified().await;
                Ok(())
            }
        }
    }
}

fn error(passing: bool, call: &str) -> ProviderError {
    let public = format!("{call} went wrong").into();
    let cause = Some("the mock was told to".into());
    ProviderError { kind: FaultKind::Upstream, code: "mock-failed", public, passing, cause }
}

fn receipt(step: &StepId, pid: u32) -> Receipt {
    let endpoints = vec![
        ("admin".into(), format!("127.0.0.1:{}", pid + 1).into()),
        ("http".into(), format!("127.0.0.1:{pid}").into()),
    ];
    Receipt { step: step.clone(), endpoints, pid: Some(pid), place: format!("/w/{}", step.0).into() }
}

impl Provider for Mock {
    fn card(&self) -> &ProviderCard {
        &self.card
    }

    fn perform<'a>(
        &'a self,
        step: &'a StepId,
        task: &'a Task,
        _: Deadline,
    ) -> BoxFuture<'a, Result<Receipt, ProviderError>> {
        Box::pin(async move {
            assert_eq!(task.values.get("service").map(|s| &**s), Some(task.service.as_str()));
            self.turn(format!("start {}", task.component.name), step).await?;
            let mut seen = self.seen.lock().unwrap();
            if let Some((pid, None)) = seen.runs.get(step) {
                return Ok(receipt(step, *pid));
            }
            let pid = 40_000 + 2 * seen.pids;
            seen.pids += 1;
            *seen.starts.entry(step.clone()).or_default() += 1;
            seen.runs.insert(step.clone(), (pid, None));
            Ok(receipt(step, pid))
        })
    }

    fn ready<'a>(&'a self, step: &'a StepId, task: &'a Task, _: Deadline) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let call = format!("ready {}", task.component.name);
            self.turn(call.clone(), step).await?;
            if self.seen.lock().unwrap().runs.contains_key(step) { Ok(()) } else { Err(error(true, &call)) }
        })
    }

    fn undo<'a>(&'a self, step: &'a StepId, _: Deadline) -> BoxFuture<'a, Result<(), ProviderError>> {
        let position = step.0.as_str().rsplit_once('-').map_or("", |(_, position)| position);
        Box::pin(async move {
            self.turn(format!("stop {position}"), step).await?;
            self.seen.lock().unwrap().runs.remove(step);
            Ok(())
        })
    }

    fn survey<'a>(&'a self, _: Deadline) -> BoxFuture<'a, Result<Vec<Found>, ProviderError>> {
        Box::pin(async move {
            let seen = self.seen.lock().unwrap();
            if seen.blind {
                return Err(error(true, "survey"));
            }
            let found = |(step, (pid, end)): (&StepId, &(u32, Option<i32>))| Found {
                receipt: receipt(step, *pid),
                state: end.map_or(FoundState::Running, |status| FoundState::Ended(Some(status))),
            };
            Ok(seen.runs.iter().map(found).collect())
        })
    }

    fn changes(&self) -> Option<Changes> {
        let (sender, receiver) = mpsc::channel(16);
        self.seen.lock().unwrap().told = Some(sender);
        Some(receiver)
    }
}
