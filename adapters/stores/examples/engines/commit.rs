//! One commit as the gateway makes them.

use std::sync::Arc;

use bytes::Bytes;
use strowger_driver::System;
use strowger_forms::cbor;
use strowger_kinds::{record, service};
use strowger_primitive::{DocKey, Document, Expect, Id, Log, Name, Op, OwnKey, Text, Value, World as _, common};

/// The octets of one commit, by table.
pub(crate) struct Commit {
    pub(crate) document: (Vec<u8>, Vec<u8>),
    pub(crate) kept: (Vec<u8>, Vec<u8>),
    pub(crate) record: (Vec<u8>, Vec<u8>),
}

impl Commit {
    /// The octets of commit `i`.
    pub(crate) fn new(i: usize) -> Self {
        let (mut document, mut record) = (Vec::new(), Vec::new());
        cbor::write(&a_service(i), &mut document);
        cbor::write(&a_record(i), &mut record);
        let name = name_of(i);
        Self {
            document: (format!("acme/16/{name}").into_bytes(), document),
            kept: (format!("key/{name}").into_bytes(), kept_value(i).to_vec()),
            record: ((i as u64).to_be_bytes().to_vec(), record),
        }
    }
}

/// The operations of commit `i`.
pub(crate) fn ops(i: usize) -> Vec<Op> {
    let name = name_of(i);
    let (Ok(tenant), Ok(named)) = (Name::new("acme"), Name::new(&name)) else { return Vec::new() };
    let key = DocKey { tenant, kind: service::DECL.number, name: named };
    vec![
        Op::Put { key, expect: Expect::Absent, document: a_service(i) },
        Op::Keep {
            key: OwnKey::new("key", &[name.as_bytes()]),
            expect: Expect::Absent,
            value: Bytes::copy_from_slice(&kept_value(i)),
            expires: Some(System.now().wall.plus(std::time::Duration::from_secs(86_400))),
        },
        Op::Append { log: Log::AUDIT, record: a_record(i) },
    ]
}

/// Names in no order.
fn name_of(i: usize) -> String {
    format!("svc-{:016x}", (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17))
}

fn kept_value(i: usize) -> [u8; 64] {
    [u8::try_from(i % 251).unwrap_or_default(); 64]
}

fn a_service(i: usize) -> Document {
    let now = System.now();
    let mut one = Document::new(&service::DECL);
    let fields = &mut one.fields;
    fields.set_text(&common::ID, Id::new(&System, now).to_string());
    fields.set_text(&common::NAME, name_of(i));
    fields.set_text(&common::LABEL, "The greeting of the northern branch");
    fields.set(&common::CREATED_AT, Value::Time(now.wall));
    fields.set(&common::UPDATED_AT, Value::Time(now.wall));
    fields.set_text(&common::CREATED_BY, "alice");
    fields.set(&service::STATE, Value::Enum(service::ACTIVE));
    fields.set_text(&service::OFFER, "hello");
    let pairs = [("greeting", "good morning"), ("language", "en"), ("region", "north"), ("size", "small")];
    let parameters = pairs.iter().map(|(k, v)| (Text::from(*k), Text::from(*v))).collect();
    fields.set(&service::PARAMETERS, Value::Map(parameters));
    fields.set_text(&service::ORDER, name_of(i));
    fields.set_text(&service::PROVIDER, "local-a");
    fields.set_text(&service::ENDPOINT, format!("http://127.0.0.1:{}/", 20_000 + i % 10_000));
    fields.set(&service::HEALTH, Value::Enum(service::UP));
    fields.set(&service::HEALTH_SINCE, Value::Time(now.wall));
    fields.set_text(&service::MESSAGE, "its check passes: GET / answered 200 in 3 ms");
    one
}

fn a_record(i: usize) -> Document {
    let now = System.now();
    let mut one = record::Scribe::new(Arc::<str>::from("node-a"), now.mono, 1).begin(&System, record::EACH);
    let fields = &mut one.fields;
    for (field, text) in [
        (&record::TENANT_NAME, "acme"),
        (&record::ABOUT_TENANT, "acme"),
        (&record::PRINCIPAL, "alice"),
        (&record::AUTH_METHOD, "password"),
        (&record::PROTOCOL, "http"),
        (&record::TRANSPORT, "tls"),
        (&record::PEER, "192.0.2.17:49152"),
        (&record::REQUEST, "01JD0000000000000000000000"),
        (&record::TRACE, "4bf92f3577b34da6a3ce929d0e0e4736"),
        (&record::OPERATION, "create"),
        (&record::KIND, "service"),
        (&record::OBJECT, &*name_of(i)),
        (&record::OUTCOME, "done"),
    ] {
        fields.set_text(field, text);
    }
    let policies = vec![Value::Text("tenant-users-make-services".into())];
    fields.set(&record::POLICIES, Value::List(policies));
    fields.set(&record::PROVEN_AFTER, Value::Uint(41));
    fields.set(&record::ADMITTED_AFTER, Value::Uint(57));
    fields.set(&record::ENDED_AFTER, Value::Uint(412));
    one
}
