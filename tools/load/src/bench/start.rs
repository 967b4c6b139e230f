//! From nothing to the first answer, with an empty store; and what an idle gateway holds.

use anyhow::{Result, ensure};

use super::process::memory;
use super::statistics::{median, ratio};
use super::{Row, Stand};
use crate::clock;
use crate::gateway::{SECRET, USER};
use crate::http::Client;

/// DESIGN §14, in ms.
const GOAL: f64 = 100.0;

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let stand = Stand::new(&[])?;
    let Stand { place, gateway, folder } = stand;
    gateway.stop()?;
    let (mut starts, mut idles) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let begun = clock::now();
        let gateway = place.start()?;
        let reply = Client::new(gateway.http, USER, SECRET).call("GET", "/health", &[], b"")?;
        starts.push(clock::now().duration_since(begun).as_secs_f64() * 1e3);
        ensure!(reply.status == 200, "health is answered with {}", reply.status);
        idles.push(memory(gateway.pid())? as f64 / 1e6);
        gateway.stop()?;
    }
    drop(folder);
    let start = median(&starts);
    Ok(vec![
        Row::new("start", "to the first answer", "ms").ours(start).peer(GOAL).goal(ratio(GOAL, start), 1.0),
        Row::new("start", "idle memory", "MB").ours(median(&idles)),
    ])
}
