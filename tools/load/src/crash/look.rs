//! What a living gateway shows: its documents, over HTTP as any user would read them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::door::{Door, text};
use super::found::{Found, Recorded, Seen};
use super::ledger::{Ack, Answer, Repeat, Way};
use super::loss::{Loss, Sort};
use super::processes;
use crate::chance::Chance;
use crate::clock;
use crate::gateway::{Gateway, Place, SECRET, USER};
use crate::http::Client;
use crate::mml::Terminal;

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
    let mut target = format!(
        "/v1/{plural}?limit=1000&fields=id,name,revision,state,label{}",
        if plural == "orders" { ",fault,items" } else { "" }
    );
    loop {
        let page = client.call("GET", &target, &[], b"")?;
        if !page.is_success() {
            bail!("a list is answered with {}: {}", page.status, String::from_utf8_lossy(&page.body));
        }
        let body = page.json();
        for item in body.get("items").and_then(|items| items.as_array()).context("no items")? {
            let text = |field| text(item, field).unwrap_or_default();
            let revision = text("revision").parse().unwrap_or(0);
            let (id, state, ends) = (text("id"), text("state"), ends(item));
            let [label, fault] = ["label", "fault"].map(|field| super::door::text(item, field));
            found.insert(text("name"), Seen { id, revision, state, label, fault, ends });
        }
        let next = page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split('>').next());
        match next {
            Some(next) => next.clone_into(&mut target),
            None => return Ok(found),
        }
    }
}

/// The services that an order's items are to end.
fn ends(order: &serde_json::Value) -> Vec<String> {
    let items = order.get("items").and_then(|items| items.as_array()).into_iter().flatten();
    let deletes = items.filter(|item| text(item, "act").as_deref() == Some("delete"));
    deletes.filter_map(|item| text(item, "service")).collect()
}

/// What came of asking again.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    /// The orders, and what was said of each.
    pub(crate) acks: Vec<(String, Way, Ack)>,
    pub(crate) losses: Vec<Loss>,
}

/// Asks again for some of the orders, each at its door: it must be the same one, and the unanswered ones become one.
pub(crate) fn repeat(gateway: &Gateway, repeats: &BTreeMap<String, Repeat>, chance: &mut Chance) -> Result<Repeated> {
    let mut http = Door::Http(Client::new(gateway.http, USER, SECRET));
    let mut mml = Door::Mml(Terminal::open(gateway.mml, USER, SECRET)?);
    let (unanswered, mut answered): (Vec<_>, Vec<_>) = repeats.iter().partition(|(_, repeat)| repeat.id.is_none());
    let mut chosen: Vec<_> = unanswered.into_iter().take(REPEATS).collect();
    while chosen.len() < REPEATS {
        let Some(one) = chance.take(&mut answered) else { break };
        chosen.push(one);
    }
    let mut repeated = Repeated::default();
    for (name, repeat) in chosen {
        let door = match repeat.way {
            Way::Http => &mut http,
            Way::Mml => &mut mml,
        };
        let mut id = repeat.id.clone();
        // Who got no answer asks twice, to see that both are one.
        for _ in 0..2 {
            match door.repeat(repeat)? {
                Answer::Done(ack) if ack.id.is_some() && id.as_ref().is_none_or(|id| ack.id.as_ref() == Some(id)) => {
                    id.clone_from(&ack.id);
                    repeated.acks.push((name.clone(), repeat.way, ack));
                }
                answer @ (Answer::Done(_) | Answer::Refused(_) | Answer::Unknown) => {
                    let what = format!("order {name} over {:?}: {answer:?} instead of {id:?}", repeat.way);
                    repeated.losses.push(Loss::new(Sort::Repeated, what));
                }
            }
        }
    }
    Ok(repeated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_tells_what_it_ends() {
        let items = serde_json::json!([
            { "no": 1, "act": "delete", "service": "a" }, { "no": 2, "offer": "plain", "service": "b" },
            { "no": 3, "act": "delete", "service": "c" },
        ]);
        assert_eq!(ends(&serde_json::json!({ "items": items })), ["a", "c"]);
        assert!(ends(&serde_json::json!({ "name": "a" })).is_empty());
    }
}
