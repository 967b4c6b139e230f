//! One client of the load: asks for one thing after the other and remembers what it was told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::ledger::{Ack, Answer, Ask, Change, Repeat, is_end};
use crate::chance::Chance;
use crate::clock;
use crate::gateway::{SECRET, USER};
use crate::http::{Client, Reply};
use crate::mml::Terminal;

/// The offer without components.
pub(crate) const PLAIN: &str = "plain";
/// The offer of the sample application.
pub(crate) const APP: &str = "app";
/// Whoever was refused waits so long.
const REFUSED: Duration = Duration::from_millis(20);
/// Services of programs one client keeps.
const KEPT: usize = 3;
/// An order of a program is watched so often.
const LOOK: Duration = Duration::from_millis(25);

/// What a client has to go on with.
pub(crate) struct Post {
    pub(crate) name: String,
    pub(crate) http: SocketAddr,
    pub(crate) mml: SocketAddr,
    pub(crate) chance: Chance,
    pub(crate) stop: Arc<AtomicBool>,
    /// Services it has from before.
    pub(crate) services: Vec<String>,
    /// Whether it asks over MML.
    pub(crate) types: bool,
}

/// What a client came back with.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) changes: Vec<Change>,
    /// The last signed head it was given.
    pub(crate) head: Option<String>,
    /// Answers to reads.
    pub(crate) reads: u64,
}

/// Over which door a client asks.
enum Door {
    Http(Client),
    Mml(Terminal),
}

impl Post {
    /// Orders, labels and ends services without components, over HTTP.
    pub(crate) fn plain(self) -> Told {
        let door = Door::Http(self.client());
        self.change(door)
    }

    /// The same over MML.
    pub(crate) fn typed(self) -> Told {
        match Terminal::open(self.mml, USER, SECRET) {
            Ok(terminal) => self.change(Door::Mml(terminal)),
            Err(_) => Told::default(),
        }
    }

    /// Orders, cancels and ends services that are programs.
    pub(crate) fn apps(mut self) -> Told {
        let mut told = Told::default();
        let mut door = Door::Http(self.client());
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let dice = self.chance.below(4);
            let ask = match self.services.len() {
                KEPT.. => self.end(),
                1.. if dice == 0 => self.end(),
                1.. if dice == 1 => self.relabel(count),
                _ => Some(self.order(count, true)),
            };
            count += 1;
            let Some(ask) = ask else { continue };
            let made = if let Ask::Order { name, .. } = &ask { Some(name.clone()) } else { None };
            let Ok(done) = self.perform(&mut door, ask, &mut told) else { return told };
            let Some(name) = made.filter(|_| done) else { continue };
            if dice == 3 {
                let Ok(_) = self.perform(&mut door, Ask::Cancel { order: name.clone() }, &mut told) else {
                    return told;
                };
            }
            match self.end_of(&mut door, &name) {
                Ok(state) if state == "completed" => self.services.push(name),
                Ok(_) => {}
                Err(_) => return told,
            }
        }
        told
    }

    /// Reads: pages, and proofs with the head they stand under.
    pub(crate) fn watch(mut self) -> Told {
        const PAUSE: Duration = Duration::from_millis(20);
        let mut told = Told::default();
        let mut client = self.client();
        while !self.stop.load(Ordering::Relaxed) {
            let proof = client.call("POST", "/v1/records/0/prove", &[], b"");
            let Ok(proof) = proof else { break };
            if let Some(head) = proof.json().get("head").and_then(|head| head.as_str()) {
                told.head = Some(head.to_owned());
            }
            let limit = 1 + self.chance.below(50);
            let Ok(_) = client.call("GET", &format!("/v1/services?limit={limit}"), &[], b"") else { break };
            told.reads += 2;
            clock::pass(PAUSE);
        }
        told
    }

    fn change(mut self, mut door: Door) -> Told {
        let mut told = Told::default();
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let ask = match self.chance.below(10) {
                0..2 => self.relabel(count),
                2..4 => self.end(),
                _ => None,
            };
            let ask = ask.unwrap_or_else(|| self.order(count, false));
            count += 1;
            let made = if let Ask::Order { name, .. } = &ask { Some(name.clone()) } else { None };
            match self.perform(&mut door, ask, &mut told) {
                Ok(true) => self.services.extend(made),
                Ok(false) => clock::pass(REFUSED),
                Err(_) => break,
            }
        }
        told
    }

    /// Whether it was promised. An error: the connection is over.
    fn perform(&mut self, door: &mut Door, ask: Ask, told: &mut Told) -> io::Result<bool> {
        let (peer, answered) = match door {
            // Without a connection nothing was asked.
            Door::Http(client) => (client.name()?, by_http(client, &ask)),
            Door::Mml(terminal) => (terminal.name.clone(), by_mml(terminal, &ask)),
        };
        let (answer, end) = match answered {
            Ok(answer) => (answer, Ok(())),
            Err(error) => (Answer::Unknown, Err(error)),
        };
        let done = matches!(answer, Answer::Done(_));
        told.changes.push(Change { ask, peer, answer });
        end.map(|()| done)
    }

    fn end_of(&self, door: &mut Door, order: &str) -> io::Result<String> {
        let Door::Http(client) = door else { return Ok(String::new()) };
        loop {
            let reply = client.call("GET", &format!("/v1/orders/{order}"), &[], b"")?;
            let state = text(&reply.json(), "state").unwrap_or_default();
            if is_end(&state) || self.stop.load(Ordering::Relaxed) {
                return Ok(state);
            }
            clock::pass(LOOK);
        }
    }

    fn client(&self) -> Client {
        Client::new(self.http, USER, SECRET)
    }

    fn order(&self, count: u64, app: bool) -> Ask {
        let name = format!("{}-{count}", self.name);
        let body = json!({ "name": name, "offer": if app { APP } else { PLAIN } }).to_string();
        // A key is known to one door alone: what was typed is another request.
        let repeat = (!self.types).then(|| Repeat { key: format!("key-{name}"), body, id: None });
        Ask::Order { name, app, repeat }
    }

    fn relabel(&mut self, count: u64) -> Option<Ask> {
        let at = usize::try_from(self.chance.below(self.services.len() as u64)).unwrap_or(0);
        let service = self.services.get(at)?.clone();
        Some(Ask::Relabel { service, label: format!("{} {count}", self.name) })
    }

    fn end(&mut self) -> Option<Ask> {
        self.chance.take(&mut self.services).map(|service| Ask::End { service })
    }
}

