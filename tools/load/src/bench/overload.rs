//! Twice what can be sustained, over both doors at once: what is done meanwhile, how the rest is refused, and whether
//! all that was accepted, and nothing else, is there and completed. The gateway has half of the cores, and those who ask
//! have the other. First orders of programs, which are accepted and then carried out; then bare orders, which need
//! nothing and are done with their answer. Of these, sustained is the highest load, offered at a pace and not as answers
//! come, that is done; the peak of goodput is the most that was done of any load so offered.

mod programs;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::apart::Halves;
use super::herd::{Door, Herd, Tally};
use super::process::cpu;
use super::statistics::{median, ratio};
use super::{Row, Stand, order, orders};

/// The herd without pace that says where to look, and the one that offers a load.
const CLIENTS: usize = 256;
const CROWD: usize = 2_000;
/// One client of so many types MML.
const TYPED: usize = 5;
/// Each run.
const TIME: Duration = Duration::from_secs(4);
/// Goodput keeps that part of the peak.
const GOAL: f64 = 0.9;
/// A refusal comes at once: by then, for 99 of 100.
const AT_ONCE: Duration = Duration::from_millis(250);

/// What is sustained lies between these parts of what a herd without pace gets done.
const RANGE: (f64, f64) = (0.5, 1.2);
/// It is halved so often: to within 4 % of what is found.
const HALVINGS: u32 = 5;
/// A load is sustained where at least that part of it is done.
const SUSTAINED: f64 = 0.98;
/// What must have been offered, beside what is sustained, for the clients to have kept up.
const TWICE: f64 = 1.9;
/// What the second part is of.
const BARE: &str = "bare orders";

/// What the runs of one sort of order came to.
#[derive(Default)]
struct Figures {
    sustained: Vec<f64>,
    peaks: Vec<f64>,
    offers: Vec<f64>,
    goods: Vec<f64>,
    /// 99 of 100 refusals came within it, in every run.
    slowest: Duration,
    accepted: u64,
    refused: u64,
}

impl Figures {
    fn rows(&self, sort: &str) -> Vec<Row> {
        let [sustained, peak, offer, good] =
            [&self.sustained, &self.peaks, &self.offers, &self.goods].map(|all| median(all));
        let row = |case, unit| row(sort, case, unit);
        vec![
            row("offered beside what is sustained", "1/s").ours(offer).peer(sustained).ratio(ratio(offer, sustained)),
            row("goodput beside its peak", "1/s").ours(good).peer(peak).goal(ratio(good, peak), GOAL),
            row("refusal, 99 of 100 within, from when it was due", "ms")
                .ours(self.slowest.as_secs_f64() * 1e3)
                .peer(AT_ONCE.as_secs_f64() * 1e3)
                .goal(if self.slowest > AT_ONCE { 0.0 } else { 1.0 }, 1.0),
            row("accepted and found completed, in all runs", "1").ours(self.accepted as f64),
            row("refused with Retry-After, in all runs", "1").ours(self.refused as f64),
        ]
    }
}

fn row(sort: &str, case: &str, unit: &'static str) -> Row {
    Row::new("overload", format!("{sort}, {case}"), unit)
}

/// What the runs of bare orders came to.
#[derive(Default)]
struct Seen {
    figures: Figures,
    /// Of the herd without pace.
    rushes: Vec<f64>,
    done: Vec<f64>,
    late: Vec<f64>,
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
    let refusal = refusal(&stand(&["gate.most_changes=1", "gate.most_waiting=0"])?)?;
    let (good, rush) = (median(&seen.figures.goods), median(&seen.rushes));
    let mut rows = programs::run(runs, &halves)?;
    rows.extend(seen.figures.rows(BARE));
    let row = |case, unit| row(BARE, case, unit);
    rows.extend([
        row("goodput beside what 256 without pace get done", "1/s").ours(good).peer(rush).goal(ratio(good, rush), GOAL),
        row("done, 99 of 100 within, from when it was due", "ms").ours(median(&seen.done)),
        row("of both, behind it when sent, 99 of 100 within", "ms").ours(median(&seen.late)),
        row("CPU of an answer where nearly all is refused", "us").ours(refusal),
    ]);
    Ok(rows)
}

