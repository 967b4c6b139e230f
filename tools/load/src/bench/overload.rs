//! Twice what can be sustained, over both doors at once: what is done meanwhile, how the rest is refused, and whether
//! all that was accepted ends. The gateway has half of the cores, and those who ask have the other.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::apart::Halves;
use super::herd::{Door, Herd, Tally};
use super::process::cpu;
use super::statistics::{median, ratio};
use super::{Row, Stand, order};
use crate::clock;

/// The herd that finds the peak, and the one that offers twice as much.
const CLIENTS: usize = 256;
const CROWD: usize = 3_000;
const TYPED: usize = 500;
/// Each run.
const TIME: Duration = Duration::from_secs(5);
/// Of what is offered, so much comes over MML.
const TYPED_SHARE: f64 = 0.2;
/// Goodput keeps that part of the peak.
const GOAL: f64 = 0.9;
/// A refusal comes at once: by then, for 99 of 100.
const AT_ONCE: Duration = Duration::from_millis(250);

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let (mut peaks, mut goods, mut offers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut refused, mut bare, mut failed, mut unended) = (0, 0, 0, 0);
    let (mut slowest, mut waited, mut why) = (Duration::ZERO, Vec::new(), None);
    let halves = Halves::new()?;
    let stand = |set: &[&str]| {
        halves.on_first(|| Stand::new(&[&["admit.per_principal=0", "admit.per_tenant=0"], set].concat()))
    };
    for _ in 0..runs {
        let stand = stand(&[])?;
        let peak = stand.herd("POST", "/v1/orders", CLIENTS, TIME).run()?.rate();
        let mut tally = twice(&stand, peak)?;
        peaks.push(peak);
        goods.push(tally.rate());
        offers.push(tally.asked() as f64 / tally.took.as_secs_f64());
        refused += tally.refused;
        bare += tally.bare;
        failed += tally.failed;
        slowest = slowest.max(tally.refused_within(990));
        waited.push(tally.done_within(990).as_secs_f64() * 1e3);
        why = why.or(tally.why);
        unended += unfinished(&stand)?;
    }
    let (peak, good, offer) = (median(&peaks), median(&goods), median(&offers));
    let refusal = refusal(&stand(&["gate.most_changes=1", "gate.fewest_changes=1"])?)?;
    let zero = |count: u64| if count == 0 { 1.0 } else { 0.0 };
    let mut rows = vec![
        Row::new("overload", "offered", "1/s").ours(offer).peer(peak).ratio(ratio(offer, peak)),
        Row::new("overload", "goodput beside the peak", "1/s").ours(good).peer(peak).goal(ratio(good, peak), GOAL),
        Row::new("overload", "done, 99 of 100 within", "ms").ours(median(&waited)),
        Row::new("overload", "refused, in all runs", "1").ours(refused as f64),
        Row::new("overload", "CPU where nearly all is refused", "us").ours(refusal),
        Row::new("overload", "refusal, 99 of 100 within", "ms")
            .ours(slowest.as_secs_f64() * 1e3)
            .peer(AT_ONCE.as_secs_f64() * 1e3)
            .goal(zero(u64::from(slowest > AT_ONCE)), 1.0),
        Row::new("overload", "refusals without Retry-After", "1").ours(bare as f64).goal(zero(bare), 1.0),
        Row::new("overload", "neither done nor refused", "1").ours(failed as f64).goal(zero(failed), 1.0),
        Row::new("overload", "accepted and not ended", "1").ours(unended as f64).goal(zero(unended), 1.0),
    ];
    if let (Some(why), Some(row)) = (why, rows.get_mut(7)) {
        row.case = format!("{}: {}", row.case, why.lines().collect::<Vec<_>>().join(" "));
    }
    Ok(rows)
}

fn twice(stand: &Stand, peak: f64) -> Result<Tally> {
    let offer = 2.0 * peak;
    let http = Herd {
        pace: Some(offer * (1.0 - TYPED_SHARE)),
        from: 1_000_000,
        ..stand.herd("POST", "/v1/orders", CROWD, TIME)
    };
    let typed = Herd {
        address: stand.gateway.mml,
        door: Door::Mml,
        clients: TYPED,
        ask: std::sync::Arc::new(|no| format!("ADD ORDER: NAME=\"{}\", OFFER=\"plain\";", order(no)).into_bytes()),
        from: 50_000_000,
        pace: Some(offer * TYPED_SHARE),
        ..http.clone()
    };
    std::thread::scope(|scope| {
        let typed = scope.spawn(move || typed.run());
        let http = http.run()?;
        let typed = typed.join().map_err(|_| anyhow::anyhow!("the herd of MML failed"))??;
        Ok(http.beside(typed))
    })
}

/// CPU of an answer where hardly anything is let in, in us.
fn refusal(stand: &Stand) -> Result<f64> {
    let before = cpu(stand.gateway.pid())?;
    let tally = stand.herd("POST", "/v1/orders", CLIENTS, TIME).run()?;
    let used = cpu(stand.gateway.pid())?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / tally.asked().max(1) as f64)
}

/// Orders that were accepted and have not ended after a while.
fn unfinished(stand: &Stand) -> Result<u64> {
    const BOUND: Duration = Duration::from_secs(20);
    let ended = clock::until(BOUND, "every order ends", || {
        let mut open = 0;
        for state in ["acknowledged", "inProgress"] {
            let page = stand.call("GET", &format!("/v1/orders?limit=1&fields=name&state={state}"), b"")?.json();
            open += page.get("items").and_then(|items| items.as_array()).context("no items")?.len();
        }
        Ok((open == 0).then_some(()))
    });
    Ok(u64::from(ended.is_err()))
}
