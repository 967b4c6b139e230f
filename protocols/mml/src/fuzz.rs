//! What fuzzers call: any octets, cut anywhere, into a session whose every request is answered.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;
use strowger_primitive::{
    Answer, Fault, FaultKind, Flow, Id, Input, Machine, Now, Operation, Outcome, Page, Peer, Schema, Session, Step,
    Ticket, Time, Transport,
};
use strowger_speech::commands;
use strowger_speech::fuzz::hidden;

use crate::{Mml, Options};

const FLOW: Flow = Flow(1);

/// What a report may take for each octet that was typed: help is long and asked for by one.
const EACH: usize = 8_192;

/// Types `octets` into a session, so many at a time as the first one says; where that is above 127, answers come only
/// behind the next piece, so that what is typed meets a command in hand.
///
/// # Panics
/// Where the pieces make a difference, a secret is repeated, or too much is said.
pub fn session(schema: &Schema, octets: &[u8], at: Instant, who: &Session) {
    let Some((manner, octets)) = octets.split_first() else { return };
    let (piece, late) = (manner & 0x7F, manner & 0x80 != 0);
    let said = run(schema, octets, &[piece], at, who, late);
    assert!(said.len() <= EACH * (octets.len() + 8), "{} octets of {}", said.len(), octets.len());
    if !late {
        let whole = feed(schema, octets, &[u8::MAX], at, who);
        assert!(said == whole, "{}\nin pieces: {}", String::from_utf8_lossy(&whole), String::from_utf8_lossy(&said));
    }
    // Telnet and line editing take octets away: what is left may be another command, with nothing to hide.
    if octets.iter().all(|octet| !matches!(octet, 0..=8 | 11 | 12 | 14..=31 | 0xFF)) {
        let (typed, said) = (String::from_utf8_lossy(octets), String::from_utf8_lossy(&said));
        for secret in commands(&typed).flat_map(|command| hidden(schema, command)) {
            assert!(typed.matches(&secret).count() > 1 || !said.contains(&secret), "{secret}: {said}");
        }
    }
}

/// Feeds a session with `octets`, so many at a time as `cuts` says in turn; returns all that it says. Every log-in
/// succeeds as `who`, every list is empty, all else is not found. The clock stands at `at`.
#[must_use]
pub fn feed(schema: &Schema, octets: &[u8], cuts: &[u8], at: Instant, who: &Session) -> Vec<u8> {
    run(schema, octets, cuts, at, who, false)
}

fn run(schema: &Schema, octets: &[u8], cuts: &[u8], at: Instant, who: &Session, late: bool) -> Vec<u8> {
    let machine = Mml::new(schema.clone(), Options::default()).session();
    let now = Now { wall: Time(0), mono: at };
    let (said, waiting, owed) = (Vec::new(), BytesMut::new(), VecDeque::new());
    let mut line = Line { machine, now, said, waiting, open: true, late, owed };
    let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 1));
    let peer = Peer { address, listener: "fuzz".into(), transport: Transport::Tcp };
    line.machine.handle(now, Input::Opened(FLOW, &peer));
    let mut rest = octets;
    let mut cuts = cuts.iter().cycle();
    while line.open && !rest.is_empty() {
        let cut = cuts.next().map_or(rest.len(), |cut| usize::from(*cut).max(1)).min(rest.len());
        let (come, later) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
        line.waiting.extend_from_slice(come);
        line.offer(who);
        line.pay(who);
        rest = later;
    }
    line.end(who);
    line.said
}

struct Line {
    machine: Box<dyn Machine>,
    now: Now,
    said: Vec<u8>,
    waiting: BytesMut,
    open: bool,
    /// Answers wait until they are paid.
    late: bool,
    owed: VecDeque<(Ticket, Operation)>,
}

impl Line {
    fn offer(&mut self, who: &Session) {
        let mut goes_on = true;
        while goes_on && self.open && !self.waiting.is_empty() {
            let before = self.waiting.len();
            self.machine.handle(self.now, Input::Stream(FLOW, &mut self.waiting));
            goes_on = self.carry_out(who) || self.waiting.len() < before;
        }
    }

    /// Does what the session wants; whether anything was answered.
    fn carry_out(&mut self, who: &Session) -> bool {
        let mut answered = false;
        while let Some(step) = self.machine.next() {
            match step {
                Step::Send(_, octets) => self.said.extend_from_slice(&octets),
                Step::Close(_) => self.open = false,
                Step::WakeAt(..) => {}
                Step::Ask(ticket, _, request) => {
                    self.machine.handle(self.now, Input::Begun(ticket, Id(u128::from(ticket.0))));
                    if self.late {
                        self.owed.push_back((ticket, request.operation));
                    } else {
                        answered = true;
                        let end = answer(request.operation, who);
                        self.machine.handle(self.now, Input::Answer(ticket, Answer::Final(end)));
                    }
                }
            }
        }
        answered
    }

    /// Gives the answers that are owed.
    fn pay(&mut self, who: &Session) {
        for (ticket, operation) in std::mem::take(&mut self.owed) {
            let end = answer(operation, who);
            self.machine.handle(self.now, Input::Answer(ticket, Answer::Final(end)));
            self.carry_out(who);
        }
    }

    /// All is typed: answers to the last, then the end.
    fn end(&mut self, who: &Session) {
        let mut left = usize::MAX;
        while self.open && (self.waiting.len() < left || !self.owed.is_empty()) {
            left = self.waiting.len();
            self.pay(who);
            self.offer(who);
        }
        if self.open {
            self.machine.handle(self.now, Input::Closed(FLOW));
            self.carry_out(who);
        }
    }
}

fn answer(operation: Operation, who: &Session) -> Result<Outcome, Fault> {
    match operation {
        Operation::Prove => Ok(Outcome::Session(who.clone())),
        Operation::Cancel(_) => Ok(Outcome::Done),
        Operation::List(query) => {
            let (kind, documents, hidden) = (query.kind, Vec::new(), [].into());
            Ok(Outcome::Page(Page { kind, documents, hidden, next: None }))
        }
        Operation::Create(_)
        | Operation::Read(_)
        | Operation::Update(..)
        | Operation::Delete(..)
        | Operation::Invoke(..) => Err(Fault::new(FaultKind::NotFound, "not-found", "nothing is there")),
    }
}
