//! The kind `record` as principals see it.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::record;
use strowger_primitive::{
    Admission, Admitted, BoxFuture, Committed, Cursor, Deadline, DocKey, Fault, FaultKind, FieldDecl, Fields, Filter,
    Grant, Id, Index, Keeper as _, Op, Operation, Order, Origin, Outcome, Page, Peer, Permit, Progress, Query, Ref,
    Scope, Settle, Transport, Value, World, authorities, common,
};

use super::bare::Bare;
use super::clock::Clock;
use super::drafts::{name, principal};
use super::{key, verifier};
use crate::{Key, Proof, Records};

struct Nothing;

impl Settle for Nothing {
    fn settle(&mut self, _: Vec<Op>, _: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        panic!("records are not changed")
    }
}

struct Room {
    key: Arc<Key>,
    world: Arc<Clock>,
    records: Records,
}

impl Room {
    /// Every fifth record is beta's, of bob; the others acme's, of alice and carol in turn.
    fn new(size: u64) -> Self {
        let (key, world) = (key(), Clock::new());
        let store = Bare::new(&key);
        let who = |n: u64| match n % 5 {
            0 => ("beta", "bob"),
            2 | 4 => ("acme", "carol"),
            _ => ("acme", "alice"),
        };
        store.inside().append((0..size).map(|n| super::record(n, who(n).0, who(n).1)).collect()).unwrap();
        let records = Records::new(store, Arc::clone(&world) as _, verifier(&key));
        Self { key, world, records }
    }

    fn ask(&self, tenant: &str, who: &str, scope: Scope, operation: Operation) -> Result<Outcome, Fault> {
        self.ask_hiding(&[record::CAUSE.number], tenant, who, scope, operation)
    }

    fn ask_hiding(
        &self,
        hidden: &[u16],
        tenant: &str,
        who: &str,
        scope: Scope,
        operation: Operation,
    ) -> Result<Outcome, Fault> {
        let authorities = authorities();
        let known = authorities.security.known(principal(tenant, who));
        let grant = Grant { scope, hidden: hidden.into(), policies: [].into() };
        let allowed = authorities.security.allowed(known, grant);
        let peer = Peer { address: ([192, 0, 2, 1], 1).into(), listener: "http".into(), transport: Transport::Tls };
        let work: Admitted = authorities.pipeline.admitted(
            allowed,
            Admission {
                id: Id(1),
                operation,
                origin: Origin { protocol: "http", peer, transport: Transport::Tls },
                tenant: name(tenant),
                deadline: Deadline(self.world.mono()),
                patience: Duration::ZERO,
                settle: Box::new(Nothing),
                permit: Permit::default(),
            },
        );
        let progress = Progress::unheard();
        let mut answer = self.records.perform(work, &progress);
        match answer.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }

    fn page(&self, tenant: &str, scope: Scope, query: &Query) -> Page {
        let answer = self.ask(tenant, "alice", scope, Operation::List(query.clone()));
        let Ok(Outcome::Page(page)) = answer else { panic!("{answer:?}") };
        page
    }

    /// All pages; the sequences shown.
    fn all(&self, tenant: &str, scope: Scope, mut query: Query) -> Vec<u64> {
        let mut shown = Vec::new();
        loop {
            let page = self.page(tenant, scope, &query);
            assert!(page.documents.len() <= query.limit as usize);
            shown.extend(page.documents.iter().map(|d| d.fields.uint(&common::SEQUENCE).unwrap()));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return shown,
            }
        }
    }
}

fn query(limit: u32, descending: bool) -> Query {
    let sort = if descending { vec![Order { field: &common::SEQUENCE, descending }] } else { Vec::new() };
    Query { sort, limit, ..Query::all(&record::DECL) }
}

fn filtered(field: &'static FieldDecl, value: Value) -> Query {
    Query { filters: vec![Filter { field, value: Some(value) }], ..Query::all(&record::DECL) }
}

fn target(sequence: u64) -> Ref {
    Ref { kind: &record::DECL, index: Index::Sequence(sequence) }
}

#[test]
fn a_tenant_sees_what_is_about_it_and_the_operator_all() {
    let room = Room::new(1_000);
    let acme: Vec<u64> = (0..1_000).filter(|n| n % 5 != 0).collect();
    for limit in [1, 7, 100, 1_000] {
        assert_eq!(room.all("acme", Scope::All, query(limit, false)), acme, "{limit}");
    }
    assert_eq!(room.all("operator", Scope::All, query(1_000, false)).len(), 1_000);
    assert_eq!(room.all("gamma", Scope::All, query(10, false)), []);
    assert_eq!(room.page("acme", Scope::All, &query(1, false)).hidden[..], [record::CAUSE.number]);
}

#[test]
fn own_records_are_those_the_principal_asked_for() {
    let room = Room::new(100);
    let own: Vec<u64> = (0..100).filter(|n| matches!(n % 5, 1 | 3)).collect();
    assert_eq!(room.all("acme", Scope::Own, query(7, false)), own);
    assert!(room.ask("acme", "alice", Scope::Own, Operation::Read(target(1))).is_ok());
    let fault = room.ask("acme", "alice", Scope::Own, Operation::Read(target(2))).unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::NotFound, "record-not-found"));
    // Who is called alice elsewhere is somebody else.
    assert_eq!(room.all("beta", Scope::Own, query(7, false)), []);
}

#[test]
fn newest_first_reads_from_the_end() {
    let room = Room::new(1_000);
    let mut acme: Vec<u64> = (0..1_000).filter(|n| n % 5 != 0).collect();
    acme.reverse();
    for limit in [1, 7, 100, 1_000] {
        assert_eq!(room.all("acme", Scope::All, query(limit, true)), acme, "{limit}");
    }
}

