//! What a living gateway shows: its documents, over HTTP as any user would read them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::audit::{Loss, Sort};
use super::client::text;
use super::found::{Found, Recorded, Seen};
use super::ledger::Repeat;
use super::processes;
use crate::chance::Chance;
use crate::clock;
use crate::gateway::{Gateway, Place, SECRET, USER};
use crate::http::Client;

/// Every order has ended by then.
const BOUND: Duration = Duration::from_secs(90);
/// Most requests repeated.
const REPEATS: usize = 40;

/// Waits until every order has ended, and looks at everything.
pub(crate) fn look(gateway: &Gateway, place: &Place, records: Vec<Recorded>) -> Result<(Found, Vec<Loss>)> {
    let mut client = Client::new(gateway.http, USER, SECRET);
    let mut losses = Vec::new();
    let ended = clock::until(BOUND, "every order ends", || {
        for state in ["acknowledged", "inProgress", "pendingCancellation"] {
            let target = format!("/v1/orders?limit=1&fields=name&state={state}");
            let page = client.call("GET", &target, &[], b"")?;
            if !page.is_success() {
                bail!("a list is answered with {}: {}", page.status, String::from_utf8_lossy(&page.body));
            }
            if page.json().get("items").and_then(|items| items.as_array()).is_none_or(|items| !items.is_empty()) {
                return Ok(None);
            }
        }
        Ok(Some(()))
    });
    if let Err(error) = ended {
        losses.push(Loss::new(Sort::Unending, format!("{error:#}")));
    }
    let orders = all(&mut client, "orders")?;
    let services = all(&mut client, "services")?;
    let workspaces = processes::workspaces(place)?;
    Ok((Found { orders, services, records, workspaces }, losses))
}

fn all(client: &mut Client, plural: &str) -> Result<BTreeMap<String, Seen>> {
    let mut found = BTreeMap::new();
    let mut target = format!("/v1/{plural}?limit=1000&fields=id,name,revision,state,label");
    loop {
        let page = client.call("GET", &target, &[], b"")?;
        if !page.is_success() {
            bail!("a list is answered with {}: {}", page.status, String::from_utf8_lossy(&page.body));
        }
        let body = page.json();
        for item in body.get("items").and_then(|items| items.as_array()).context("no items")? {
            let text = |field| text(item, field).unwrap_or_default();
            let revision = text("revision").parse().unwrap_or(0);
            let seen =
                Seen { id: text("id"), revision, state: text("state"), label: super::client::text(item, "label") };
            found.insert(text("name"), seen);
        }
        let next = page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split('>').next());
        match next {
            Some(next) => next.clone_into(&mut target),
            None => return Ok(found),
        }
    }
}

/// Asks again for some of the orders: each must be the same one, and the unanswered ones become one.
pub(crate) fn repeat(
    gateway: &Gateway,
    repeats: &BTreeMap<String, Repeat>,
    chance: &mut Chance,
) -> Result<(u64, Vec<Loss>)> {
    let mut client = Client::new(gateway.http, USER, SECRET);
    let (unanswered, mut answered): (Vec<_>, Vec<_>) = repeats.iter().partition(|(_, repeat)| repeat.id.is_none());
    let mut chosen: Vec<_> = unanswered.into_iter().take(REPEATS).collect();
    while chosen.len() < REPEATS {
        let Some(one) = chance.take(&mut answered) else { break };
        chosen.push(one);
    }
    let (mut asked, mut losses) = (0, Vec::new());
    for (name, repeat) in chosen {
        let mut id = repeat.id.clone();
        // Who got no answer asks twice, to see that both are one.
        for _ in 0..2 {
            let reply =
                client.call("POST", "/v1/orders", &[("idempotency-key", &repeat.key)], repeat.body.as_bytes())?;
            asked += 1;
            let said = text(&reply.json(), "id");
            if !reply.is_success() || said.is_none() || id.as_ref().is_some_and(|id| said.as_ref() != Some(id)) {
                let what = format!("order {name}: {} {said:?} instead of {id:?}", reply.status);
                losses.push(Loss::new(Sort::Repeated, what));
            }
            id = id.or(said);
        }
    }
    Ok((asked, losses))
}
