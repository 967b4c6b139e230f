//! What the gateway promised, remembered outside of it.

use std::collections::{BTreeMap, BTreeSet};

/// Names that the load gives begin so: whatever else bears such a name came from nowhere.
pub(crate) const OURS: &str = "load-";

/// One change a client asked for, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) ask: Ask,
    pub(crate) way: Way,
    /// Our end of the connection, as records name it.
    pub(crate) peer: String,
    pub(crate) answer: Answer,
}

/// The door it was asked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    #[default]
    Http,
    Mml,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// A service of the same name.
    Order { name: String, app: bool, repeat: Repeat },
    /// A new label.
    Relabel { service: String, label: String },
    /// The service's end.
    End { service: String },
    /// The order's.
    Cancel { order: String },
}

/// How an order is asked for, once and once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// A key makes the same request only at the same door.
    pub(crate) way: Way,
    pub(crate) key: String,
    /// The body, or the whole command.
    pub(crate) asked: String,
    /// What the first answer called it; none: there was no answer.
    pub(crate) id: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is promised.
    Done(Ack),
    /// It was not done, with this code.
    Refused(String),
    /// Nobody knows.
    Unknown,
}

/// What a promise said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ack {
    /// The request's identifier, by which its record is found; MML does not tell it.
    pub(crate) request: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) revision: u64,
    pub(crate) state: Option<String>,
}

/// How sure it is that something was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sure {
    /// It was not.
    #[default]
    No,
    /// It may have been.
    Perhaps,
    /// It was promised.
    Yes,
}

/// What is known of an order and of the service of the same name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) made: Sure,
    pub(crate) app: bool,
    pub(crate) id: Option<String>,
    pub(crate) revision: u64,
    /// The end it had when last seen.
    pub(crate) ended: Option<String>,
    pub(crate) cancelled: Sure,
    /// The labels the service may have.
    pub(crate) labels: Vec<String>,
    pub(crate) service_revision: u64,
    pub(crate) removed: Sure,
}

/// Everything promised since the store was made.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) orders: BTreeMap<String, Facts>,
    /// Requests that have a record, and what they were.
    pub(crate) requests: BTreeMap<String, &'static str>,
    /// Promised changes of those who do not know their requests' identifiers: by peer, operation and kind.
    pub(crate) peers: BTreeMap<(String, &'static str, &'static str), u64>,
    /// Orders to ask for again, of the last load alone.
    pub(crate) repeats: BTreeMap<String, Repeat>,
    pub(crate) promised: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) unknown: u64,
}

impl Ask {
    /// Operation and kind, in the records' words.
    pub(crate) fn recorded(&self) -> (&'static str, &'static str) {
        match self {
            Self::Order { .. } => ("create", "order"),
            Self::Relabel { .. } => ("update", "service"),
            Self::End { .. } => ("delete", "service"),
            Self::Cancel { .. } => ("cancel", "order"),
        }
    }
}

impl Answer {
    /// What a refusal means: whether a change is stored is unknown where the store or the gateway itself failed.
    pub(crate) fn refused(code: &str) -> Self {
        match code {
            "store-failed" | "internal" | "expired" | "" => Self::Unknown,
            _ => Self::Refused(code.to_owned()),
        }
    }
}

impl Ledger {
    /// A new load begins.
    pub(crate) fn turn_page(&mut self) {
        self.repeats.clear();
    }

    pub(crate) fn add(&mut self, change: Change) {
        let (operation, kind) = change.ask.recorded();
        let sure = match &change.answer {
            Answer::Done(ack) => {
                self.promised += 1;
                match &ack.request {
                    Some(request) => drop(self.requests.insert(request.clone(), operation)),
                    None => *self.peers.entry((change.peer, operation, kind)).or_default() += 1,
                }
                Sure::Yes
            }
            Answer::Refused(code) => {
                *self.refused.entry(code.clone()).or_default() += 1;
                Sure::No
            }
            Answer::Unknown => {
                self.unknown += 1;
                Sure::Perhaps
            }
        };
        let ack = match change.answer {
            Answer::Done(ack) => ack,
            Answer::Refused(_) | Answer::Unknown => Ack::default(),
        };
        self.fold(change.ask, sure, ack);
    }

    fn fold(&mut self, ask: Ask, sure: Sure, ack: Ack) {
        match ask {
            Ask::Order { name, app, repeat } => {
                if sure != Sure::No {
                    self.repeats.insert(name.clone(), Repeat { id: ack.id.clone(), ..repeat });
                }
                let ended = ack.state.filter(|state| is_end(state));
                let facts = Facts { made: sure, app, id: ack.id, revision: ack.revision, ended, ..Facts::default() };
                self.orders.insert(name, facts);
            }
            Ask::Relabel { service, label } => {
                let facts = self.orders.entry(service).or_default();
                match sure {
                    Sure::No => {}
                    Sure::Perhaps => facts.labels.push(label),
                    Sure::Yes => {
                        facts.labels = vec![label];
                        facts.service_revision = ack.revision;
                    }
                }
            }
            Ask::End { service } => {
                let facts = self.orders.entry(service).or_default();
                facts.removed = facts.removed.max(sure);
            }
            Ask::Cancel { order } => {
                let facts = self.orders.entry(order).or_default();
                facts.cancelled = facts.cancelled.max(sure);
            }
        }
    }

    /// Somebody saw an order's end.
    pub(crate) fn saw(&mut self, order: &str, end: String) {
        if let Some(facts) = self.orders.get_mut(order) {
            facts.ended = Some(end);
        }
    }

    /// An order was asked for again, and is promised by now if it was not before.
    pub(crate) fn repeated(&mut self, order: &str, ack: Ack) {
        if let Some(facts) = self.orders.get_mut(order) {
            facts.made = Sure::Yes;
            facts.revision = facts.revision.max(ack.revision);
            facts.id = ack.id.or(facts.id.take());
            facts.ended = ack.state.filter(|state| is_end(state)).or(facts.ended.take());
        }
    }

    /// What was unanswered and is there is as good as promised.
    pub(crate) fn settle(&mut self, there: impl Fn(&str) -> bool) {
        for (name, facts) in &mut self.orders {
            if facts.made == Sure::Perhaps && there(name) {
                facts.made = Sure::Yes;
            }
        }
    }

    /// Services of programs that should run.
    pub(crate) fn apps(&self) -> Vec<String> {
        let lives = |facts: &Facts| {
            facts.app
                && facts.ended.as_deref() == Some("completed")
                && facts.removed == Sure::No
                && facts.cancelled == Sure::No
        };
        self.orders.iter().filter(|(_, facts)| lives(facts)).map(|(name, _)| name.clone()).collect()
    }

    /// Orders that were or may have been made.
    pub(crate) fn known(&self) -> BTreeSet<&str> {
        self.orders.iter().filter(|(_, facts)| facts.made != Sure::No).map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether an order in that state, in JSON's words, changes no more.
pub(crate) fn is_end(state: &str) -> bool {
    matches!(state, "completed" | "failed" | "partial" | "cancelled" | "rejected")
}
