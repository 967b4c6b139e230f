//! What one order leaves in a store, to be left there again by others: the same documents, record and key, sealed alike.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use strowger_kinds::{order, record, service};
use strowger_primitive::{DocKey, Document, Expect, KindDecl, Log, Look as _, Name, Op, OwnKey, Store as _, common};
use strowger_records::{Key, read_record};
use tempfile::TempDir;

use super::{OPEN, Stand};
use crate::gateway::USER;
use crate::store::open;

/// Its order, and its service.
const NAME: &str = "order-00000001";
/// The octets of a key that was remembered.
const KEY: usize = 96;

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
}

impl Left {
    pub(crate) fn new() -> Result<Self> {
        let stand = Stand::new(&OPEN)?;
        let body = format!("{{\"name\":\"{NAME}\",\"offer\":\"plain\"}}");
        let answer = stand.call("POST", "/v1/orders", body.as_bytes())?.body;
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
        store.close();
        Ok(Self { order, service, record: made.context("the order left no record")?, tenant })
    }

    /// What an order of that name would leave.
    pub(crate) fn ops(&self, name: &str) -> Result<Vec<Op>> {
        let named = Name::new(name)?;
        let put = |document: &Document| {
            let mut document = document.clone();
            document.fields.set_text(&common::NAME, name);
            let key = DocKey { tenant: self.tenant.clone(), kind: document.kind.number, name: named.clone() };
            Op::Put { key, expect: Expect::Absent, document }
        };
        let key = OwnKey::new("key", &[self.tenant.as_str().as_bytes(), name.as_bytes()]);
        Ok(vec![
            put(&self.order),
            put(&self.service),
            Op::Keep { key, expect: Expect::Absent, value: Bytes::from_static(&[0; KEY]), expires: None },
            Op::Append { log: Log::AUDIT, record: self.record.clone() },
        ])
    }
}