impl Seen {
    /// One run: where to look, what is sustained, twice as much; each in a fresh gateway, so that none pays for what
    /// another left to be compacted.
    fn take(&mut self, fresh: &dyn Fn() -> Result<Stand>) -> Result<()> {
        let rush = plain(CLIENTS, None).run(&fresh()?)?.rate();
        let mut peak = 0.0f64;
        let sustained = highest(&mut |part| {
            // Once more where it is not: a low one makes twice as much less than it should be.
            for _ in 0..2 {
                let done = plain(CROWD, Some(part * rush)).run(&fresh()?)?.rate();
                peak = peak.max(done);
                if done >= SUSTAINED * part * rush {
                    return Ok(Some(done));
                }
            }
            Ok(None)
        })?;
        let sustained =
            sustained.with_context(|| format!("not even half of {rush:.0}/s is sustained; is the machine busy?"))?;
        let stand = fresh()?;
        let mut tally = plain(CROWD, Some(2.0 * sustained)).run(&stand)?;
        // Every request is sent within the time; answers may come behind it.
        let offered = tally.asked() as f64 / TIME.as_secs_f64();
        ensure!(
            offered >= TWICE * sustained,
            "{offered:.0}/s were offered, {sustained:.0}/s are sustained: the clients do not keep up; is the machine busy?"
        );
        orders::kept(&stand, &tally.numbers)?;
        self.rushes.push(rush);
        self.done.push(tally.done_within(990).as_secs_f64() * 1e3);
        self.late.push(tally.late_within(990).as_secs_f64() * 1e3);
        let figures = &mut self.figures;
        figures.peaks.push(peak.max(tally.rate()));
        figures.sustained.push(sustained);
        figures.goods.push(tally.rate());
        figures.offers.push(offered);
        figures.slowest = figures.slowest.max(tally.refused_within(990));
        figures.accepted += tally.done;
        figures.refused += tally.refused;
        Ok(())
    }
}

/// What came of the highest part that is sustained, found by halving; none: not even the lowest. `tried` says what came
/// of a part where it is sustained.
fn highest(tried: &mut dyn FnMut(f64) -> Result<Option<f64>>) -> Result<Option<f64>> {
    let (mut good, mut bad) = RANGE;
    let mut best = None;
    for _ in 0..HALVINGS {
        let part = f64::midpoint(good, bad);
        match tried(part)? {
            Some(came) => (good, best) = (part, Some(came)),
            None => bad = part,
        }
    }
    Ok(best)
}

/// A load over both doors.
#[derive(Clone, Copy)]
struct Mix {
    clients: usize,
    /// So many orders a second; none: as many as go.
    pace: Option<f64>,
    time: Duration,
    offer: &'static str,
    /// Whether each is waited for to its end.
    waits: bool,
}

impl Mix {
    fn run(self, stand: &Stand) -> Result<Tally> {
        let Self { clients, pace, time, offer, waits } = self;
        let typing = clients / TYPED;
        let share = typing as f64 / clients as f64;
        let (wish, wait) = if waits { ("prefer: wait=60\r\n", ", WAIT=60") } else { ("", "") };
        let http =
            Herd { pace: pace.map(|pace| pace * (1.0 - share)), ..stand.orders(offer, wish, clients - typing, time) };
        let ask = move |no| format!("ADD ORDER: NAME=\"{}\", OFFER=\"{offer}\"{wait};", order(no)).into_bytes();
        let typed = Herd {
            address: stand.gateway.mml,
            door: Door::Mml,
            clients: typing,
            ask: Arc::new(ask),
            from: 50_000_000,
            pace: pace.map(|pace| pace * share),
            ..http.clone()
        };
        claimed(Herd::run_together(&[http, typed])?)
    }
}

/// An order that is done with its answer.
fn plain(clients: usize, pace: Option<f64>) -> Mix {
    Mix { clients, pace, time: TIME, offer: "plain", waits: false }
}

/// Claims and no figures: whatever is not done is refused, and a refusal says when to come back.
fn claimed(tally: Tally) -> Result<Tally> {
    let Tally { done, refused, bare, failed, why, .. } = &tally;
    let why = why.as_deref().unwrap_or_default();
    ensure!(*failed == 0, "{failed} neither done nor refused, beside {done} and {refused}: {why:?}");
    ensure!(*bare == 0, "{bare} of {refused} refusals without Retry-After");
    Ok(tally)
}

/// CPU of an answer where hardly anything is let in, in us.
fn refusal(stand: &Stand) -> Result<f64> {
    let before = cpu(stand.gateway.pid())?;
    let tally = claimed(stand.orders("plain", "", CLIENTS, TIME).run()?)?;
    let used = cpu(stand.gateway.pid())?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / tally.asked().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sustained_is_found_to_within_4_of_100() {
        for limit in [0.56, 0.6, 0.69, 0.75, 0.9, 1.0, 1.15] {
            let mut tries = 0;
            let found = highest(&mut |part| {
                tries += 1;
                Ok((part <= limit).then_some(part))
            });
            let found = found.unwrap().unwrap();
            assert!(found <= limit && found >= 0.96 * limit, "{found} for {limit}");
            assert_eq!(tries, HALVINGS);
        }
        assert_eq!(highest(&mut |_| Ok(None)).unwrap(), None);
    }

    #[test]
    fn what_is_claimed_is_an_error_where_it_is_not_so() {
        let tally = |failed, bare| {
            let mut tally = Tally::default();
            (tally.done, tally.refused, tally.failed, tally.bare) = (1, 3, failed, bare);
            tally
        };
        assert!(claimed(tally(0, 0)).is_ok());
        let why = |tally| claimed(tally).unwrap_err().to_string();
        assert_eq!(why(tally(2, 0)), "2 neither done nor refused, beside 1 and 3: \"\"");
        assert_eq!(why(tally(0, 1)), "1 of 3 refusals without Retry-After");
    }
}
