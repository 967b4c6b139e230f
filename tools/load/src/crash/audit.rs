//! Holds what was found against what was promised. It asks nobody: given both, it says what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::found::{Found, Seen, Workspace};
use super::ledger::{Facts, Ledger, OURS, Sure, is_end};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) sort: Sort,
    /// Of what.
    pub(crate) what: String,
}

/// The sorts of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// An order that was promised is not there.
    OrderGone,
    /// It has an earlier revision than was promised.
    Older,
    /// Another has its name.
    Another,
    /// It was refused, or never asked for, and is there.
    Ghost,
    /// An order does not end.
    Unending,
    /// An order had two ends.
    TwoEnds,
    /// A cancel was promised and the order went on.
    NotCancelled,
    /// A completed order's service is not there.
    ServiceGone,
    /// A change of a service was promised and is not there.
    ChangeGone,
    /// A service lives whose end was promised, or whose order made none.
    ServiceLives,
    /// A promised change has no record.
    NoRecord,
    /// One change was recorded twice.
    RecordTwice,
    /// The records do not verify.
    Records,
    /// A program has no living service.
    Orphan,
    /// A component runs twice.
    Twice,
    /// A service's program does not run though nothing ended it.
    NotRunning,
    /// A port was given to two.
    PortTwice,
    /// A port, or its workspace, is kept for nobody.
    PortLeaked,
    /// A request repeated made another thing.
    Repeated,
    /// The gateway does not serve again.
    Dead,
    /// The answer under a failing disk was not the right one.
    Refusal,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.sort, self.what)
    }
}

impl Loss {
    pub(crate) fn new(sort: Sort, what: impl Into<String>) -> Self {
        Self { sort, what: what.into() }
    }
}

/// All that is wrong. `running`: nothing but the gateway was ended, so programs must have lived on.
pub(crate) fn audit(ledger: &Ledger, found: &Found, running: bool) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (name, facts) in &ledger.orders {
        let order = found.orders.get(name);
        losses.extend(order_of(name, facts, order));
        losses.extend(service_of(name, facts, order, found));
    }
    let known = ledger.known();
    for (name, _) in found.orders.iter().filter(|(name, _)| name.starts_with(OURS)) {
        if !known.contains(name.as_str()) {
            losses.push(Loss::new(Sort::Ghost, format!("order {name} was refused or never asked for")));
        }
    }
    losses.extend(programs(found, ledger, running));
    losses
}

/// What is wrong with the records: each promised change has one, no change has two.
pub(crate) fn records(ledger: &Ledger, found: &Found) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut requests: BTreeMap<&str, u64> = BTreeMap::new();
    let mut peers: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for record in &found.records {
        *requests.entry(&record.request).or_default() += 1;
        *peers.entry((&record.peer, &record.operation, &record.kind)).or_default() += 1;
        if record.operation == "create" && record.kind == "order" {
            *made.entry(&record.object).or_default() += 1;
        }
    }
    for (request, operation) in &ledger.requests {
        match requests.get(request.as_str()) {
            None => losses.push(Loss::new(Sort::NoRecord, format!("{operation} {request}"))),
            Some(1) => {}
            Some(_) => losses.push(Loss::new(Sort::RecordTwice, format!("{operation} {request}"))),
        }
    }
    for ((peer, operation, kind), promised) in &ledger.peers {
        let recorded = peers.get(&(peer.as_str(), *operation, *kind)).copied().unwrap_or(0);
        if recorded < *promised {
            let what = format!("{operation} {kind} from {peer}: {promised} promised, {recorded} recorded");
            losses.push(Loss::new(Sort::NoRecord, what));
        }
    }
    for (name, times) in made.into_iter().filter(|(_, times)| *times > 1) {
        losses.push(Loss::new(Sort::RecordTwice, format!("order {name} was made {times} times")));
    }
    losses
}

