//! POST of an order, durable, beside two peers that commit the same octets: the store alone, in process, and bare axum
//! with that store behind it, which knows no log-in, no policy and no rule of an order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use strowger_primitive::Store as _;
use strowger_records::Key;
use tokio::task::JoinSet;

use super::get::{measured, middle};
use super::peer::Peer;
use super::process::cpu;
use super::sample::{Left, Sample};
use super::statistics::ratio;
use super::{OPEN, Row, Stand, order};
use crate::clock;
use crate::store::open;

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 64, 1_024];
/// Each run.
const TIME: Duration = Duration::from_secs(2);
/// DESIGN §14.
const GOAL: f64 = 0.6;

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let left = Left::new()?;
    let sample = Arc::new(Sample::read(left.folder.path())?);
    let mut rows = Vec::new();
    for clients in CLIENTS {
        let (mut ours, mut store, mut axum) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs {
            let stand = Stand::new(&OPEN)?;
            ours.push(measured(stand.gateway.pid(), || stand.orders("plain", "", clients, TIME).run())?);
            let mut herd = stand.orders("plain", "", clients, TIME);
            drop(stand);
            store.push(commits(&sample, clients)?);
            let folder = tempfile::tempdir()?;
            let peer = Peer::takes_orders(folder.path(), left.folder.path(), &left.answer)?;
            herd.address = peer.address;
            axum.push(measured(peer.pid(), || herd.run())?);
        }
        let (rate, cost) = middle(&ours);
        for (peer, runs) in [("the store alone", store), ("axum and the store", axum)] {
            let (peer_rate, peer_cost) = middle(&runs);
            let row = |what, unit| Row::new("post", format!("{clients} clients, {what}, beside {peer}"), unit);
            rows.push(row("rate", "1/s").ours(rate).peer(peer_rate).goal(ratio(rate, peer_rate), GOAL));
            rows.push(row("CPU", "us").ours(cost).peer(peer_cost).goal(ratio(peer_cost, cost), GOAL));
        }
    }
    Ok(rows)
}

/// Commits a second of so many callers, in a fresh store, and the CPU of each, in us.
fn commits(sample: &Arc<Sample>, callers: usize) -> Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let store = open(&folder.path().join("store"), Arc::new(Key::load_or_make(&folder.path().join("key"))?))?;
    let count = Arc::new(AtomicU64::new(0));
    let (begun, before) = (clock::now(), cpu(std::process::id())?);
    let done = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (store, count, sample) = (Arc::clone(&store), Arc::clone(&count), Arc::clone(sample));
            tasks.spawn(async move {
                let mut done = 0u64;
                while clock::now().duration_since(begun) < TIME {
                    let ops = sample.ops(&order(count.fetch_add(1, Ordering::Relaxed)))?;
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
    store.close();
    ensure!(done > 0.0, "the store committed nothing");
    Ok((done / took.as_secs_f64(), used.as_secs_f64() * 1e6 / done))
}
