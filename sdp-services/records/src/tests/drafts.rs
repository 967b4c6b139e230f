//! What a record says of a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::{check_fields, offer, record, record::Scribe, service};
use strowger_primitive::{
    Claim, Deadline, Document, Fault, FaultKind, Fields, Grant, Id, Index, Key, KeyScope, Name, Operation, Origin,
    Outcome, Peer, Permit, Principal, RecordClass, Ref, Request, Revision, Scope, Trace, Transport, Value, World,
    common,
};

use super::bare::Bare;
use super::clock::Clock;
use crate::{Draft, End, Recorder};

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn request(world: &Clock, operation: Operation) -> Request {
    request_from(world, operation, "192.0.2.7:4711")
}

pub(super) fn request_from(world: &Clock, operation: Operation, from: &str) -> Request {
    let address: SocketAddr = from.parse().unwrap();
    let peer = Peer { address, listener: "http".into(), transport: Transport::Tls };
    Request {
        id: Id(7),
        trace: Trace { id: 0xabc, span: 1, sampled: true },
        origin: Origin { protocol: "http", peer, transport: Transport::Tls },
        claim: Claim::Anonymous,
        tenant: None,
        key: None,
        deadline: Deadline(world.mono() + Duration::from_secs(9)),
        patience: Duration::ZERO,
        unlike: None,
        permit: Permit::default(),
        operation,
    }
}

pub(super) fn read(kind: &'static strowger_primitive::KindDecl, of: &str) -> Operation {
    Operation::Read(Ref { kind, index: Index::Name(name(of)) })
}

pub(super) fn principal(tenant: &str, who: &str) -> Arc<Principal> {
    let (tenant, name) = (name(tenant), name(who));
    Arc::new(Principal { tenant, name, roles: [3].into(), revision: Revision(1), method: "password", until: None })
}

pub(super) fn recorder(world: &Arc<Clock>, store: &Arc<Bare>) -> Arc<Recorder> {
    let scribe = Scribe::new("node-1", world.mono(), 1);
    Arc::new(Recorder::new(scribe, Arc::clone(world) as _, Arc::clone(store) as _))
}

pub(super) fn forbidden() -> Fault {
    Fault::new(FaultKind::Forbidden, "forbidden", "no policy permits it")
}

/// What the declaration allows.
pub(super) fn assert_well_formed(record: &Document) {
    for part in record.kind.fields {
        let of_part = record.fields.iter().filter(|(number, _)| part.iter().any(|f| f.number == *number));
        let mut fields: Fields = of_part.map(|(number, value)| (number, value.clone())).collect();
        assert_eq!(check_fields(part, &mut fields), Ok(()), "{record:?}");
    }
    assert!(record.fields.iter().all(|(number, _)| record.kind.field(number).is_some()));
}

fn text(record: &Document, field: &strowger_primitive::FieldDecl) -> String {
    record.fields.text(field).map(|t| t.to_string()).unwrap_or_default()
}

