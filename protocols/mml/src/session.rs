//! One connection: what happens to it, in order, and what it does next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use strowger_primitive::{Fault, FaultKind, Flow, Input, Machine, Name, Now, Peer, Session as Proven, Step, Ticket};
use strowger_speech::{Heading, mask, notice, parse, report_fault, report_text};

use crate::Shared;
use crate::hand::{Hand, Label, Stop};
use crate::intake::Intake;
use crate::telnet::Telnet;

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    line: Option<(Flow, Peer)>,
    pub(crate) telnet: Telnet,
    pub(crate) intake: Intake,
    /// What is to be sent, gathered while one input is handled.
    pub(crate) out: Vec<u8>,
    steps: VecDeque<Step>,
    pub(crate) proven: Option<Proven>,
    pub(crate) tries: u32,
    /// The tenant spoken of, where it is not the principal's own.
    pub(crate) tenant: Option<Name>,
    serial: u64,
    tickets: u64,
    pub(crate) hand: Option<Hand>,
    /// The first unread octet is the end of the command in hand, or of the one that was.
    pub(crate) marked: bool,
    pub(crate) closing: bool,
    stopping: bool,
    /// Since when nobody is logged in, or no command was given.
    pub(crate) quiet: Option<Instant>,
    wake: Option<Instant>,
}

