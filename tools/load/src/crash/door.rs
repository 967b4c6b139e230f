//! The two doors: how a change is asked for at each, and what its answer says.

use std::io;

use serde_json::json;

use super::ledger::{Ack, Answer, Ask, Repeat, Way};
use crate::http::{Client, Reply};
use crate::mml::{Report, Terminal};

/// Over which door somebody asks.
pub(crate) enum Door {
    Http(Client),
    Mml(Terminal),
}

impl Door {
    pub(crate) fn way(&self) -> Way {
        match self {
            Self::Http(_) => Way::Http,
            Self::Mml(_) => Way::Mml,
        }
    }

    /// Our own end, as the gateway's records name it.
    pub(crate) fn name(&mut self) -> io::Result<String> {
        match self {
            Self::Http(client) => client.name(),
            Self::Mml(terminal) => Ok(terminal.name.clone()),
        }
    }

    /// Asks for a change. An error says nothing of whether it was heard.
    pub(crate) fn ask(&mut self, ask: &Ask) -> io::Result<Answer> {
        Ok(match self {
            Self::Http(client) => of_reply(&by_http(client, ask)?),
            Self::Mml(terminal) => of_report(&terminal.say(&command(ask))?),
        })
    }

    /// Asks for the same order again.
    pub(crate) fn repeat(&mut self, repeat: &Repeat) -> io::Result<Answer> {
        Ok(match self {
            Self::Http(client) => of_reply(&order(client, repeat)?),
            Self::Mml(terminal) => of_report(&terminal.say(&repeat.asked)?),
        })
    }
}

impl Repeat {
    /// How an order is asked for at that door.
    pub(crate) fn new(way: Way, name: &str, offer: &str) -> Self {
        let key = format!("key-{name}");
        let asked = match way {
            Way::Http => json!({ "name": name, "offer": offer }).to_string(),
            Way::Mml => format!("ADD ORDER: NAME=\"{name}\", OFFER=\"{offer}\", KEY=\"{key}\";"),
        };
        Self { way, key, asked, id: None }
    }
}

fn by_http(client: &mut Client, ask: &Ask) -> io::Result<Reply> {
    match ask {
        Ask::Order { repeat, .. } => order(client, repeat),
        Ask::Relabel { service, label } => {
            let body = json!({ "label": label }).to_string();
            client.call("PATCH", &format!("/v1/services/{service}"), &[], body.as_bytes())
        }
        Ask::End { service } => client.call("DELETE", &format!("/v1/services/{service}"), &[], b""),
        Ask::Cancel { order } => client.call("POST", &format!("/v1/orders/{order}/cancel"), &[], b""),
    }
}

fn order(client: &mut Client, repeat: &Repeat) -> io::Result<Reply> {
    client.call("POST", "/v1/orders", &[("idempotency-key", &repeat.key)], repeat.asked.as_bytes())
}

fn of_reply(reply: &Reply) -> Answer {
    let body = reply.json();
    if !reply.is_success() {
        return Answer::refused(&text(&body, "code").unwrap_or_default());
    }
    let revision = reply.header("etag").and_then(|tag| tag.trim_matches('"').parse().ok()).unwrap_or(0);
    Answer::Done(Ack {
        request: reply.header("x-request-id").map(str::to_owned),
        id: text(&body, "id"),
        revision,
        state: text(&body, "state"),
    })
}

/// What is typed. A cancel takes no key.
fn command(ask: &Ask) -> String {
    match ask {
        Ask::Order { repeat, .. } => repeat.asked.clone(),
        Ask::Relabel { service, label } => {
            format!("MOD SERVICE: NAME=\"{service}\", LABEL=\"{label}\", KEY=\"label-{label}\";")
        }
        Ask::End { service } => format!("RMV SERVICE: NAME=\"{service}\", KEY=\"end-{service}\";"),
        Ask::Cancel { order } => format!("CANCEL ORDER: NAME=\"{order}\";"),
    }
}

fn of_report(report: &Report) -> Answer {
    if report.code != 0 {
        return Answer::refused(report.field("FAULT").unwrap_or_default());
    }
    Answer::Done(Ack {
        request: None,
        id: report.field("ID").map(str::to_owned),
        revision: report.field("REVISION").and_then(|n| n.parse().ok()).unwrap_or(0),
        state: report.field("STATE").map(str::to_ascii_lowercase),
    })
}

/// A text of a JSON object.
pub(crate) fn text(body: &serde_json::Value, field: &str) -> Option<String> {
    body.get(field).and_then(|value| value.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_has_a_key_and_is_repeated_as_it_was() {
        let repeat = Repeat::new(Way::Mml, "load-a", "plain");
        assert_eq!(repeat.asked, "ADD ORDER: NAME=\"load-a\", OFFER=\"plain\", KEY=\"key-load-a\";");
        let asked = repeat.asked.clone();
        assert_eq!(command(&Ask::Order { name: "load-a".to_owned(), app: false, repeat }), asked);
        let service = || "load-a".to_owned();
        for ask in [Ask::Relabel { service: service(), label: "x 1".to_owned() }, Ask::End { service: service() }] {
            assert!(command(&ask).contains(", KEY=\""), "{ask:?}");
        }
    }
}