#[test]
fn filters_hold_on_any_field() {
    let room = Room::new(100);
    let failed = filtered(&record::OUTCOME, Value::Text("not-found".into()));
    let expected: Vec<u64> = (0..100).filter(|n| n % 5 != 0 && n % 3 == 0).collect();
    assert_eq!(room.all("acme", Scope::All, failed), expected);
    assert_eq!(room.all("acme", Scope::All, filtered(&common::SEQUENCE, Value::Uint(42))), [42]);
    assert_eq!(room.all("acme", Scope::All, filtered(&common::SEQUENCE, Value::Uint(40))), [], "another tenant's");
    assert_eq!(room.all("acme", Scope::All, filtered(&common::SEQUENCE, Value::Uint(u64::MAX))), []);
    let none = Query { filters: vec![Filter { field: &record::CAUSE, value: None }], ..query(100, false) };
    assert_eq!(room.all("acme", Scope::All, none).len(), 80);
}

#[test]
fn a_call_looks_at_a_bounded_stretch_and_says_where_to_go_on() {
    let room = Room::new(30_000);
    let nothing = filtered(&record::OUTCOME, Value::Text("nonesuch".into()));
    let page = room.page("acme", Scope::All, &nothing);
    assert!(page.documents.is_empty() && page.next.is_some());
    assert_eq!(room.all("acme", Scope::All, nothing), []);
    let last = filtered(&record::OUTCOME, Value::Text("done".into()));
    let last = Query { sort: query(1, true).sort, limit: 1, ..last };
    assert_eq!(room.page("operator", Scope::All, &last).documents.len(), 1);
}

#[test]
fn a_cursor_that_is_none_and_an_order_we_do_not_have_are_refused() {
    let room = Room::new(10);
    let forward = room.page("acme", Scope::All, &query(1, false)).next.unwrap();
    let backward = Query { cursor: Some(forward), ..query(1, true) };
    let cursors = ["", "zz", "6", "61", "6131\u{fc}", "ffff", "612d31"].map(|c| Cursor(c.into()));
    let bad = cursors.into_iter().map(|c| Query { cursor: Some(c), ..query(1, false) }).chain([backward]);
    for query in bad {
        let fault = room.ask("acme", "alice", Scope::All, Operation::List(query.clone())).unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Malformed, "bad-cursor"), "{:?}", query.cursor);
    }
    let sorted = Query { sort: vec![Order { field: &record::PEER, descending: false }], ..query(1, false) };
    let fault = room.ask("acme", "alice", Scope::All, Operation::List(sorted)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
}

#[test]
fn anothers_record_is_not_found() {
    let room = Room::new(10);
    let Ok(Outcome::Document(shown)) = room.ask("acme", "alice", Scope::All, Operation::Read(target(7))) else {
        panic!()
    };
    assert_eq!(shown.document.fields.uint(&common::SEQUENCE), Some(7));
    assert_eq!(shown.hidden[..], [record::CAUSE.number]);
    for sequence in [5, 10, u64::MAX] {
        let fault = room.ask("acme", "alice", Scope::All, Operation::Read(target(sequence))).unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::NotFound, "record-not-found"));
        let fault = room.records.find(&name("acme"), &target(sequence)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotFound);
    }
    assert!(room.ask("operator", "root", Scope::All, Operation::Read(target(5))).is_ok());
    let named = Ref { kind: &record::DECL, index: Index::Name(name("seven")) };
    assert_eq!(room.records.find(&name("acme"), &named).unwrap_err().kind, FaultKind::NotFound);
}

#[test]
fn policy_learns_the_owner_where_its_name_means_somebody() {
    let room = Room::new(10);
    let found = room.records.find(&name("acme"), &target(1)).unwrap();
    assert_eq!((found.tenant, found.owner.as_deref()), (name("acme"), Some("alice")));
    let found = room.records.find(&name("operator"), &target(1)).unwrap();
    assert_eq!((found.tenant, found.owner), (name("operator"), None), "not the operator's alice");
}

#[test]
fn a_record_proves_itself() {
    let room = Room::new(100);
    let prove = record::DECL.action_named("prove").unwrap();
    let work = |sequence| Operation::Invoke(target(sequence), prove, Fields::default());
    let ask = |sequence| room.ask_hiding(&[], "acme", "alice", Scope::All, work(sequence));
    let Ok(Outcome::Reply(reply)) = ask(42) else { panic!() };
    assert_eq!(strowger_kinds::check_fields(record::proof::ALL, &mut reply.fields.clone()), Ok(()));
    let proof = Proof::read(42, &reply.fields).unwrap();
    assert_eq!(proof.check(&verifier(&room.key)).unwrap().size, 100);
    assert_eq!(ask(40).unwrap_err().kind, FaultKind::NotFound, "another tenant's");
    assert_eq!(ask(100).unwrap_err().kind, FaultKind::NotFound);
    assert_eq!(room.ask("acme", "alice", Scope::All, work(42)).unwrap_err().code, "hidden-field");
}

#[test]
fn nobody_makes_or_changes_records() {
    let room = Room::new(10);
    for operation in [
        Operation::Create(strowger_primitive::Document::new(&record::DECL)),
        Operation::Delete(target(1), None),
        Operation::Update(target(1), None, strowger_primitive::Patch::default()),
    ] {
        let fault = room.ask("operator", "root", Scope::All, operation).unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotAllowed);
    }
    assert_eq!(room.records.kinds().len(), 1);
}
