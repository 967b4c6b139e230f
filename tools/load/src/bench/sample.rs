//! What one order leaves in a store, to be left there again by others: the same documents, record and key, sealed alike,
//! each with what is its own: name, identifiers, and the moment its key expires.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use strowger_driver::System;
use strowger_kinds::{order, record, service};
use strowger_primitive::{
    DocKey, Document, Expect, FieldDecl, Id, KindDecl, Log, Look as _, Name, Op, OwnKey, Store as _, Value, World as _,
    common, printed,
};
use strowger_records::{Key, read_record};
use tempfile::TempDir;

use super::{OPEN, Stand};
use crate::gateway::{SECRET, USER};
use crate::http::Client;
use crate::store::open;

/// Its order, its service and its idempotency key: as long as those of all others.
const NAME: &str = "order-00000001";
/// So long a gateway remembers a key.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// A gateway that ended, of one order.
pub(crate) struct Left {
    pub(crate) folder: TempDir,
    /// What it answered.
    pub(crate) answer: Vec<u8>,
}

/// What that order left in the store.
pub(crate) struct Sample {
    order: Document,
    service: Document,
    record: Document,
    tenant: Name,
    /// The key that was remembered, and what of it.
    kept: (OwnKey, Bytes),
}

impl Left {
    pub(crate) fn new() -> Result<Self> {
        let stand = Stand::new(&OPEN)?;
        let body = format!("{{\"name\":\"{NAME}\",\"offer\":\"plain\"}}");
        let key = [("idempotency-key", NAME)];
        let mut client = Client::new(stand.gateway.http, USER, SECRET);
        let reply = client.call("POST", "/v1/orders", &key, body.as_bytes())?;
        ensure!(reply.is_success(), "the order is refused: {}", String::from_utf8_lossy(&reply.body));
        let answer = reply.body;
        let Stand { gateway, folder, .. } = stand;
        gateway.stop()?;
        Ok(Self { folder, answer })
    }
}

impl Sample {
    /// Reads it in the folder of [`Left`].
    pub(crate) fn read(left: &Path) -> Result<Self> {
        let data = left.join("data");
        let store = open(&data.join("store"), Arc::new(Key::load(&data.join("keys/records.key"))?))?;
        let tenant = Name::new(USER)?;
        let one = |kind: &'static KindDecl| -> Result<Document> {
            Ok(Document::clone(&*store.view(&tenant, kind).get(NAME).context("the order left nothing")?))
        };
        let (order, service) = (one(&order::DECL)?, one(&service::DECL)?);
        let (mut records, end) = (Vec::new(), store.log_end(Log::AUDIT));
        for (_, stored) in store.read_log(Log::AUDIT, 0, usize::try_from(end)?)? {
            records.push(read_record(&stored)?);
        }
        let made = records.into_iter().find(|r| r.fields.text(&record::OBJECT).is_some_and(|o| &**o == NAME));
        let kept = store.kept_under(&OwnKey::new("recall", &[]), None, 1)?.pop();
        let (key, _, value) = kept.context("the order left no key")?;
        store.close();
        Ok(Self { order, service, record: made.context("the order left no record")?, tenant, kept: (key, value) })
    }

    /// What an order of that name would leave.
    pub(crate) fn ops(&self, name: &str) -> Result<Vec<Op>> {
        ensure!(name.len() == NAME.len(), "{name} is not as long as {NAME}");
        let (name, now) = (Name::new(name)?, System.now());
        let named = |document: &mut Document, fields: &[&FieldDecl]| {
            document.fields.set_text(&common::ID, printed(&Id::new(&System, now)));
            for field in fields {
                document.fields.set(field, Value::Text(name.text()));
            }
        };
        let (mut order, mut service, mut record) = (self.order.clone(), self.service.clone(), self.record.clone());
        named(&mut order, &[&common::NAME]);
        if let Some(Value::Rows(items)) = order.fields.get_mut(order::ITEMS.number) {
            items.values_mut().for_each(|item| item.set(&order::item::SERVICE, Value::Text(name.text())));
        }
        named(&mut service, &[&common::NAME, &service::ORDER]);
        named(&mut record, &[&record::OBJECT]);
        record.fields.set_text(&record::REQUEST, printed(&Id::new(&System, now)));
        let put = |document: Document| {
            let key = DocKey { tenant: self.tenant.clone(), kind: document.kind.number, name: name.clone() };
            Op::Put { key, expect: Expect::Absent, document }
        };
        let (key, value) = &self.kept;
        let keep = Op::Keep {
            key: OwnKey(renamed(&key.0, &name)?),
            expect: Expect::Absent,
            value: renamed(value, &name)?,
            expires: Some(now.wall.plus(REMEMBERED)),
        };
        Ok(vec![put(order), put(service), keep, Op::Append { log: Log::AUDIT, record }])
    }
}

/// The octets with that name at their end instead of [`NAME`].
fn renamed(octets: &Bytes, name: &Name) -> Result<Bytes> {
    let before = octets.strip_suffix(NAME.as_bytes()).context("what is kept does not end with the order's name")?;
    Ok([before, name.as_str().as_bytes()].concat().into())
}