fn order_of(name: &str, facts: &Facts, found: Option<&Seen>) -> Vec<Loss> {
    let loss = |sort, why: String| Loss::new(sort, format!("order {name}: {why}"));
    let Some(order) = found else {
        return match facts.made {
            Sure::Yes => vec![loss(Sort::OrderGone, format!("promised with revision {}", facts.revision))],
            Sure::No | Sure::Perhaps => Vec::new(),
        };
    };
    let mut losses = Vec::new();
    if order.revision < facts.revision {
        losses.push(loss(Sort::Older, format!("revision {} instead of {}", order.revision, facts.revision)));
    }
    if let Some(id) = facts.id.as_ref().filter(|id| **id != order.id) {
        losses.push(loss(Sort::Another, format!("is {} instead of {id}", order.id)));
    }
    if !is_end(&order.state) {
        losses.push(loss(Sort::Unending, format!("is {}", order.state)));
    } else if let Some(before) = facts.ended.as_ref().filter(|before| **before != order.state) {
        losses.push(loss(Sort::TwoEnds, format!("was {before}, is {}", order.state)));
    }
    if facts.cancelled == Sure::Yes && !matches!(order.state.as_str(), "cancelled" | "failed") {
        losses.push(loss(Sort::NotCancelled, format!("is {}", order.state)));
    }
    losses
}

fn service_of(name: &str, facts: &Facts, order: Option<&Seen>, found: &Found) -> Vec<Loss> {
    let loss = |sort, why: String| Loss::new(sort, format!("service {name}: {why}"));
    let service = found.services.get(name).filter(|service| service.lives());
    let completed = order.is_some_and(|order| order.state == "completed");
    let Some(service) = service else {
        return match completed && facts.removed == Sure::No {
            true => vec![loss(Sort::ServiceGone, "its order is completed and nobody ended it".to_owned())],
            false => Vec::new(),
        };
    };
    let mut losses = Vec::new();
    if !completed {
        let state = order.map_or("not there", |order| &order.state);
        losses.push(loss(Sort::ServiceLives, format!("its order is {state}")));
    }
    let removed = match &facts.remover {
        Some(remover) => found.orders.get(remover).is_some_and(|order| order.state == "completed"),
        None => true,
    };
    if facts.removed == Sure::Yes && removed {
        losses.push(loss(Sort::ServiceLives, "its end was promised".to_owned()));
    }
    if facts.removed == Sure::Yes && !removed && facts.remover.as_ref().is_some_and(|r| !found.orders.contains_key(r)) {
        losses.push(loss(Sort::OrderGone, "the order that ends it was promised".to_owned()));
    }
    if service.revision < facts.service_revision {
        let why = format!("revision {} instead of {}", service.revision, facts.service_revision);
        losses.push(loss(Sort::ChangeGone, why));
    }
    let label = service.label.clone().unwrap_or_default();
    if facts.service_revision > 0 && !facts.labels.contains(&label) {
        losses.push(loss(Sort::ChangeGone, format!("label {label:?} instead of one of {:?}", facts.labels)));
    }
    losses
}

fn programs(found: &Found, ledger: &Ledger, running: bool) -> Vec<Loss> {
    let mut losses = Vec::new();
    let (mut components, mut ports, mut held) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let lives = |name: &String| found.services.get(name).is_some_and(Seen::lives);
    for Workspace { name, service, component, ports: given, holds, programs } in &found.workspaces {
        let owner = service.as_ref().filter(|service| lives(service));
        if owner.is_none() && *holds + *programs > 0 {
            losses.push(Loss::new(Sort::Orphan, format!("workspace {name}: {holds} holds, {programs} programs")));
        } else if owner.is_none() {
            losses.push(Loss::new(Sort::PortLeaked, format!("workspace {name} with ports {given:?}")));
        } else if *holds == 0 && *programs > 0 {
            losses.push(Loss::new(Sort::Orphan, format!("workspace {name}: a program without a hold")));
        }
        if *holds > 1 || *programs > 1 {
            losses.push(Loss::new(Sort::Twice, format!("workspace {name}: {holds} holds, {programs} programs")));
        }
        for port in given.iter().filter(|port| !ports.insert(**port)) {
            losses.push(Loss::new(Sort::PortTwice, format!("port {port} of workspace {name}")));
        }
        if let Some(service) = owner {
            if !components.insert((service.as_str(), component.as_str())) {
                losses.push(Loss::new(Sort::Twice, format!("component {component} of {service}")));
            }
            if *holds > 0 && *programs > 0 {
                held.insert(service.as_str());
            }
        }
    }
    if running {
        let apps = ledger.orders.iter().filter(|(name, facts)| facts.app && lives(name));
        for (name, _) in apps.filter(|(name, _)| !held.contains(name.as_str())) {
            losses.push(Loss::new(Sort::NotRunning, format!("service {name}")));
        }
    }
    losses
}

#[cfg(test)]
mod tests;