impl Machine for Session {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Opened(flow, peer) => self.open(now, flow, peer),
            Input::Stream(_, octets) => self.read(now, octets),
            Input::Closed(_) => self.ended(now),
            Input::Begun(ticket, id) => {
                if let Some(hand) = self.hand.as_mut().filter(|h| h.ticket == Some(ticket)) {
                    hand.id = Some(id);
                    self.stop_if_wanted(now);
                }
            }
            Input::Answer(ticket, answer) => self.answered(now, ticket, answer),
            Input::Refused(ticket, fault) => self.refused(now, ticket, &fault),
            Input::Wake => {
                self.wake = None;
                self.patience(now);
            }
            Input::Stopping => {
                self.stopping = true;
                self.settle(now);
            }
        }
        self.flush();
        self.arm();
    }

    fn next(&mut self) -> Option<Step> {
        let step = self.steps.pop_front();
        if self.steps.is_empty() {
            // An idle connection holds no memory for steps.
            self.steps = VecDeque::new();
        }
        step
    }
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            line: None,
            telnet: Telnet::default(),
            intake: Intake::default(),
            out: Vec::new(),
            steps: VecDeque::new(),
            proven: None,
            tries: 0,
            tenant: None,
            serial: 0,
            tickets: 0,
            hand: None,
            marked: false,
            closing: false,
            stopping: false,
            quiet: None,
            wake: None,
        }
    }

    fn open(&mut self, now: Now, flow: Flow, peer: &Peer) {
        self.line = Some((flow, peer.clone()));
        self.quiet = Some(now.mono);
        for line in self.shared.options.banner.lines() {
            self.out.extend_from_slice(line.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        self.prompt();
    }

    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.line.as_ref().map(|(_, peer)| peer)
    }

    /// Wants the command in hand stopped.
    pub(crate) fn stop(&mut self, now: Now, label: Option<Label>) {
        let Some(hand) = self.hand.as_mut() else { return };
        if hand.stop.is_none() {
            hand.stop = Some(Stop { ticket: None, label });
        } else if let Some(label) = label {
            self.succeeded(now, &label);
        }
        self.stop_if_wanted(now);
    }

    /// The peer has ended its side and has all answers.
    fn ended(&mut self, now: Now) {
        let rest = self.intake.rest();
        let unfinished = std::str::from_utf8(&rest)
            .map_or(true, |t| !matches!(parse(&self.shared.schema, t), Err(strowger_speech::Bad::Empty)));
        if unfinished && !rest.is_empty() && !self.closing {
            let label = self.label(mask(&self.shared.schema, &String::from_utf8_lossy(&rest)));
            let text = "the last command has no ';' at its end, so it may be cut: it was not performed";
            self.fault(now, &label, &Fault::new(FaultKind::Malformed, "syntax-error", text), &[]);
        }
        if !self.closing {
            self.flush();
            self.closing = true;
            self.step_close();
        }
    }

    /// Closes where patience is over.
    fn patience(&mut self, now: Now) {
        let Some(due) = self.due().filter(|due| *due <= now.mono) else { return };
        let since = self.quiet.map_or(Duration::ZERO, |quiet| due.saturating_duration_since(quiet)).as_secs();
        if self.proven.is_none() {
            self.close(now, &format!("nobody logged in for {since} s; goodbye"));
        } else {
            self.close(now, &format!("no command was given for {since} s; goodbye"));
        }
    }

    /// When patience is over; a command in hand is waited for.
    fn due(&self) -> Option<Instant> {
        if self.closing || self.hand.is_some() {
            return None;
        }
        let options = &self.shared.options;
        let seconds = if self.proven.is_some() { options.idle } else { options.log_in };
        self.quiet.and_then(|quiet| quiet.checked_add(Duration::from_secs(u64::from(seconds))))
    }

    /// Asks to be woken in time. A later moment is found when the earlier one comes.
    fn arm(&mut self) {
        let Some(due) = self.due() else { return };
        if self.wake.is_none_or(|wake| due < wake) {
            self.wake = Some(due);
            let why = if self.proven.is_some() { "mml idle" } else { "mml log-in" };
            self.steps.push_back(Step::WakeAt(due, why));
        }
    }

    /// Asks to be woken at once, as what is unread is offered behind every input: a refusal comes in the middle of one.
    pub(crate) fn go_on(&mut self, now: Now) {
        self.wake = Some(now.mono);
        self.steps.push_back(Step::WakeAt(now.mono, "mml go on"));
    }

    /// A command is done.
    pub(crate) fn done(&mut self, now: Now) {
        self.hand = None;
        if self.proven.is_some() {
            self.quiet = Some(now.mono);
        }
        if !self.closing {
            self.prompt();
        }
        self.settle(now);
    }

    /// Closes where the gateway stops and nothing is in hand.
    fn settle(&mut self, now: Now) {
        if self.stopping && self.hand.is_none() {
            self.close(now, "the gateway stops; goodbye");
        }
    }

    /// Says why and closes.
    pub(crate) fn close(&mut self, now: Now, why: &str) {
        if !self.closing {
            let text = notice(&self.shared.options.node, now.wall, why);
            self.out.extend_from_slice(text.as_bytes());
            self.leave();
        }
    }

    /// Closes when all is sent.
    pub(crate) fn leave(&mut self) {
        self.flush();
        self.closing = true;
        self.intake.forget();
        self.step_close();
    }

    fn step_close(&mut self) {
        if let Some((flow, _)) = &self.line {
            self.steps.push_back(Step::Close(*flow));
        }
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping
    }

    pub(crate) fn step(&mut self, step: Step) {
        self.steps.push_back(step);
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    pub(crate) fn label(&mut self, echo: String) -> Label {
        self.serial += 1;
        Label { echo, serial: self.serial }
    }

    fn prompt(&mut self) {
        self.out.extend_from_slice(self.shared.options.prompt.as_bytes());
    }

    /// Sends what was gathered.
    fn flush(&mut self) {
        let Some((flow, _)) = &self.line else { return };
        if !self.out.is_empty() {
            self.steps.push_back(Step::Send(*flow, Bytes::from(std::mem::take(&mut self.out))));
        }
    }

    pub(crate) fn heading<'a>(&'a self, now: Now, label: &'a Label) -> Heading<'a> {
        Heading {
            node: &self.shared.options.node,
            at: now.wall,
            serial: label.serial,
            echo: &label.echo,
            request: None,
        }
    }

    pub(crate) fn lines(&self) -> usize {
        usize::try_from(self.shared.options.lines).unwrap_or(usize::MAX)
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn fault(
        &mut self,
        now: Now,
        label: &Label,
        fault: &Fault,
        declared: &[&[strowger_primitive::FieldDecl]],
    ) {
        let text = report_fault(&self.heading(now, label), fault, declared);
        self.say(&text);
    }

    pub(crate) fn succeeded(&mut self, now: Now, label: &Label) {
        let text = report_text(&self.heading(now, label), "", self.lines());
        self.say(&text);
    }
}
