//! From answers to reports.

use strowger_primitive::{Answer, Fault, FaultKind, FieldDecl, Headline, Now, Outcome, Ticket};
use strowger_speech::{Heading, Series, View, notice, progress, report_fault, report_outcome};

use crate::hand::{Hand, Work};
use crate::session::Session;

impl Session {
    /// The gateway answers.
    pub(crate) fn answered(&mut self, now: Now, ticket: Ticket, answer: Answer) {
        match answer {
            Answer::Progress(headline) => self.progressed(now, ticket, &headline),
            Answer::Final(end) => {
                if self.stops(ticket) {
                    return self.stop_answered(now, end.err().as_ref());
                }
                if let Some(hand) = self.hand.take_if(|h| h.ticket == Some(ticket)) {
                    match end {
                        Ok(outcome) => self.ended_well(now, hand, outcome),
                        Err(fault) => self.ended_badly(now, &hand, &fault),
                    }
                }
            }
        }
    }

    /// The gate refuses.
    pub(crate) fn refused(&mut self, now: Now, ticket: Ticket, fault: &Fault) {
        self.go_on(now);
        if self.stops(ticket) {
            self.stop_answered(now, Some(fault));
        } else if let Some(hand) = self.hand.take_if(|h| h.ticket == Some(ticket)) {
            self.ended_badly(now, &hand, fault);
        }
    }

    fn progressed(&mut self, now: Now, ticket: Ticket, headline: &Headline) {
        let Some(hand) = self.hand.as_ref().filter(|h| h.ticket == Some(ticket)) else { return };
        if let Work::Ask { patient: true, .. } = hand.work {
            let text = progress(&self.heading(now, &hand.label), headline);
            self.say(&text);
        }
    }

    fn ended_well(&mut self, now: Now, mut hand: Hand, outcome: Outcome) {
        let lines = self.lines();
        let next = if let Outcome::Page(page) = &outcome { page.next.clone() } else { None };
        match &mut hand.work {
            Work::LogIn => {
                let text = self.shown(now, &hand, &outcome, &[], lines);
                if let Outcome::Session(session) = outcome {
                    self.proven = Some(session);
                    self.tenant = None;
                    self.tries = 0;
                }
                self.say(&text);
            }
            Work::Ask { fields, .. } => {
                let fields = std::mem::take(fields);
                let text = self.shown(now, &hand, &outcome, &fields, lines);
                self.say(&text);
            }
            Work::List(listing) => {
                let view = View { fields: &listing.fields, lines, more: next.is_some() };
                let text = report_outcome(&self.heading(now, &hand.label), &outcome, &view, &mut listing.series);
                self.say(&text);
                if let Some(cursor) = next {
                    listing.go_on(cursor);
                    hand.ticket = None;
                    hand.id = None;
                    let leave = hand.stop.is_some() || self.stopping();
                    self.hand = Some(hand);
                    if leave {
                        self.stopped(now);
                    }
                    return;
                }
            }
        }
        self.stop_came_late(now, &hand);
        self.done(now);
    }

    fn shown(&self, now: Now, hand: &Hand, outcome: &Outcome, fields: &[&'static FieldDecl], lines: usize) -> String {
        let view = View { fields, lines, more: false };
        report_outcome(&self.heading(now, &hand.label), outcome, &view, &mut Series::default())
    }

    fn ended_badly(&mut self, now: Now, hand: &Hand, fault: &Fault) {
        let declared: &[&[FieldDecl]] = match &hand.work {
            Work::LogIn => &[],
            Work::Ask { declared, .. } => declared,
            Work::List(listing) => listing.query.kind.fields,
        };
        let heading = Heading { request: hand.id, ..self.heading(now, &hand.label) };
        let text = report_fault(&heading, fault, declared);
        self.say(&text);
        self.stop_came_late(now, hand);
        let unproven = fault.kind == FaultKind::Unauthenticated;
        let logging_in = matches!(hand.work, Work::LogIn);
        if unproven && !logging_in && self.proven.take().is_some() {
            // What was proven counts no more: the principal was changed or suspended.
            self.quiet = Some(now.mono);
        }
        if unproven && logging_in {
            self.tries += 1;
            if self.tries >= self.shared.options.tries {
                self.close(now, "too many wrong passwords; goodbye");
            }
        }
        self.done(now);
    }

    /// A list was stopped between two pages.
    pub(crate) fn stopped(&mut self, now: Now) {
        let Some(hand) = self.hand.take() else { return };
        let why =
            if self.stopping() { "the gateway stops; there is more" } else { "stopped as you asked; there is more" };
        let fault = Fault::new(FaultKind::Declined, "stopped", why);
        self.fault(now, &hand.label, &fault, &[]);
        self.stop_came_late(now, &hand);
        self.done(now);
    }

    /// Whether that ticket is the wish to stop the command in hand.
    fn stops(&self, ticket: Ticket) -> bool {
        self.hand.as_ref().and_then(|h| h.stop.as_ref()).is_some_and(|s| s.ticket == Some(ticket))
    }

    fn stop_answered(&mut self, now: Now, fault: Option<&Fault>) {
        let Some(hand) = &mut self.hand else { return };
        let label = hand.stop.as_mut().and_then(|stop| stop.label.take());
        if fault.is_some() {
            // It may be wished again.
            hand.stop = None;
        }
        match (label, fault) {
            (Some(label), Some(fault)) => self.fault(now, &label, fault, &[]),
            (Some(label), None) => self.succeeded(now, &label),
            (None, Some(fault)) => {
                let text = notice(&self.shared.options.node, now.wall, &format!("not stopped: {}", fault.public));
                self.say(&text);
            }
            (None, None) => {}
        }
    }

    /// A wish to stop that nobody answered is answered with the command it spoke of.
    fn stop_came_late(&mut self, now: Now, hand: &Hand) {
        if let Some(label) = hand.stop.as_ref().and_then(|s| s.label.as_ref()) {
            self.succeeded(now, label);
        }
    }
}
