//! Benches: medians of several runs, as ratios where there is a peer, both measured in the same run on the same machine.

mod apart;
mod get;
mod herd;
mod orders;
mod overload;
pub(crate) mod peer;
pub(crate) mod pipeline;
mod policies;
mod post;
mod process;
mod sample;
mod services;
mod start;
mod statistics;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use crate::gateway::{Gateway, Place, SECRET, USER};
use crate::http::{Client, Reply};
use crate::say::say;
use herd::{Door, Herd};

/// All benches, and what they measure.
const BENCHES: [(&str, &str); 7] = [
    ("pipeline", "the primitive through the pipeline, in process: CPU and allocations"),
    ("get", "GET of a service beside bare axum"),
    ("post", "POST of an order at 1, 64 and 1,024 clients beside the store, and axum and the store"),
    ("policies", "GET with 5, 25 and 500 policies, decisions found and not found"),
    ("services", "many services: memory, a page of them, the start after a crash"),
    ("start", "start to first answer, idle memory"),
    ("overload", "twice the sustainable load over both doors"),
];

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Which one; none: all, `list`: say which there are.
    pub(crate) name: Option<String>,
    pub(crate) runs: u32,
    pub(crate) json: bool,
}

/// Runs one bench, or all.
///
/// # Errors
/// What cannot be measured. A goal that is missed is told, and is none.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.name.as_deref() == Some("list") {
        for (name, what) in BENCHES {
            say(format!("{name:<10}{what}"));
        }
        return Ok(());
    }
    let chosen = BENCHES.iter().filter(|(name, _)| options.name.as_deref().is_none_or(|chosen| chosen == *name));
    let chosen: Vec<&str> = chosen.map(|(name, _)| *name).collect();
    if chosen.is_empty() {
        bail!("there is no such bench; there are: {}", BENCHES.map(|(name, _)| name).join(", "));
    }
    let mut all = Vec::new();
    if !options.json {
        say(Row::HEADING);
    }
    for name in chosen {
        let rows = match name {
            "pipeline" => pipeline::run(options.runs),
            "get" => get::run(options.runs),
            "post" => post::run(options.runs),
            "policies" => policies::run(options.runs),
            "services" => services::run(options.runs),
            "start" => start::run(options.runs),
            _ => overload::run(options.runs),
        }?;
        for row in rows {
            if !options.json {
                say(row.line());
            }
            all.push(row);
        }
    }
    if options.json {
        let rows: Vec<_> = all.iter().map(Row::json).collect();
        say(json!({ "runs": options.runs, "rows": rows }));
    }
    Ok(())
}

/// One line of the result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    bench: &'static str,
    case: String,
    unit: &'static str,
    ours: f64,
    peer: Option<f64>,
    ratio: Option<f64>,
    goal: Option<f64>,
}

impl Row {
    const HEADING: &'static str =
        "bench      case                                                      ours        peer  unit   ratio   goal";

    fn new(bench: &'static str, case: impl Into<String>, unit: &'static str) -> Self {
        Self { bench, case: case.into(), unit, ..Self::default() }
    }

    fn ours(self, ours: f64) -> Self {
        Self { ours, ..self }
    }

    fn peer(self, peer: f64) -> Self {
        Self { peer: Some(peer), ..self }
    }

    fn ratio(self, ratio: f64) -> Self {
        Self { ratio: Some(ratio), ..self }
    }

    /// More is better; `goal` is wanted at least.
    fn goal(self, ratio: f64, goal: f64) -> Self {
        Self { ratio: Some(ratio), goal: Some(goal), ..self }
    }

    fn reached(&self) -> Option<bool> {
        self.ratio.zip(self.goal).map(|(ratio, goal)| ratio >= goal)
    }

    fn line(&self) -> String {
        let number = |n: Option<f64>| n.map_or_else(String::new, |n| format!("{n:.2}"));
        let verdict = match self.reached() {
            None => "",
            Some(true) => "reached",
            Some(false) => "MISSED",
        };
        let Self { bench, case, unit, ours, .. } = self;
        let (peer, ratio, goal) = (number(self.peer), number(self.ratio), number(self.goal));
        format!("{bench:<10} {case:<50} {ours:>12.2} {peer:>11}  {unit:<4} {ratio:>7} {goal:>6}  {verdict}")
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "bench": self.bench, "case": self.case, "unit": self.unit, "ours": self.ours, "peer": self.peer,
            "ratio": self.ratio, "goal": self.goal, "reached": self.reached(),
        })
    }
}

/// A gateway that refuses nothing for being asked much: what is measured is the way, not its gate.
const OPEN: [&str; 3] = ["admit.per_principal=0", "admit.per_tenant=0", "gate.most_changes=4096"];

/// A fresh gateway with the offer `plain`.
struct Stand {
    place: Place,
    gateway: Gateway,
    folder: TempDir,
}

impl Stand {
    fn new(set: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("strowger-bench-").tempdir()?;
        let mut place = Place::new(folder.path())?;
        place.set.push("log.level=warn".to_owned());
        place.set.extend(set.iter().map(|set| (*set).to_owned()));
        let stand = Self { gateway: place.start()?, place, folder };
        stand.call("POST", "/v1/offers", br#"{"name":"plain"}"#)?;
        Ok(stand)
    }

    /// Asks once; anything but success is an error.
    fn call(&self, method: &str, target: &str, body: &[u8]) -> Result<Reply> {
        let reply = Client::new(self.gateway.http, USER, SECRET).call(method, target, &[], body)?;
        if !reply.is_success() {
            bail!("{method} {target}: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        }
        Ok(reply)
    }

    /// A herd that reads that.
    fn reads(&self, target: &'static str, clients: usize, time: Duration) -> Herd {
        let request = format!("{}\r\n", head("GET", target)).into_bytes();
        self.herd(Arc::new(move |_| request.clone()), clients, time)
    }

    /// A herd that orders, each time under another number; `wish` are further header fields.
    fn orders(&self, offer: &'static str, wish: &'static str, clients: usize, time: Duration) -> Herd {
        let head = head("POST", "/v1/orders") + wish;
        let ask = move |no: u64| {
            let name = order(no);
            let body = format!("{{\"name\":\"{name}\",\"offer\":\"{offer}\"}}");
            format!(
                "{head}idempotency-key: {name}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        };
        self.herd(Arc::new(ask), clients, time)
    }

    fn herd(&self, ask: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>, clients: usize, time: Duration) -> Herd {
        let address = self.gateway.http;
        Herd { address, door: Door::Http, clients, ask, from: 0, pace: None, time, most: u64::MAX }
    }
}

/// A head without the empty line behind it.
fn head(method: &str, target: &str) -> String {
    let login = STANDARD.encode(format!("{USER}:{SECRET}"));
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {login}\r\n")
}

/// The name of an order of that number.
fn order(no: u64) -> String {
    format!("order-{no:08}")
}
