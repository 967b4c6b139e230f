//! A small world in which everything is right, and one thing wrong at a time.

use super::*;
use crate::crash::found::Recorded;
use crate::crash::ledger::{Ack, Answer, Ask, Change, Ledger};

fn ack(request: Option<&str>, revision: u64) -> Answer {
    let id = Some("id".to_owned());
    Answer::Done(Ack { request: request.map(str::to_owned), id, revision, ..Ack::default() })
}

fn change(ask: Ask, peer: &str, answer: Answer) -> Change {
    Change { ask, peer: peer.to_owned(), answer }
}

fn order(name: &str, app: bool) -> Ask {
    Ask::Order { name: name.to_owned(), app, repeat: None }
}

fn seen(revision: u64, state: &str, label: Option<&str>) -> Seen {
    Seen { id: "id".to_owned(), revision, state: state.to_owned(), label: label.map(str::to_owned) }
}

fn recorded(request: &str, peer: &str, operation: &str, kind: &str, object: &str) -> Recorded {
    let [request, peer, operation, kind, object] = [request, peer, operation, kind, object].map(str::to_owned);
    Recorded { request, peer, operation, kind, object }
}

/// One order with a label, one ended, one unanswered, one refused, one cancelled, one program.
fn world() -> (Ledger, Found) {
    let name = |what: &str| format!("load-{what}");
    let mut ledger = Ledger::default();
    let relabel = |label: &str| Ask::Relabel { service: name("a"), label: label.to_owned() };
    for change in [
        change(order("load-a", false), "h", ack(Some("r1"), 1)),
        change(relabel("one"), "h", ack(Some("r2"), 2)),
        change(relabel("two"), "h", Answer::Unknown),
        change(order("load-b", false), "m", ack(None, 3)),
        change(Ask::End { service: name("b") }, "m", ack(None, 0)),
        change(order("load-c", false), "h", Answer::Unknown),
        change(order("load-d", false), "h", Answer::refused("disk-full")),
        change(order("load-e", true), "h", ack(Some("r3"), 4)),
        change(Ask::Cancel { order: name("e") }, "h", ack(Some("r4"), 5)),
        change(order("load-f", true), "h", ack(Some("r5"), 6)),
    ] {
        ledger.add(change);
    }
    let orders = [
        ("load-a", seen(1, "completed", None)),
        ("load-b", seen(3, "completed", None)),
        ("load-e", seen(7, "cancelled", None)),
        ("load-f", seen(8, "completed", None)),
        ("01m88b", seen(9, "completed", None)),
    ];
    let services = [
        ("load-a", seen(2, "active", Some("one"))),
        ("load-e", seen(7, "terminated", None)),
        ("load-f", seen(8, "active", None)),
    ];
    let documents =
        |list: &[(&str, Seen)]| list.iter().map(|(name, seen)| ((*name).to_owned(), seen.clone())).collect();
    let workspace = Workspace {
        name: "w".to_owned(),
        service: Some(name("f")),
        component: "main".to_owned(),
        ports: vec![1],
        holds: 1,
        programs: 1,
    };
    let records = vec![
        recorded("r1", "h", "create", "order", "load-a"),
        recorded("r2", "h", "update", "service", "load-a"),
        recorded("x", "m", "create", "order", "load-b"),
        recorded("y", "m", "delete", "service", "load-b"),
        recorded("r3", "h", "create", "order", "load-e"),
        recorded("r4", "h", "cancel", "order", "load-e"),
        recorded("r5", "h", "create", "order", "load-f"),
    ];
    (ledger, Found { orders: documents(&orders), services: documents(&services), records, workspaces: vec![workspace] })
}

/// The sorts of what is wrong after `change`.
fn wrong(change: impl FnOnce(&mut Ledger, &mut Found)) -> Vec<Sort> {
    let (mut ledger, mut found) = world();
    change(&mut ledger, &mut found);
    let mut losses = audit(&ledger, &found, true);
    losses.extend(records(&ledger, &found));
    losses.into_iter().map(|loss| loss.sort).collect()
}

fn workspace(found: &mut Found, change: impl FnOnce(&mut Workspace)) {
    change(found.workspaces.first_mut().unwrap());
}

fn order_mut<'a>(found: &'a mut Found, name: &str) -> &'a mut Seen {
    found.orders.get_mut(name).unwrap()
}

