//! A small world in which everything is right, and one thing wrong at a time.

use super::*;
use crate::crash::found::Recorded;
use crate::crash::ledger::{Ack, Answer, Ask, Change, Ledger, Repeat, Way};

fn ack(request: Option<&str>, revision: u64) -> Answer {
    let id = Some("id".to_owned());
    Answer::Done(Ack { request: request.map(str::to_owned), id, revision, ..Ack::default() })
}

fn change(ask: Ask, peer: &str, answer: Answer) -> Change {
    Change { ask, way: Way::default(), peer: peer.to_owned(), answer }
}

fn order(name: &str, app: bool) -> Ask {
    Ask::Order { name: name.to_owned(), app, repeat: Repeat::default() }
}

fn seen(revision: u64, state: &str, label: Option<&str>) -> Seen {
    Seen { id: "id".to_owned(), revision, state: state.to_owned(), label: label.map(str::to_owned), ..Seen::default() }
}

fn ends(revision: u64, state: &str, service: &str) -> Seen {
    Seen { ends: vec![service.to_owned()], ..seen(revision, state, None) }
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
        ("01m88b", ends(9, "completed", "load-b")),
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
    wrong_where(false, change)
}

/// The same where the disk failed meanwhile.
fn wrong_where(failing: bool, change: impl FnOnce(&mut Ledger, &mut Found)) -> Vec<Sort> {
    let (mut ledger, mut found) = world();
    change(&mut ledger, &mut found);
    let mut losses = audit(&ledger, &found, Terms { running: true, failing });
    losses.extend(records(&ledger, &found));
    sorts(&losses)
}

fn sorts(losses: &[Loss]) -> Vec<Sort> {
    losses.iter().map(|loss| loss.sort).collect()
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
fn an_order_that_nobody_cancelled_is_done() {
    let ended = |name: &'static str, state: &'static str| {
        move |_: &mut Ledger, found: &mut Found| {
            order_mut(found, name).state = state.to_owned();
            found.services.remove(name);
            found.workspaces.retain(|workspace| workspace.service.as_deref() != Some(name));
        }
    };
    for state in ["failed", "partial", "rejected"] {
        for name in ["load-a", "load-f"] {
            assert_eq!(wrong(ended(name, state)), [Sort::NotDone], "{name}");
        }
        assert_eq!(wrong_where(true, ended("load-a", state)), [Sort::NotDone], "it needs nothing but the store");
    }
    assert_eq!(wrong(ended("load-a", "cancelled")), [Sort::CancelledUnasked]);
    assert_eq!(wrong(ended("load-e", "failed")), [Sort::NotCancelled]);
    for name in ["load-e", "load-f"] {
        assert_eq!(wrong_where(true, ended(name, "failed")), [], "{name}: it could not be started, or undone");
    }
    assert_eq!(wrong_where(true, ended("load-f", "rejected")), [Sort::NotDone]);
    let others =
        |_: &mut Ledger, found: &mut Found| drop(found.orders.insert("01m".to_owned(), seen(9, "cancelled", None)));
    assert_eq!(wrong(others), [Sort::CancelledUnasked]);
    // Unanswered, and stored: it is carried out, or cancelled where that was asked for.
    let unanswered = |state: &'static str| {
        move |_: &mut Ledger, found: &mut Found| drop(found.orders.insert("load-c".to_owned(), seen(9, state, None)))
    };
    assert_eq!(wrong(unanswered("failed")), [Sort::NotDone]);
    assert_eq!(wrong(unanswered("cancelled")), [Sort::CancelledUnasked]);
    let asked = |ledger: &mut Ledger, found: &mut Found| {
        ledger.add(change(Ask::Cancel { order: "load-c".to_owned() }, "h", Answer::Unknown));
        unanswered("cancelled")(ledger, found);
    };
    assert_eq!(wrong(asked), []);
}

#[test]
fn what_was_being_started_when_the_power_went_is_started_again() {
    let (ledger, mut found) = world();
    found.services.remove("load-f");
    found.workspaces.clear();
    let fault = Some("start-failed".to_owned());
    found.orders.insert("load-f".to_owned(), Seen { fault, ..seen(9, "failed", None) });
    for running in [false, true] {
        let losses = audit(&ledger, &found, Terms { running, failing: false });
        assert_eq!(sorts(&losses), [Sort::NotDone]);
        assert!(losses[0].to_string().contains("is failed for start-failed"), "{}", losses[0]);
    }
}

#[test]
fn a_service_ends_by_an_order_that_is_done() {
    let ended = |state: &'static str, lives: bool| {
        move |_: &mut Ledger, found: &mut Found| {
            order_mut(found, "01m88b").state = state.to_owned();
            if lives {
                found.services.insert("load-b".to_owned(), seen(9, "active", None));
            }
        }
    };
    assert_eq!(wrong(ended("completed", true)), [Sort::ServiceLives]);
    assert_eq!(wrong(ended("failed", true)), [Sort::NotRemoved, Sort::ServiceLives]);
    assert_eq!(wrong(ended("failed", false)), [Sort::NotRemoved]);
    assert_eq!(wrong_where(true, ended("failed", true)), [Sort::NotRemoved, Sort::ServiceLives], "it is no program");
    assert_eq!(wrong(|_, f| drop(f.orders.remove("01m88b"))), [Sort::OrderGone]);
    // A program that a failing disk kept from being stopped goes on.
    let program = |ledger: &mut Ledger, found: &mut Found| {
        ledger.add(change(Ask::End { service: "load-f".to_owned() }, "h", ack(Some("r5"), 0)));
        found.orders.insert("01m88f".to_owned(), ends(9, "failed", "load-f"));
    };
    assert_eq!(wrong(program), [Sort::NotRemoved, Sort::ServiceLives]);
    assert_eq!(wrong_where(true, program), []);
}

#[test]
fn what_is_asked_for_again_is_promised() {
    let again = |ledger: &mut Ledger, _: &mut Found| {
        ledger.repeated("load-c", Ack { id: Some("id".to_owned()), ..Ack::default() });
    };
    assert_eq!(wrong(again), [Sort::OrderGone]);
    let there = |ledger: &mut Ledger, _: &mut Found| ledger.settle(|name| name == "load-c");
    assert_eq!(wrong(there), [Sort::OrderGone]);
    let end = |ledger: &mut Ledger, _: &mut Found| ledger.saw("load-f", "failed".to_owned());
    assert_eq!(wrong(end), [Sort::TwoEnds]);
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
