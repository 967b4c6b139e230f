//! What fuzzers call: any octets, cut anywhere, into a session whose every request is answered.

use std::time::Instant;

use bytes::BytesMut;
use strowger_primitive::{
    Answer, Fault, FaultKind, Flow, Id, Input, Machine, Now, Operation, Outcome, Page, Peer, Schema, Session, Step,
    Time, Transport,
};

use crate::{Mml, Options};

const FLOW: Flow = Flow(1);

/// Feeds a session with `octets`, so many at a time as `cuts` says in turn; returns all that it says. Every log-in
/// succeeds as `who`, every list is empty, all else is not found. The clock stands at `at`.
#[must_use]
pub fn feed(schema: &Schema, octets: &[u8], cuts: &[u8], at: Instant, who: &Session) -> Vec<u8> {
    let machine = Mml::new(schema.clone(), Options::default()).session();
    let now = Now { wall: Time(0), mono: at };
    let mut line = Line { machine, now, said: Vec::new(), waiting: BytesMut::new(), open: true };
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
        rest = later;
    }
    if line.open {
        line.machine.handle(now, Input::Closed(FLOW));
        line.carry_out(who);
    }
    line.said
}

struct Line {
    machine: Box<dyn Machine>,
    now: Now,
    said: Vec<u8>,
    waiting: BytesMut,
    open: bool,
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
                    answered = true;
                    self.machine.handle(self.now, Input::Begun(ticket, Id(u128::from(ticket.0))));
                    let end = answer(request.operation, who);
                    self.machine.handle(self.now, Input::Answer(ticket, Answer::Final(end)));
                }
            }
        }
        answered
    }
}

fn answer(operation: Operation, who: &Session) -> Result<Outcome, Fault> {
    match operation {
        Operation::Prove => Ok(Outcome::Session(who.clone())),
        Operation::List(query) => {
            let (kind, documents, hidden) = (query.kind, Vec::new(), [].into());
            Ok(Outcome::Page(Page { kind, documents, hidden, next: None }))
        }
        Operation::Create(_)
        | Operation::Read(_)
        | Operation::Update(..)
        | Operation::Delete(..)
        | Operation::Invoke(..)
        | Operation::Cancel(_) => Err(Fault::new(FaultKind::NotFound, "not-found", "nothing is there")),
    }
}
