//! From a command to a request.

use std::time::Duration;

use strowger_primitive::{
    Claim, Deadline, Fault, FaultKind, Now, Operation, Origin, Permit, Request, Step, Ticket, Trace,
};
use strowger_speech::{Act, Command, LogIn, Series, report_text};

use crate::hand::{Hand, Label, Listing, Work};
use crate::session::Session;

impl Session {
    /// Does what was typed, or asks the gateway for it.
    pub(crate) fn perform(&mut self, now: Now, label: Label, command: Command) {
        let known = self.proven.is_some();
        match command.act {
            Act::Help(text) => {
                let report = report_text(&self.heading(now, &label), &text, self.lines());
                self.say(&report);
                self.done(now);
            }
            Act::LogIn(login) => self.log_in(now, label, login),
            Act::LogOut => {
                self.proven = None;
                self.succeeded(now, &label);
                self.leave();
            }
            Act::UseTenant(_) | Act::Stop | Act::Ask(_) if !known => {
                let text = "log in first: LGI: OP=\"alice@acme\", PWD=\"...\";";
                self.fault(now, &label, &Fault::new(FaultKind::Unauthenticated, "not-logged-in", text), &[]);
                self.done(now);
            }
            Act::UseTenant(tenant) => {
                self.tenant = tenant;
                self.succeeded(now, &label);
                self.done(now);
            }
            Act::Stop => {
                let text = "no command is being performed";
                self.fault(now, &label, &Fault::new(FaultKind::NotFound, "nothing-to-stop", text), &[]);
                self.done(now);
            }
            Act::Ask(operation) => {
                let tenant = command.tenant.or_else(|| self.tenant.clone());
                let work = match &operation {
                    Operation::List(query) if command.whole => Work::List(Listing {
                        query: query.clone(),
                        tenant: tenant.clone(),
                        fields: command.fields,
                        series: Series::default(),
                    }),
                    Operation::Create(_)
                    | Operation::Read(_)
                    | Operation::List(_)
                    | Operation::Update(..)
                    | Operation::Delete(..)
                    | Operation::Invoke(..)
                    | Operation::Cancel(_)
                    | Operation::Prove => {
                        let patient = !command.wait.is_zero();
                        Work::Ask { declared: command.declared, fields: command.fields, patient }
                    }
                };
                let request = self.request(now, command.wait, operation).map(|request| Request {
                    tenant,
                    key: command.key,
                    unlike: command.unlike,
                    ..request
                });
                self.take_up(now, label, work, request);
            }
        }
    }

    fn log_in(&mut self, now: Now, label: Label, login: LogIn) {
        // Whoever asks to be somebody else acts as nobody until he is.
        if self.proven.take().is_some() {
            self.tenant = None;
            self.quiet = Some(now.mono);
        }
        let claim = Claim::Password { principal: login.principal, secret: login.secret };
        let request = self.request(now, Duration::ZERO, Operation::Prove).map(|request| Request { claim, ..request });
        self.take_up(now, label, Work::LogIn, request);
    }

    /// Asks for the next page of a list, where one is due and the last was taken.
    pub(crate) fn next_page(&mut self, now: Now) {
        let Some(Hand { ticket: None, work: Work::List(listing), .. }) = &self.hand else { return };
        let (query, tenant) = (listing.query.clone(), listing.tenant.clone());
        let Some(request) = self.request(now, Duration::ZERO, Operation::List(query)) else { return };
        let ticket = self.ask(Request { tenant, ..request });
        if let Some(hand) = &mut self.hand {
            hand.ticket = Some(ticket);
            hand.id = None;
        }
    }

    /// Tells the gateway that the request in hand is not wanted any more, once it is known there.
    pub(crate) fn stop_if_wanted(&mut self, now: Now) {
        let Some(hand) = &self.hand else { return };
        let wanted = hand.stop.as_ref().is_some_and(|stop| stop.ticket.is_none());
        if !wanted {
            return;
        }
        if hand.ticket.is_none() {
            // Between two pages.
            return self.stopped(now);
        }
        let Some(request) = hand.id.and_then(|id| self.request(now, Duration::ZERO, Operation::Cancel(id))) else {
            return;
        };
        let ticket = self.ask(request);
        if let Some(stop) = self.hand.as_mut().and_then(|h| h.stop.as_mut()) {
            stop.ticket = Some(ticket);
        }
    }

    fn take_up(&mut self, now: Now, label: Label, work: Work, request: Option<Request>) {
        let Some(request) = request else { return self.done(now) };
        let ticket = self.ask(request);
        self.hand = Some(Hand { label, ticket: Some(ticket), id: None, stop: None, work });
    }

    fn ask(&mut self, request: Request) -> Ticket {
        let ticket = self.ticket();
        self.step(Step::Ask(ticket, request.operation.class(), Box::new(request)));
        ticket
    }

    /// A request of this session; the driver fills its identifier and the gate's leave. `None` before it is opened.
    fn request(&self, now: Now, wait: Duration, operation: Operation) -> Option<Request> {
        let peer = self.peer()?;
        let answer = Duration::from_secs(u64::from(self.shared.options.answer));
        Some(Request {
            id: strowger_primitive::Id(0),
            trace: Trace::default(),
            origin: Origin { protocol: "mml", peer: peer.clone(), transport: peer.transport },
            claim: self.proven.clone().map_or(Claim::Anonymous, Claim::Session),
            tenant: None,
            key: None,
            deadline: Deadline(now.mono.checked_add(answer + wait).unwrap_or(now.mono)),
            patience: wait,
            unlike: None,
            permit: Permit::default(),
            operation,
        })
    }
}
