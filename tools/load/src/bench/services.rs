//! Many services: what one costs in memory, how fast a page of them comes, how long the gateway needs to serve again
//! after it was killed with all of them.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::process::memory;
use super::statistics::median;
use super::{OPEN, Row, Stand};
use crate::clock;

/// So many orders, each with its service; of the second, orders, services, records and keys of repeated requests are
/// more than a million keys.
const MANY: [u64; 2] = [100_000, 350_000];
const CLIENTS: usize = 256;
/// They are all made by then.
const BOUND: Duration = Duration::from_secs(900);

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for many in MANY {
        rows.extend(with(many, runs)?);
    }
    Ok(rows)
}

fn with(many: u64, runs: u32) -> Result<Vec<Row>> {
    let stand = Stand::new(&OPEN)?;
    let before = memory(stand.gateway.pid())?;
    let mut herd = stand.orders("plain", "", CLIENTS, BOUND);
    herd.most = many;
    let tally = herd.run()?;
    ensure!(tally.done == many, "{} of {many} were made: {:?}", tally.done, tally.why);
    let each = memory(stand.gateway.pid())?.saturating_sub(before) as f64 / many as f64;
    let mut pages = Vec::new();
    for _ in 0..runs {
        let begun = clock::now();
        let page = stand.call("GET", "/v1/services?limit=100", b"")?;
        ensure!(page.is_success(), "the list is answered with {}", page.status);
        pages.push(clock::now().duration_since(begun).as_secs_f64() * 1e3);
    }
    let Stand { place, gateway, folder } = stand;
    gateway.kill()?;
    let (mut opens, mut idle) = (Vec::new(), 0);
    for _ in 0..runs {
        let begun = clock::now();
        let gateway = place.start()?;
        opens.push(clock::now().duration_since(begun).as_secs_f64() * 1e3);
        idle = memory(gateway.pid())?;
        gateway.kill()?;
    }
    drop(folder);
    let case = |what: &str| format!("{many} services, {what}");
    Ok(vec![
        Row::new("services", case("memory for each, with its order"), "B").ours(each),
        Row::new("services", case("made"), "1/s").ours(tally.rate()),
        Row::new("services", case("first page of 100"), "ms").ours(median(&pages)),
        Row::new("services", case("serves again after kill -9"), "ms").ours(median(&opens)),
        Row::new("services", case("memory then"), "MB").ours(idle as f64 / 1e6),
    ])
}
