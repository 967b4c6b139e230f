//! GET of a service beside bare axum that gives the same body: both on loopback, both asked by the same herd.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::herd::Tally;
use super::peer::Peer;
use super::process::cpu;
use super::statistics::{median, ratio};
use super::{OPEN, Row, Stand};

/// Clients at once.
const CLIENTS: usize = 64;
/// Each run.
const TIME: Duration = Duration::from_secs(2);
/// DESIGN §14.
const GOAL: f64 = 0.6;

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let stand = Stand::new(&OPEN)?;
    stand.call("POST", "/v1/orders", br#"{"name":"one","offer":"plain"}"#)?;
    let body = stand.call("GET", "/v1/services/one", b"")?.body;
    let peer = Peer::gives(&stand.place.folder, &body)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for no in 0..=runs {
        let one = measured(stand.gateway.pid(), || stand.reads("/v1/services/one", CLIENTS, TIME).run())?;
        let mut herd = stand.reads("/v1/services/one", CLIENTS, TIME);
        herd.address = peer.address;
        let two = measured(peer.pid(), || herd.run())?;
        // The first warms both up.
        if no > 0 {
            ours.push(one);
            theirs.push(two);
        }
    }
    let (rate, cost) = middle(&ours);
    let (peer_rate, peer_cost) = middle(&theirs);
    Ok(vec![
        Row::new("get", "64 clients, rate", "1/s").ours(rate).peer(peer_rate).goal(ratio(rate, peer_rate), GOAL),
        Row::new("get", "64 clients, CPU", "us").ours(cost).peer(peer_cost).goal(ratio(peer_cost, cost), GOAL),
    ])
}

/// The median rate and the median CPU.
pub(crate) fn middle(runs: &[(f64, f64)]) -> (f64, f64) {
    let (rates, costs): (Vec<_>, Vec<_>) = runs.iter().copied().unzip();
    (median(&rates), median(&costs))
}

/// Rate a second and CPU of the server per answer, in us.
pub(crate) fn measured(pid: u32, run: impl FnOnce() -> Result<Tally>) -> Result<(f64, f64)> {
    let before = cpu(pid)?;
    let tally = run()?;
    let used = cpu(pid)?.saturating_sub(before);
    ensure!(tally.failed == 0, "{} requests failed: {:?}", tally.failed, tally.why);
    ensure!(tally.refused == 0, "{} requests were refused", tally.refused);
    Ok((tally.rate(), used.as_secs_f64() * 1e6 / tally.done.max(1) as f64))
}