/// Asks for it over HTTP.
pub(crate) fn by_http(client: &mut Client, ask: &Ask) -> io::Result<Answer> {
    let reply = match ask {
        Ask::Order { repeat: Some(repeat), .. } => {
            client.call("POST", "/v1/orders", &[("idempotency-key", &repeat.key)], repeat.body.as_bytes())?
        }
        Ask::Order { name, app, repeat: None } => {
            let body = json!({ "name": name, "offer": if *app { APP } else { PLAIN } }).to_string();
            client.call("POST", "/v1/orders", &[], body.as_bytes())?
        }
        Ask::Relabel { service, label } => {
            let body = json!({ "label": label }).to_string();
            client.call("PATCH", &format!("/v1/services/{service}"), &[], body.as_bytes())?
        }
        Ask::End { service } => client.call("DELETE", &format!("/v1/services/{service}"), &[], b"")?,
        Ask::Cancel { order } => client.call("POST", &format!("/v1/orders/{order}/cancel"), &[], b"")?,
    };
    Ok(of_reply(ask, &reply))
}

fn of_reply(ask: &Ask, reply: &Reply) -> Answer {
    let body = reply.json();
    if !reply.is_success() {
        return Answer::refused(&text(&body, "code").unwrap_or_default());
    }
    let revision = reply.header("etag").and_then(|tag| tag.trim_matches('"').parse().ok()).unwrap_or(0);
    let place = reply.header("location").and_then(|place| place.rsplit('/').next()).map(str::to_owned);
    Answer::Done(Ack {
        request: reply.header("x-request-id").map(str::to_owned),
        id: text(&body, "id"),
        revision,
        state: text(&body, "state"),
        order: place.filter(|_| matches!(ask, Ask::End { .. })),
    })
}

/// Asks for it over MML.
pub(crate) fn by_mml(terminal: &mut Terminal, ask: &Ask) -> io::Result<Answer> {
    let report = terminal.say(&match ask {
        Ask::Order { name, app, .. } => {
            format!("ADD ORDER: NAME=\"{name}\", OFFER=\"{}\";", if *app { APP } else { PLAIN })
        }
        Ask::Relabel { service, label } => format!("MOD SERVICE: NAME=\"{service}\", LABEL=\"{label}\";"),
        Ask::End { service } => format!("RMV SERVICE: NAME=\"{service}\";"),
        Ask::Cancel { order } => format!("CANCEL ORDER: NAME=\"{order}\";"),
    })?;
    if report.code != 0 {
        return Ok(Answer::refused(report.field("FAULT").unwrap_or_default()));
    }
    Ok(Answer::Done(Ack {
        request: None,
        id: report.field("ID").map(str::to_owned),
        revision: report.field("REVISION").and_then(|n| n.parse().ok()).unwrap_or(0),
        state: report.field("STATE").map(str::to_ascii_lowercase),
        order: None,
    }))
}

/// A text of a JSON object.
pub(crate) fn text(body: &serde_json::Value, field: &str) -> Option<String> {
    body.get(field).and_then(|value| value.as_str()).map(str::to_owned)
}