#[test]
fn a_record_says_all_that_is_known_of_a_request() {
    let world = Clock::new();
    let recorder = recorder(&world, &Bare::new(&super::key()));
    let mut asked = Document::new(&service::DECL);
    asked.fields.set_text(&common::NAME, "demo-1");
    let mut request = request(&world, Operation::Create(asked));
    request.key = Some(Key { scope: KeyScope::Principal, bytes: b"7d1f".as_slice().into(), fingerprint: 1 });
    let arrived = world.mono();
    let mut draft = Draft::new(&request, arrived);
    world.pass(Duration::from_micros(1_500));
    draft.proven(&principal("acme", "alice"), world.mono());
    draft.allowed(&Grant { scope: Scope::All, hidden: [].into(), policies: [Arc::from("users-own")].into() });
    world.pass(Duration::from_micros(500));
    draft.admitted(world.mono());
    world.pass(Duration::from_millis(3));
    let record = recorder.each(&draft, End::Done);
    assert_well_formed(&record);
    for (field, said) in [
        (&record::NODE, "node-1"),
        (&record::TENANT_NAME, "acme"),
        (&record::ABOUT_TENANT, "acme"),
        (&record::PRINCIPAL, "alice"),
        (&record::AUTH_METHOD, "password"),
        (&record::PROTOCOL, "http"),
        (&record::TRANSPORT, "tls"),
        (&record::PEER, "192.0.2.7:4711"),
        (&record::REQUEST, "00000000000000000000000007"),
        (&record::TRACE, "00000000000000000000000000000abc"),
        (&record::OPERATION, "create"),
        (&record::KIND, "service"),
        (&record::OBJECT, "demo-1"),
        (&record::OUTCOME, "done"),
        (&record::FAULT, ""),
        (&record::CAUSE, ""),
    ] {
        assert_eq!(text(&record, field), said, "{}", field.name);
    }
    assert_eq!(text(&record, &record::KEY).len(), 64, "a hash, not the key");
    assert_eq!(record.fields.list(&record::POLICIES), [Value::Text("users-own".into())]);
    let times = [&record::PROVEN_AFTER, &record::ADMITTED_AFTER, &record::ENDED_AFTER, &record::UPTIME];
    assert_eq!(times.map(|f| record.fields.uint(f)), [Some(1_500), Some(2_000), Some(5_000), Some(5_000)]);
}

#[test]
fn whatever_a_peer_says_the_record_is_well_formed() {
    let world = Clock::new();
    let recorder = recorder(&world, &Bare::new(&super::key()));
    for said in ["\u{1f980}".repeat(400), "a\0b\x1b[31m\r\n".repeat(30), "\u{85}\u{fc}".repeat(50)] {
        let mut asked = Document::new(&offer::DECL);
        asked.fields.set_text(&common::NAME, said.as_str());
        let mut draft = Draft::new(&request(&world, Operation::Create(asked)), world.mono());
        draft.decided(&(0..40).map(|n| Arc::from(format!("{n}{said}"))).collect());
        let inner = std::io::Error::other(said.clone());
        let fault = Fault::new(FaultKind::Upstream, "provider-failed", "a provider failed")
            .because(Box::new(inner) as Box<dyn std::error::Error + Send + Sync>);
        let record = recorder.each(&draft, End::Fault(&fault));
        assert_well_formed(&record);
        assert!(record.fields.text(&record::CAUSE).is_some_and(|c| c.len() <= 1_024 && c.len() > 100));
    }
}

#[test]
fn the_cause_and_what_is_behind_it_go_into_the_record_and_the_public_text_does_not() {
    #[derive(Debug, thiserror::Error)]
    #[error("the saga stopped")]
    struct Outer(#[source] std::io::Error);
    let world = Clock::new();
    let recorder = recorder(&world, &Bare::new(&super::key()));
    let draft = Draft::new(&request(&world, Operation::Prove), world.mono());
    let fault = Fault::internal(Outer(std::io::Error::other("disk on fire")));
    let record = recorder.each(&draft, End::Fault(&fault));
    assert_eq!(text(&record, &record::CAUSE), "the saga stopped: disk on fire");
    assert_eq!(
        (text(&record, &record::OUTCOME), text(&record, &record::FAULT)),
        ("internal".into(), "internal".into())
    );
    assert!(record.fields.get(&record::KIND).is_none() && record.fields.get(&record::OBJECT).is_none());
}

#[test]
fn each_end_has_its_word_and_each_verb_its_class() {
    assert_eq!(End::from(&Ok(Outcome::Done)).word(), "done");
    let shown = strowger_primitive::Shown { document: Arc::new(Document::new(&service::DECL)), hidden: [].into() };
    assert_eq!(End::from(&Ok(Outcome::Accepted(shown))).word(), "accepted");
    assert_eq!(End::from(&Err(forbidden())).word(), "forbidden");
    let world = Clock::new();
    let class = |operation| Draft::new(&request(&world, operation), world.mono()).class();
    assert_eq!(class(read(&service::DECL, "a")), RecordClass::Counted);
    assert_eq!(class(Operation::Create(Document::new(&service::DECL))), RecordClass::Each);
    assert_eq!(class(Operation::Prove), RecordClass::Each);
}
