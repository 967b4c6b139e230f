//! POST of an order, durable, beside the store's own group commit of the same octets: in process, with the documents and
//! the record that such an order left, sealed alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use strowger_driver::System;
use strowger_kinds::{order, record, service};
use strowger_primitive::{DocKey, Document, Expect, KindDecl, Log, Look as _, Name, Op, OwnKey, Store as _, common};
use strowger_records::{Key, Seal, read_record};
use strowger_stores::{Embedded, Options};
use tokio::task::JoinSet;

use super::get::{measured, middle};
use super::process::cpu;
use super::statistics::ratio;
use super::{OPEN, Row, Stand};
use crate::clock;
use crate::gateway::USER;

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 64, 1_024];
/// Each run.
const TIME: Duration = Duration::from_secs(2);
/// DESIGN §14.
const GOAL: f64 = 0.6;

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let (mut number, sample) = (AtomicU64::new(0), Sample::take()?);
    for clients in CLIENTS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let stand = Stand::new(&OPEN)?;
            ours.push(measured(stand.gateway.pid(), || stand.herd("POST", "/v1/orders", clients, TIME).run())?);
            drop(stand);
            theirs.push(sample.commits(clients, number.get_mut())?);
        }
        let (rate, cost) = middle(&ours);
        let (peer_rate, peer_cost) = middle(&theirs);
        let case = format!("{clients} clients, rate");
        rows.push(Row::new("post", case, "1/s").ours(rate).peer(peer_rate).goal(ratio(rate, peer_rate), GOAL));
        let case = format!("{clients} clients, CPU");
        rows.push(Row::new("post", case, "us").ours(cost).peer(peer_cost).goal(ratio(peer_cost, cost), GOAL));
    }
    Ok(rows)
}

/// What one order left in the store.
struct Sample {
    order: Document,
    service: Document,
    record: Document,
}

impl Sample {
    fn take() -> Result<Self> {
        let stand = Stand::new(&OPEN)?;
        stand.call("POST", "/v1/orders", br#"{"name":"order-00000001","offer":"plain"}"#)?;
        let Stand { place, gateway, folder } = stand;
        gateway.stop()?;
        let store = open(&place.data().join("store"), &place.data().join("keys/records.key"))?;
        let tenant = Name::new(USER)?;
        let one = |kind: &'static KindDecl| -> Result<Document> {
            let found = store.view(&tenant, kind).get("order-00000001");
            Ok(Document::clone(&*found.context("the order left nothing")?))
        };
        let (order, service) = (one(&order::DECL)?, one(&service::DECL)?);
        let (mut records, end) = (Vec::new(), store.log_end(Log::AUDIT));
        for (_, stored) in store.read_log(Log::AUDIT, 0, usize::try_from(end)?)? {
            records.push(read_record(&stored)?);
        }
        let made =
            records.into_iter().find(|r| r.fields.text(&record::OBJECT).is_some_and(|o| &**o == "order-00000001"));
        store.close();
        drop(folder);
        Ok(Self { order, service, record: made.context("the order left no record")? })
    }

    /// Commits a second of so many callers, in a fresh store, and the CPU of each, in us.
    fn commits(&self, callers: usize, number: &mut u64) -> Result<(f64, f64)> {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let store = open(&folder.path().join("store"), &folder.path().join("key"))?;
        let (count, tenant) = (Arc::new(AtomicU64::new(*number)), Name::new(USER)?);
        let (begun, before) = (clock::now(), cpu(std::process::id())?);
        let done = runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..callers {
                let (store, count, tenant) = (Arc::clone(&store), Arc::clone(&count), tenant.clone());
                let (order, service, record) = (self.order.clone(), self.service.clone(), self.record.clone());
                tasks.spawn(async move {
                    let mut done = 0u64;
                    while clock::now().duration_since(begun) < TIME {
                        let name = format!("order-{:08}", count.fetch_add(1, Ordering::Relaxed));
                        let ops = ops(&tenant, &name, &order, &service, &record)?;
                        store.commit(ops).await?;
                        done += 1;
                    }
                    Ok::<_, anyhow::Error>(done)
                });
            }
            let mut all = 0;
            while let Some(done) = tasks.join_next().await {
                all += done??;
            }
            Ok::<_, anyhow::Error>(all as f64)
        })?;
        let (took, used) = (clock::now().duration_since(begun), cpu(std::process::id())?.saturating_sub(before));
        *number = count.load(Ordering::Relaxed);
        store.close();
        ensure!(done > 0.0, "the store committed nothing");
        Ok((done / took.as_secs_f64(), used.as_secs_f64() * 1e6 / done))
    }
}

fn ops(tenant: &Name, name: &str, order: &Document, service: &Document, record: &Document) -> Result<Vec<Op>> {
    let named = Name::new(name)?;
    let put = |document: &Document| {
        let mut document = document.clone();
        document.fields.set_text(&common::NAME, name);
        let key = DocKey { tenant: tenant.clone(), kind: document.kind.number, name: named.clone() };
        Op::Put { key, expect: Expect::Absent, document }
    };
    let key = OwnKey::new("key", &[tenant.as_str().as_bytes(), name.as_bytes()]);
    let value = Bytes::from_static(&[0; 96]);
    Ok(vec![
        put(order),
        put(service),
        Op::Keep { key, expect: Expect::Absent, value, expires: None },
        Op::Append { log: Log::AUDIT, record: record.clone() },
    ])
}

fn open(folder: &std::path::Path, key: &std::path::Path) -> Result<Arc<Embedded>> {
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    let seal = Seal::new(Arc::new(Key::load_or_make(key)?), "strowger", &[Log::AUDIT])?;
    Ok(Embedded::open(&options, strowger_kinds::all(), Box::new(seal), Arc::new(System))?)
}
