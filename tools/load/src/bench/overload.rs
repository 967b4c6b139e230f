//! Twice what can be sustained, over both doors at once: what is done meanwhile, how the rest is refused, and whether
//! all that was accepted ends. Sustained is the highest load, offered at a pace and not as answers come, that is done. The gateway has half of the cores, and those who ask have the other.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::apart::Halves;
use super::herd::{Door, Herd, Tally};
use super::process::cpu;
use super::statistics::{median, ratio};
use super::{Row, Stand, order};
use crate::clock;

/// The herd that finds the peak, and the one that offers a load.
const CLIENTS: usize = 256;
const CROWD: usize = 3_000;
/// One client of so many types MML.
const TYPED: usize = 5;
/// Each run.
const TIME: Duration = Duration::from_secs(4);
/// Goodput keeps that part of the peak.
const GOAL: f64 = 0.9;
/// A refusal comes at once: by then, for 99 of 100.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Loads tried, as parts of what a herd without pace gets done.
const STEPS: [f64; 6] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// A load is sustained where at least that part of it is done.
const SUSTAINED: f64 = 0.98;

/// What the runs came to.
#[derive(Default)]
struct Seen {
    sustained: Vec<f64>,
    peaks: Vec<f64>,
    offers: Vec<f64>,
    goods: Vec<f64>,
    done: Vec<f64>,
    refused: u64,
    bare: u64,
    failed: u64,
    unended: u64,
    slowest: Duration,
    why: Option<String>,
}

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let mut seen = Seen::default();
    let halves = Halves::new()?;
    let stand = |set: &[&str]| {
        halves.on_first(|| Stand::new(&[&["admit.per_principal=0", "admit.per_tenant=0"], set].concat()))
    };
    for _ in 0..runs {
        seen.take(&|| stand(&[]))?;
    }
    let refusal = refusal(&stand(&["gate.most_changes=1", "gate.fewest_changes=1"])?)?;
    let (sustained, peak) = (median(&seen.sustained), median(&seen.peaks));
    let (good, offer) = (median(&seen.goods), median(&seen.offers));
    let row = |case: &str, unit| Row::new("overload", case, unit);
    let none = |case: &str, count: u64| row(case, "1").ours(count as f64).goal(if count == 0 { 1.0 } else { 0.0 }, 1.0);
    let broken = format!("neither done nor refused{}", seen.why.map_or_else(String::new, |why| format!(": {why:?}")));
    Ok(vec![
        row("offered beside what is sustained", "1/s").ours(offer).peer(sustained).ratio(ratio(offer, sustained)),
        row("goodput beside what is sustained", "1/s").ours(good).peer(sustained).goal(ratio(good, sustained), GOAL),
        row("goodput beside the peak of 256 clients", "1/s").ours(good).peer(peak).goal(ratio(good, peak), GOAL),
        row("done, 99 of 100 within", "ms").ours(median(&seen.done)),
        row("refused, in all runs", "1").ours(seen.refused as f64),
        row("CPU of an answer where nearly all is refused", "us").ours(refusal),
        row("refusal, 99 of 100 within", "ms")
            .ours(seen.slowest.as_secs_f64() * 1e3)
            .peer(AT_ONCE.as_secs_f64() * 1e3)
            .goal(if seen.slowest > AT_ONCE { 0.0 } else { 1.0 }, 1.0),
        none("refusals without Retry-After", seen.bare),
        none(&broken, seen.failed),
        none("accepted and not ended", seen.unended),
    ])
}

impl Seen {
    /// One run: the peak, what is sustained, twice as much; each in a fresh gateway, so that none pays for what another
    /// left to be compacted.
    fn take(&mut self, fresh: &dyn Fn() -> Result<Stand>) -> Result<()> {
        let peak = mixed(&fresh()?, CLIENTS, None)?.rate();
        let mut sustained = 0.0_f64;
        for step in STEPS {
            let tally = mixed(&fresh()?, CROWD, Some(step * peak))?;
            if tally.rate() >= SUSTAINED * step * peak {
                sustained = sustained.max(tally.rate());
            }
        }
        ensure!(sustained > 0.0, "not even half of the peak, {peak:.0}/s, is sustained; is the machine busy?");
        let stand = fresh()?;
        let mut tally = mixed(&stand, CROWD, Some(2.0 * sustained))?;
        self.peaks.push(peak);
        self.sustained.push(sustained);
        self.goods.push(tally.rate());
        self.offers.push(tally.asked() as f64 / tally.took.as_secs_f64());
        self.done.push(tally.done_within(990).as_secs_f64() * 1e3);
        self.slowest = self.slowest.max(tally.refused_within(990));
        self.refused += tally.refused;
        self.bare += tally.bare;
        self.failed += tally.failed;
        self.why = self.why.take().or(tally.why);
        self.unended += unfinished(&stand)?;
        Ok(())
    }
}

/// So many clients, a part of them over MML; with a pace, so many orders a second, else as many as go.
fn mixed(stand: &Stand, clients: usize, pace: Option<f64>) -> Result<Tally> {
    let typing = clients / TYPED;
    let share = typing as f64 / clients as f64;
    let http = Herd {
        pace: pace.map(|pace| pace * (1.0 - share)),
        ..stand.herd("POST", "/v1/orders", clients - typing, TIME)
    };
    let typed = Herd {
        address: stand.gateway.mml,
        door: Door::Mml,
        clients: typing,
        ask: std::sync::Arc::new(|no| format!("ADD ORDER: NAME=\"{}\", OFFER=\"plain\";", order(no)).into_bytes()),
        from: 50_000_000,
        pace: pace.map(|pace| pace * share),
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
