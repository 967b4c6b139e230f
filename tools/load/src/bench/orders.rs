//! What the gateway holds behind a load: every order that was accepted, completed, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{Stand, order};
use crate::clock;

/// By then nothing is under way.
const BOUND: Duration = Duration::from_secs(20);
/// Between two looks: each takes from the gateway what it works with.
const SELDOM: Duration = Duration::from_millis(50);
/// Most names that are told.
const NAMED: usize = 5;

/// Waits until nothing is under way, and holds the orders of a fresh gateway against the numbers that were accepted.
///
/// # Errors
/// Where one is missing, is not completed, or was not accepted.
pub(crate) fn kept(stand: &Stand, accepted: &[u64]) -> Result<()> {
    ended(stand)?;
    compare(&accepted.iter().map(|no| order(*no)).collect(), &all(stand)?)
}

/// Waits until nothing is under way.
///
/// # Errors
/// Where that does not come.
pub(crate) fn ended(stand: &Stand) -> Result<()> {
    clock::until(BOUND, "every order ends", || {
        for state in ["acknowledged", "inProgress"] {
            let page = stand.call("GET", &format!("/v1/orders?limit=1&fields=name&state={state}"), b"")?.json();
            if !page.get("items").and_then(|items| items.as_array()).context("no items")?.is_empty() {
                clock::pass(SELDOM);
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
}

/// All orders and their states.
fn all(stand: &Stand) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut target = "/v1/orders?limit=1000&fields=name,state".to_owned();
    loop {
        let page = stand.call("GET", &target, b"")?;
        for item in page.json().get("items").and_then(|items| items.as_array()).context("no items")? {
            let text = |field: &str| item.get(field).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
            found.insert(text("name"), text("state"));
        }
        let next = page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split('>').next());
        match next {
            Some(next) => next.clone_into(&mut target),
            None => return Ok(found),
        }
    }
}

fn compare(accepted: &BTreeSet<String>, found: &BTreeMap<String, String>) -> Result<()> {
    let missing: Vec<&str> = accepted.iter().filter(|name| !found.contains_key(*name)).map(String::as_str).collect();
    let other: Vec<&str> = found.keys().filter(|name| !accepted.contains(*name)).map(String::as_str).collect();
    let unended: Vec<&str> =
        found.iter().filter(|(_, state)| *state != "completed").map(|(name, _)| name.as_str()).collect();
    let told = [(missing, "accepted and not there"), (other, "there and not accepted"), (unended, "not completed")];
    let told: Vec<String> =
        told.iter().filter(|(names, _)| !names.is_empty()).map(|(names, what)| some(names, what)).collect();
    if told.is_empty() { Ok(()) } else { bail!("of {} accepted orders: {}", accepted.len(), told.join("; ")) }
}

fn some(names: &[&str], what: &str) -> String {
    format!("{} {what}, as {}", names.len(), names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(accepted: &[u64], found: &[(u64, &str)]) -> String {
        let accepted = accepted.iter().map(|no| order(*no)).collect();
        let found = found.iter().map(|(no, state)| (order(*no), (*state).to_owned())).collect();
        compare(&accepted, &found).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn all_that_was_accepted_is_completed_and_nothing_else_is_there() {
        assert_eq!(said(&[], &[]), "");
        assert_eq!(said(&[1, 2], &[(1, "completed"), (2, "completed")]), "");
        let first = said(&[1, 2], &[(1, "completed")]);
        assert_eq!(first, "of 2 accepted orders: 1 accepted and not there, as order-00000002");
        assert_eq!(said(&[1], &[(1, "failed")]), "of 1 accepted orders: 1 not completed, as order-00000001");
        let refused = said(&[1], &[(1, "completed"), (7, "completed")]);
        assert_eq!(refused, "of 1 accepted orders: 1 there and not accepted, as order-00000007");
    }
}
