//! One client of the load: asks for one thing after the other and remembers what it was told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::door::{Door, text};
use super::ledger::{Answer, Ask, Change, Repeat, Way, is_end};
use super::loss::{Loss, Sort};
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
    /// Whether the gateway is about to be killed: until then it has to serve.
    pub(crate) dying: Arc<AtomicBool>,
    /// Services it has from before.
    pub(crate) services: Vec<String>,
}

/// What a client came back with.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) changes: Vec<Change>,
    /// The last signed head it was given, and how many there were.
    pub(crate) head: Option<String>,
    pub(crate) heads: u64,
    /// Reads that were answered.
    pub(crate) reads: u64,
    /// Orders seen at their end, and which.
    pub(crate) ended: Vec<(String, String)>,
    /// Log-ins that did not come about before the gateway died.
    pub(crate) shut_out: u64,
    /// What the gateway did wrong while it lived.
    pub(crate) offences: Vec<Loss>,
}

impl Post {
    /// Orders, labels and ends services without components, over HTTP.
    pub(crate) fn plain(self) -> Told {
        let door = Door::Http(self.client());
        self.change(door, Told::default())
    }

    /// The same over MML.
    pub(crate) fn typed(self) -> Told {
        let mut told = Told::default();
        match self.log_in(&mut told) {
            Some(terminal) => self.change(Door::Mml(terminal), told),
            None => told,
        }
    }

    /// Orders, cancels and ends services that are programs.
    pub(crate) fn apps(mut self) -> Told {
        let mut told = Told::default();
        let (mut door, mut reader) = (Door::Http(self.client()), self.client());
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let dice = self.chance.below(4);
            let ask = match self.services.len() {
                KEPT.. => self.end(),
                1.. if dice == 0 => self.end(),
                1.. if dice == 1 => self.relabel(count),
                _ => Some(self.order(Way::Http, count, true)),
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
            match self.end_of(&mut reader, &name, &mut told) {
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
            let Ok(proof) = self.read(&mut client, "POST", "/v1/records/0/prove", &mut told) else { break };
            if let Some(head) = text(&proof.json(), "head") {
                told.head = Some(head);
                told.heads += 1;
            }
            let target = format!("/v1/services?limit={}", 1 + self.chance.below(50));
            let Ok(_) = self.read(&mut client, "GET", &target, &mut told) else { break };
            clock::pass(PAUSE);
        }
        told
    }

    fn change(mut self, mut door: Door, mut told: Told) -> Told {
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let ask = match self.chance.below(10) {
                0..2 => self.relabel(count),
                2..4 => self.end(),
                _ => None,
            };
            let ask = ask.unwrap_or_else(|| self.order(door.way(), count, false));
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

    /// Tries until it is let in; nothing: not before the gateway died.
    fn log_in(&self, told: &mut Told) -> Option<Terminal> {
        let mut refused = None;
        while self.lives() {
            match Terminal::open(self.mml, USER, SECRET) {
                Ok(terminal) => return Some(terminal),
                Err(error) if self.lives() && error.kind() != io::ErrorKind::ResourceBusy => refused = Some(error),
                Err(_) => {}
            }
            clock::pass(REFUSED);
        }
        told.shut_out += 1;
        told.offences.extend(refused.map(|error| Loss::new(Sort::Unserved, format!("no log-in over MML: {error}"))));
        None
    }

    /// Whether it was promised. An error: the connection is over.
    fn perform(&mut self, door: &mut Door, ask: Ask, told: &mut Told) -> io::Result<bool> {
        // Without a connection nothing was asked.
        let peer = door.name().inspect_err(|error| self.broken("a connection", error, told))?;
        let (answer, end) = match door.ask(&ask) {
            Ok(answer) => (answer, Ok(())),
            Err(error) => (Answer::Unknown, Err(error)),
        };
        if let Err(error) = &end {
            self.broken(&format!("{ask:?}"), error, told);
        }
        let done = matches!(answer, Answer::Done(_));
        told.changes.push(Change { ask, way: door.way(), peer, answer });
        end.map(|()| done)
    }

    /// Reads. An error: the connection is over, or it was refused as no read may be.
    fn read(&self, client: &mut Client, method: &str, target: &str, told: &mut Told) -> io::Result<Reply> {
        let what = format!("{method} {target}");
        let reply = client.call(method, target, &[], b"").inspect_err(|error| self.broken(&what, error, told))?;
        let later = matches!(reply.status, 429 | 503) && reply.header("retry-after").is_some();
        if reply.is_success() {
            told.reads += 1;
        } else if !later {
            let why = format!("{what}: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
            told.offences.push(Loss::new(Sort::Unserved, why));
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(reply)
    }

    fn end_of(&self, client: &mut Client, order: &str, told: &mut Told) -> io::Result<String> {
        let target = format!("/v1/orders/{order}");
        loop {
            let reply = self.read(client, "GET", &target, told)?;
            let state = text(&reply.json(), "state").unwrap_or_default();
            if is_end(&state) {
                told.ended.push((order.to_owned(), state.clone()));
            }
            if is_end(&state) || self.stop.load(Ordering::Relaxed) {
                return Ok(state);
            }
            clock::pass(LOOK);
        }
    }

    fn lives(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && !self.dying.load(Ordering::SeqCst)
    }

    /// A connection broke: only a death excuses it.
    fn broken(&self, what: &str, error: &io::Error, told: &mut Told) {
        if self.lives() {
            told.offences.push(Loss::new(Sort::Unserved, format!("{what}: {error}")));
        }
    }

    fn client(&self) -> Client {
        Client::new(self.http, USER, SECRET)
    }

    fn order(&self, way: Way, count: u64, app: bool) -> Ask {
        let name = format!("{}-{count}", self.name);
        let repeat = Repeat::new(way, &name, if app { APP } else { PLAIN });
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

#[cfg(test)]
mod tests;