#[test]
fn nothing_is_wrong_with_a_sound_world() {
    assert_eq!(wrong(|_, _| {}), []);
    // What was not answered may be either way.
    let made = |_: &mut Ledger, found: &mut Found| {
        found.orders.insert("load-c".to_owned(), seen(9, "completed", None));
        found.services.insert("load-c".to_owned(), seen(9, "active", None));
        found.services.get_mut("load-a").unwrap().label = Some("two".to_owned());
    };
    assert_eq!(wrong(made), []);
}

#[test]
fn a_lost_order_is_noticed() {
    assert!(wrong(|_, f| drop(f.orders.remove("load-b"))).contains(&Sort::OrderGone));
    assert_eq!(wrong(|_, f| order_mut(f, "load-a").revision = 0), [Sort::Older]);
    assert_eq!(wrong(|_, f| order_mut(f, "load-a").id = "other".to_owned()), [Sort::Another]);
    let early = |ledger: &mut Ledger, _: &mut Found| {
        ledger.add(change(order("load-z", false), "m", Answer::Done(Ack::default())));
    };
    assert_eq!(wrong(early), [Sort::OrderGone, Sort::NoRecord]);
}

#[test]
fn what_nobody_was_promised_is_noticed() {
    let ghost = |_: &mut Ledger, found: &mut Found| {
        found.orders.insert("load-d".to_owned(), seen(9, "failed", None));
    };
    assert_eq!(wrong(ghost), [Sort::Ghost]);
}

#[test]
fn an_order_ends_once() {
    assert_eq!(
        wrong(|_, f| order_mut(f, "load-e").state = "inProgress".to_owned()),
        [Sort::Unending, Sort::NotCancelled]
    );
    let twice = |ledger: &mut Ledger, _: &mut Found| {
        ledger.orders.get_mut("load-a").unwrap().ended = Some("failed".to_owned());
    };
    assert_eq!(wrong(twice), [Sort::TwoEnds]);
}

#[test]
fn a_lost_service_or_change_is_noticed() {
    assert_eq!(wrong(|_, f| drop(f.services.remove("load-a"))), [Sort::ServiceGone]);
    let label =
        |found: &mut Found, label: &str| found.services.get_mut("load-a").unwrap().label = Some(label.to_owned());
    assert_eq!(wrong(|_, f| label(f, "zero")), [Sort::ChangeGone]);
    assert_eq!(wrong(|_, f| f.services.get_mut("load-a").unwrap().revision = 1), [Sort::ChangeGone]);
    let risen = |_: &mut Ledger, found: &mut Found| {
        found.services.insert("load-b".to_owned(), seen(9, "active", None));
        found.services.insert("load-e".to_owned(), seen(9, "active", None));
    };
    let losses = wrong(risen);
    assert_eq!(losses.iter().filter(|sort| **sort == Sort::ServiceLives).count(), 2, "{losses:?}");
}

#[test]
fn a_lost_or_doubled_record_is_noticed() {
    for lost in 0..7 {
        assert_eq!(wrong(|_, f| drop(f.records.remove(lost))), [Sort::NoRecord], "record {lost}");
    }
    let twice = |_: &mut Ledger, found: &mut Found| {
        found.records.push(recorded("other", "h", "create", "order", "load-a"));
    };
    assert_eq!(wrong(twice), [Sort::RecordTwice]);
}

#[test]
fn programs_belong_to_living_services_once() {
    assert_eq!(wrong(|_, f| workspace(f, |w| w.holds = 2)), [Sort::Twice]);
    assert_eq!(wrong(|_, f| workspace(f, |w| (w.holds, w.programs) = (0, 0))), [Sort::NotRunning]);
    assert_eq!(wrong(|_, f| workspace(f, |w| w.holds = 0)), [Sort::Orphan, Sort::NotRunning]);
    let other = |found: &mut Found, change: &dyn Fn(&mut Workspace)| {
        let mut second = found.workspaces.first().unwrap().clone();
        second.name = "v".to_owned();
        change(&mut second);
        found.workspaces.push(second);
    };
    assert_eq!(wrong(|_, f| other(f, &|w| w.ports = vec![2])), [Sort::Twice]);
    assert_eq!(wrong(|_, f| other(f, &|w| w.component = "second".to_owned())), [Sort::PortTwice]);
    let orphan = |w: &mut Workspace| (w.service, w.ports) = (None, vec![]);
    assert_eq!(wrong(|_, f| other(f, &orphan)), [Sort::Orphan]);
    let leaked = |w: &mut Workspace| {
        (w.service, w.ports, w.holds, w.programs) = (Some("load-b".to_owned()), vec![2], 0, 0);
    };
    assert_eq!(wrong(|_, f| other(f, &leaked)), [Sort::PortLeaked]);
}
