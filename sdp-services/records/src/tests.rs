//! The journal over a store in memory that can be tampered with, and over the real engine.

mod bare;
mod clock;
mod drafts;
mod engine;
mod exporting;
mod growing;
mod keeping;
mod recording;
mod tampering;

use std::sync::Arc;

use strowger_kinds::record;
use strowger_primitive::{Document, Log, Value, common};

use crate::{Key, Origin, Verifier};

const LOG: Log = Log::AUDIT;

fn key() -> Arc<Key> {
    Arc::new(Key::generate().unwrap())
}

fn verifier(key: &Key) -> Verifier {
    key.verifier(&Origin::new("node-1", LOG).unwrap())
}

/// A record of somebody of `tenant` about its own.
fn record(n: u64, tenant: &str, principal: &str) -> Document {
    let mut record = Document::new(&record::DECL);
    record.fields.set_text(&common::ID, format!("01J{n:023}"));
    record.fields.set(&common::CREATED_AT, Value::Time(strowger_primitive::Time(1_800_000_000_000 + n as i64)));
    record.fields.set(&record::RECORD_CLASS, Value::Enum(record::EACH));
    record.fields.set_text(&record::TENANT_NAME, tenant);
    record.fields.set_text(&record::ABOUT_TENANT, tenant);
    record.fields.set_text(&record::PRINCIPAL, principal);
    record.fields.set_text(&record::OPERATION, "create");
    record.fields.set_text(&record::OUTCOME, if n.is_multiple_of(3) { "not-found" } else { "done" });
    record
}
