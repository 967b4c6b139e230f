//! A line to a session: a driver without sockets, whose clock and gateway are the test's.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use strowger_kinds::order;
use strowger_primitive::{
    Answer, Authorities, Class, Cursor, Document, Fault, Flow, Id, Input, Machine, Name, Now, Outcome, Page, Peer,
    Principal, Request, RequestId, Revision, Session, Shown, Step, Ticket, Time, Transport, Value, common,
};

use crate::{Mml, Options};

const FLOW: Flow = Flow(1);

/// One connection.
pub(super) struct Line {
    machine: Box<dyn Machine>,
    now: Now,
    wake: Option<Instant>,
    inbox: BytesMut,
    said: Vec<u8>,
    most_at_once: usize,
    closed: bool,
    /// Requests nobody has looked at.
    asked: VecDeque<Asked>,
    /// Requests that are not answered, the newest last.
    open: Vec<Ticket>,
    /// The gate lets nothing in.
    shut: bool,
    /// The peer takes nothing of what is said.
    slow: bool,
    ended: bool,
}

/// A request of the session.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) class: Class,
    pub(super) request: Request,
    pub(super) id: RequestId,
}

impl Line {
    pub(super) fn open(options: Options) -> Self {
        let machine = Mml::new(strowger_kinds::all(), options).session();
        let now = Now { wall: Time(1_795_578_607_000), mono: start() };
        let mut line = Self {
            machine,
            now,
            wake: None,
            inbox: BytesMut::new(),
            said: Vec::new(),
            most_at_once: 0,
            closed: false,
            asked: VecDeque::new(),
            open: Vec::new(),
            shut: false,
            slow: false,
            ended: false,
        };
        let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 5));
        let peer = Peer { address, listener: "test".into(), transport: Transport::Tls };
        line.feed(Input::Opened(FLOW, &peer));
        line
    }

    pub(super) fn logged_in() -> Self {
        let mut line = Self::open(Options::default());
        line.type_in(super::LOG_IN);
        line.asked();
        line.end(Ok(Outcome::Session(session())));
        line.said();
        line
    }

    pub(super) fn now(&self) -> Now {
        self.now
    }

    pub(super) fn type_in(&mut self, text: &str) {
        self.octets(text.as_bytes());
    }

    /// Octets come as a socket reads them: never more than 64 KiB are held.
    pub(super) fn octets(&mut self, octets: &[u8]) {
        for part in octets.chunks(8_192) {
            self.inbox.extend_from_slice(part);
            self.offer();
            assert!(self.closed || self.inbox.len() <= 65_536, "the session leaves too much unread");
        }
        self.wake_if_due();
    }

    /// The peer ends its side; the session is told when all is answered.
    pub(super) fn hang_up(&mut self) {
        self.ended = true;
        self.end_if_over();
    }

    pub(super) fn stop(&mut self) {
        self.feed(Input::Stopping);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.mono += time;
        self.wake_if_due();
    }

    /// The next request.
    pub(super) fn asked(&mut self) -> Asked {
        self.asked.pop_front().expect("nothing is asked")
    }

    pub(super) fn nothing_asked(&self) -> bool {
        self.asked.is_empty()
    }

    /// Ends the newest request.
    pub(super) fn end(&mut self, end: Result<Outcome, Fault>) {
        self.answer(Answer::Final(end));
    }

    /// Answers the newest request.
    pub(super) fn answer(&mut self, answer: Answer) {
        let ticket = *self.open.last().expect("no request waits");
        if matches!(answer, Answer::Final(_)) {
            self.open.pop();
            self.asked.clear();
        }
        self.feed(Input::Answer(ticket, answer));
        self.wake_if_due();
        self.end_if_over();
    }

    pub(super) fn gate_shut(&mut self, shut: bool) {
        self.shut = shut;
    }

    pub(super) fn slow(&mut self, slow: bool) {
        self.slow = slow;
        self.offer();
    }

    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    pub(super) fn unread(&self) -> usize {
        self.inbox.len()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once
    }

    /// What was said since the last call.
    pub(super) fn said(&mut self) -> String {
        String::from_utf8(self.octets_said()).expect("not UTF-8").replace("\r\n", "\n")
    }

    pub(super) fn octets_said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    fn feed(&mut self, input: Input<'_>) {
        self.machine.handle(self.now, input);
        self.carry_out();
        self.offer();
    }

    fn offer(&mut self) {
        while !self.inbox.is_empty() && !self.closed && !self.slow {
            let before = self.inbox.len();
            self.machine.handle(self.now, Input::Stream(FLOW, &mut self.inbox));
            self.carry_out();
            if self.inbox.len() >= before {
                return;
            }
        }
    }

    fn carry_out(&mut self) {
        let mut at_once = 0;
        while let Some(step) = self.machine.next() {
            assert!(!self.closed, "{step:?} behind the end");
            match step {
                Step::Send(_, octets) => {
                    at_once += octets.len();
                    self.said.extend_from_slice(&octets);
                }
                Step::Close(_) => self.closed = true,
                Step::WakeAt(at, _) => self.wake = Some(at),
                Step::Ask(ticket, ..) if self.shut => {
                    let fault = Fault::overloaded(Duration::from_secs(2), "too much is asked");
                    self.machine.handle(self.now, Input::Refused(ticket, fault));
                }
                Step::Ask(ticket, class, request) => {
                    let id = Id(u128::from(ticket.0) + 1_000);
                    self.open.push(ticket);
                    self.asked.push_back(Asked { class, request: *request, id });
                    self.machine.handle(self.now, Input::Begun(ticket, id));
                }
            }
        }
        self.most_at_once = self.most_at_once.max(at_once);
    }

    fn wake_if_due(&mut self) {
        while let Some(at) = self.wake.take_if(|at| *at <= self.now.mono) {
            assert!(at <= self.now.mono);
            if self.closed {
                return;
            }
            self.feed(Input::Wake);
        }
    }

    fn end_if_over(&mut self) {
        if self.ended && self.open.is_empty() && !self.closed {
            self.feed(Input::Closed(FLOW));
        }
    }
}

/// Some moment, the same in all tests of a run.
pub(super) fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be made in no other way; it only begins the test's clock"
    )]
    *START.get_or_init(Instant::now)
}

/// Alice of acme, proven.
pub(super) fn session() -> Session {
    static ALICE: OnceLock<Session> = OnceLock::new();
    ALICE
        .get_or_init(|| {
            let Authorities { security, .. } = strowger_primitive::authorities();
            let name = |n: &str| Name::new(n).expect("a name");
            let principal = Principal {
                tenant: name("acme"),
                name: name("alice"),
                roles: [].into(),
                revision: Revision(1),
                method: "password",
                until: None,
            };
            security.session(&security.known(Arc::new(principal)))
        })
        .clone()
}

fn document(name: &str) -> Arc<Document> {
    let mut document = Document::new(&order::DECL);
    document.fields.set_text(&common::NAME, name);
    document.fields.set(&order::STATE, Value::Enum(order::COMPLETED));
    Arc::new(document)
}

fn shown(name: &str) -> Shown {
    Shown { document: document(name), hidden: [].into() }
}

pub(super) fn order(name: &str) -> Outcome {
    Outcome::Document(shown(name))
}

pub(super) fn created(name: &str) -> Outcome {
    Outcome::Created(shown(name))
}

pub(super) fn page(names: &[&str], next: Option<&str>) -> Outcome {
    let documents = names.iter().map(|n| document(n)).collect();
    Outcome::Page(Page { kind: &order::DECL, documents, hidden: [].into(), next: next.map(|n| Cursor(n.into())) })
}
