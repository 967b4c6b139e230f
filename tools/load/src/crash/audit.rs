//! Holds what was found against what was promised. It asks nobody: given both, it says what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, Seen, Workspace};
use super::ledger::{Facts, Ledger, OURS, Sure, is_end};
use super::loss::{Loss, Sort};

/// What else is known of a death.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// Nothing but the gateway was ended: programs must have lived on.
    pub(crate) running: bool,
    /// The disk failed meanwhile: a program may not have been started or stopped, and what was done is undone.
    pub(crate) failing: bool,
}

impl Terms {
    /// Whether a program's order may have failed.
    fn excuse(self, order: &Seen) -> bool {
        self.failing && order.state == "failed"
    }
}

/// All that is wrong.
pub(crate) fn audit(ledger: &Ledger, found: &Found, terms: Terms) -> Vec<Loss> {
    let mut losses = Vec::new();
    let removers = found.removers();
    for (name, facts) in &ledger.orders {
        let order = found.orders.get(name);
        losses.extend(order_of(name, facts, order, terms));
        losses.extend(service_of(name, facts, order, found));
        let removers = removers.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let lives = found.services.get(name).is_some_and(Seen::lives);
        losses.extend(end_of(name, facts, removers, lives, terms));
    }
    let known = ledger.known();
    for (name, order) in &found.orders {
        if name.starts_with(OURS) && !known.contains(name.as_str()) {
            losses.push(Loss::new(Sort::Ghost, format!("order {name} was refused or never asked for")));
        }
        let asked = ledger.orders.get(name).is_some_and(|facts| facts.cancelled != Sure::No);
        if order.state == "cancelled" && !asked {
            losses.push(Loss::new(Sort::CancelledUnasked, format!("order {name}")));
        }
    }
    losses.extend(programs(found, ledger, terms.running));
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

fn order_of(name: &str, facts: &Facts, found: Option<&Seen>, terms: Terms) -> Vec<Loss> {
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
    let undone = facts.app && terms.excuse(order);
    if facts.cancelled == Sure::Yes {
        if order.state != "cancelled" && !undone {
            losses.push(loss(Sort::NotCancelled, format!("is {}", order.state)));
        }
    } else if facts.made != Sure::No
        && is_end(&order.state)
        && !matches!(order.state.as_str(), "completed" | "cancelled")
        && !undone
    {
        // Unanswered or promised: what is stored is carried out.
        let fault = order.fault.as_ref().map_or_else(String::new, |fault| format!(" for {fault}"));
        losses.push(loss(Sort::NotDone, format!("is {}{fault}", order.state)));
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

/// What is wrong with a service's end, given the orders that end it.
fn end_of(name: &str, facts: &Facts, removers: &[(&str, &Seen)], lives: bool, terms: Terms) -> Vec<Loss> {
    let loss = |sort, why: String| Loss::new(sort, format!("service {name}: {why}"));
    let mut losses = Vec::new();
    if facts.removed == Sure::Yes && removers.is_empty() {
        losses.push(loss(Sort::OrderGone, "the order that ends it was promised".to_owned()));
    }
    let excused = |order: &Seen| facts.app && terms.excuse(order);
    for (remover, order) in removers.iter().filter(|(_, order)| order.state != "completed" && !excused(order)) {
        losses.push(loss(Sort::NotRemoved, format!("order {remover}, which ends it, is {}", order.state)));
    }
    let goes_on = removers.iter().any(|(_, order)| excused(order));
    if lives && facts.removed == Sure::Yes && !goes_on {
        losses.push(loss(Sort::ServiceLives, "its end was promised".to_owned()));
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
