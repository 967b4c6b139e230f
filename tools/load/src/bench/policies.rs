//! What a decision costs: GET of a service with few and many policies, where the decision table knows the answer and
//! where live policies make Cedar run each time. The difference of two rows is the policies' own; the rest is HTTP.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::get::measured;
use super::statistics::median;
use super::{OPEN, Row, Stand};

/// Policies beside those of the first start.
pub(super) const COUNTS: [usize; 3] = [5, 25, 500];
/// In one document.
const EACH: usize = 100;
const CLIENTS: usize = 64;
const TIME: Duration = Duration::from_secs(2);
/// The table is keyed by this one, and not by the other, so that policies which ask that are live.
const KEYED: &str = "context.relation == Relation::\"foreign\"";
const LIVE: &str = "context.protocol == \"none\"";

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (word, live) in [("found in the table", false), ("Cedar each time", true)] {
        for count in COUNTS {
            let stand = Stand::new(&OPEN)?;
            stand.call("POST", "/v1/orders", br#"{"name":"one","offer":"plain"}"#)?;
            fill(&stand, count, live)?;
            let mut costs = Vec::new();
            for no in 0..=runs {
                let herd = stand.reads("/v1/services/one", CLIENTS, TIME);
                let (_, cost) = measured(stand.gateway.pid(), || herd.run())?;
                // The first fills the table.
                if no > 0 {
                    costs.push(cost);
                }
            }
            rows.push(
                Row::new("policies", format!("{count} policies, {word}, CPU of a GET"), "us").ours(median(&costs)),
            );
        }
    }
    Ok(rows)
}

fn fill(stand: &Stand, count: usize, live: bool) -> Result<()> {
    for (name, cedar) in more(count, live) {
        let body = json!({ "name": name, "cedar": cedar }).to_string();
        stand.call("POST", "/v1/policies", body.as_bytes())?;
    }
    Ok(())
}

/// So many policies that forbid nothing anybody asks, in documents of [`EACH`] with their names.
pub(super) fn more(count: usize, live: bool) -> Vec<(String, String)> {
    let when = if live { LIVE } else { KEYED };
    let texts: Vec<String> = (0..count)
        .map(|no| format!("@id(\"more-{no}\") forbid (principal, action, resource) when {{ {when} }};"))
        .collect();
    texts.chunks(EACH).enumerate().map(|(no, some)| (format!("more-{no}"), some.join("\n"))).collect()
}
