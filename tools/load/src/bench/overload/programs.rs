//! Orders whose service is a program: what is accepted is started, observed healthy, and only then done. Sustained is
//! what clients get done who each wait for theirs: more cannot be, however it is offered.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::super::apart::Halves;
use super::super::orders;
use super::super::{Row, Stand};
use super::{Figures, Mix, TWICE};
use crate::clock;
use crate::crash::processes::end_all;

/// Who waits, each for its own; and who does not.
const WAITING: usize = 64;
const CROWD: usize = 200;
/// Each run.
const TIME: Duration = Duration::from_secs(8);
/// What is asked of the gateway: how many it may have in hand, so that it is full within the run.
const SET: [&str; 5] =
    ["admit.per_principal=0", "admit.per_tenant=0", "core.most_in_flight=128", "process.most=10000", "log.level=error"];

pub(super) fn run(runs: u32, halves: &Halves) -> Result<Vec<Row>> {
    let mut figures = Figures::default();
    for _ in 0..runs {
        take(&mut figures, halves)?;
    }
    Ok(figures.rows("programs"))
}

fn take(figures: &mut Figures, halves: &Halves) -> Result<()> {
    let mix = Mix { clients: WAITING, pace: None, time: TIME, offer: "program", waits: true };
    let sustained = carried(halves, mix)?;
    let over = carried(halves, Mix { clients: CROWD, pace: Some(2.0 * sustained.rate), waits: false, ..mix })?;
    let offered = over.asked as f64 / TIME.as_secs_f64();
    ensure!(offered >= TWICE * sustained.rate, "only {offered:.0}/s were offered; is the machine busy?");
    ensure!(over.refused > 0, "{offered:.0}/s were offered and nothing was refused");
    figures.sustained.push(sustained.rate);
    figures.peaks.push(sustained.rate.max(over.rate));
    figures.offers.push(offered);
    figures.goods.push(over.rate);
    figures.slowest = figures.slowest.max(over.refusal);
    figures.accepted += sustained.done + over.done;
    figures.refused += over.refused;
    Ok(())
}

/// What came of one load, carried out to its end.
struct Carried {
    asked: u64,
    done: u64,
    refused: u64,
    /// What was done, a second, from the first that was asked to the last that was done.
    rate: f64,
    /// 99 of 100 refusals came within it.
    refusal: Duration,
}

/// Offers a load to a fresh gateway. All that was accepted must be completed, and nothing else be there.
fn carried(halves: &Halves, mix: Mix) -> Result<Carried> {
    let stand = halves.on_first(|| Stand::new(&SET))?;
    let component = json!({
        "no": 1, "key": "app", "executable": "strowger", "arguments": ["sample-app", "--port", "${port.http}"],
        "ports": ["http"], "health": "http", "healthTarget": "/health", "healthInterval": 200,
    });
    let offer = json!({ "name": mix.offer, "components": [component] }).to_string();
    stand.call("POST", "/v1/offers", offer.as_bytes())?;
    let carried = mix.run(&stand).and_then(|mut tally| {
        let behind = clock::now();
        orders::ended(&stand)?;
        let took = tally.took + clock::now().duration_since(behind);
        orders::kept(&stand, &tally.numbers)?;
        let (asked, done, refused) = (tally.asked(), tally.done, tally.refused);
        let rate = done as f64 / took.as_secs_f64();
        Ok(Carried { asked, done, refused, rate, refusal: tally.refused_within(990) })
    });
    let Stand { place, gateway, folder } = stand;
    // Programs outlive their gateway.
    gateway.kill()?;
    end_all(&place)?;
    drop(folder);
    carried
}
