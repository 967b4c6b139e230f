//! Running a machine on one connection: its inputs from octets, timers and answers, its steps to octets and requests.

mod alarm;
mod asked;
mod inbox;
mod outbox;
#[cfg(test)]
pub(crate) mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use strowger_primitive::{
    Answer, Ask, BoxFuture, BoxedIo, Class, Flow, Input, Machine, Now, Peer, Request, Step, Stop, Ticket, World,
};
use tokio::io::AsyncWriteExt as _;

use crate::Limits;
use alarm::Alarm;
use asked::Asked;
use inbox::Inbox;
use outbox::Outbox;

/// Requests of one connection that are not answered yet; behind so many, nothing more is read from it.
const ASKED: usize = 64;

/// What a connection is served with.
pub(crate) struct Line {
    pub(crate) flow: Flow,
    pub(crate) peer: Peer,
    pub(crate) gateway: Arc<dyn Ask>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) stop: Stop,
    pub(crate) limits: Limits,
}

/// Runs `machine` on `io` to the end of the connection.
pub(crate) async fn run(io: BoxedIo, machine: Box<dyn Machine>, line: Line) {
    let now = line.world.mono();
    let mut running = Running {
        io,
        machine,
        inbox: Inbox::default(),
        outbox: Outbox::new(now),
        asked: Asked::default(),
        alarm: Alarm::default(),
        wake: None,
        heard: now,
        ended: false,
        told: false,
        closing: false,
        stop: stop(line.stop.clone()),
        stopping: false,
        line,
    };
    let peer = running.line.peer.clone();
    running.feed(Input::Opened(running.line.flow, &peer));
    let end = running.until_over().await;
    // What is asked and not answered goes on without us.
    running.asked = Asked::default();
    tracing::debug!(peer = %peer.address, end = end.word(), "connection over");
    match end {
        End::Closed => inbox::linger(&mut *running.io, &*running.line.world).await,
        End::Answered => drop(running.io.shutdown().await),
        End::Broken | End::Idle | End::Stalled | End::Stuck => {
            if !running.told {
                running.machine.handle(running.line.world.now(), Input::Closed(running.line.flow));
            }
        }
    }
}

fn stop(mut stop: Stop) -> BoxFuture<'static, ()> {
    Box::pin(async move { stop.wait().await })
}

struct Running {
    io: BoxedIo,
    machine: Box<dyn Machine>,
    line: Line,
    inbox: Inbox,
    outbox: Outbox,
    asked: Asked,
    alarm: Alarm,
    /// When the machine wants to be woken, and why.
    wake: Option<(Instant, &'static str)>,
    /// When octets last came.
    heard: Instant,
    /// The peer has ended its side.
    ended: bool,
    /// The machine knows that.
    told: bool,
    /// The machine wants to close.
    closing: bool,
    stop: BoxFuture<'static, ()>,
    /// The machine knows that the gateway stops.
    stopping: bool,
}

/// What the world did.
enum Event {
    Octets,
    Ended,
    Sent,
    Answer(Ticket, Answer),
    Stop,
    Due,
    Broken(io::Error),
}

/// Why a connection is over.
enum End {
    /// The machine closed it.
    Closed,
    /// The peer ended its side and has all answers.
    Answered,
    /// It failed.
    Broken,
    /// Nothing passed for long.
    Idle,
    /// The peer does not take what it is sent.
    Stalled,
    /// The machine takes nothing from a full buffer and waits for nothing.
    Stuck,
}

impl End {
    fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Answered => "answered",
            Self::Broken => "broken",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
            Self::Stuck => "stuck",
        }
    }
}

impl Running {
    async fn until_over(&mut self) -> End {
        loop {
            if let Some(end) = self.over() {
                return end;
            }
            let event = poll_fn(|cx| self.poll(cx)).await;
            match event {
                Event::Octets => {
                    self.heard = self.now().mono;
                    self.offer();
                }
                Event::Ended => self.ended = true,
                Event::Sent => self.offer(),
                Event::Answer(ticket, answer) => self.feed(Input::Answer(ticket, answer)),
                Event::Stop => {
                    self.stopping = true;
                    self.feed(Input::Stopping);
                }
                Event::Due => {
                    if let Some(end) = self.due() {
                        return end;
                    }
                }
                Event::Broken(error) => {
                    tracing::debug!(peer = %self.line.peer.address, %error, "connection broken");
                    return End::Broken;
                }
            }
        }
    }

    /// Whether nothing is left to do.
    fn over(&mut self) -> Option<End> {
        if self.closing {
            return self.outbox.is_empty().then_some(End::Closed);
        }
        let still = self.asked.is_empty() && self.outbox.is_empty();
        if self.ended && still && self.told {
            return Some(End::Answered);
        }
        if self.ended && still {
            // All that was asked is answered, and what is left of its octets says nothing more.
            self.told = true;
            self.feed(Input::Closed(self.line.flow));
            return self.over();
        }
        let full = self.inbox.len() >= self.line.limits.unread;
        (full && still && self.wake.is_none()).then_some(End::Stuck)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if !self.outbox.is_empty() {
            let held = self.held();
            if let Poll::Ready(Err(error)) = self.outbox.poll_send(Pin::new(&mut *self.io), cx, &*self.line.world) {
                return Poll::Ready(Event::Broken(error));
            }
            if self.outbox.is_empty() || (held && !self.held()) {
                return Poll::Ready(Event::Sent);
            }
        }
        if self.held() || self.closing {
            // What a peer asked holds places of the gateway, and does so no longer because the peer takes no answer.
            self.asked.poll_work(cx);
        } else {
            if let Poll::Ready((ticket, answer)) = self.asked.poll_next(cx) {
                return Poll::Ready(Event::Answer(ticket, answer));
            }
            if !self.ended && self.asked.len() < ASKED {
                match self.inbox.poll_fill(Pin::new(&mut *self.io), cx, self.line.limits.unread) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Event::Ended),
                    Poll::Ready(Ok(_)) => return Poll::Ready(Event::Octets),
                    Poll::Ready(Err(error)) => return Poll::Ready(Event::Broken(error)),
                    Poll::Pending => {}
                }
            }
        }
        if !self.stopping && !self.closing && self.stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Stop);
        }
        let next = self.next_due();
        self.alarm.poll(next, &*self.line.world, cx).map(|()| Event::Due)
    }

    /// The earliest moment at which something is due.
    fn next_due(&self) -> Instant {
        let limits = &self.line.limits;
        let quiet = self.heard.max(self.outbox.moved()) + Duration::from_secs(limits.idle);
        let stalled = (!self.outbox.is_empty()).then(|| self.outbox.moved() + Duration::from_secs(limits.stall));
        let wake = self.wake.map(|(at, _)| at).filter(|_| !self.closing);
        [wake, stalled].into_iter().flatten().fold(quiet, Instant::min)
    }

    fn due(&mut self) -> Option<End> {
        let now = self.now().mono;
        let since = |then: Instant| now.saturating_duration_since(then).as_secs();
        if !self.outbox.is_empty() && since(self.outbox.moved()) >= self.line.limits.stall {
            return Some(End::Stalled);
        }
        if let Some((at, why)) = self.wake
            && at <= now
        {
            tracing::trace!(why, "woken");
            self.wake = None;
            self.feed(Input::Wake);
            return None;
        }
        if since(self.heard.max(self.outbox.moved())) < self.line.limits.idle {
            return None;
        }
        if self.asked.is_empty() {
            return Some(End::Idle);
        }
        // Work in hand keeps it open; it is looked at again after another such time.
        self.heard = now;
        None
    }

    /// Gives the machine an input, then what is left of the peer's octets.
    fn feed(&mut self, input: Input<'_>) {
        self.machine.handle(self.line.world.now(), input);
        self.carry_out();
        self.offer();
    }

    /// Offers what came, as long as the machine takes of it.
    fn offer(&mut self) {
        while !self.inbox.is_empty() && !self.closing && !self.held() && self.asked.len() < ASKED {
            let before = self.inbox.len();
            let now = self.line.world.now();
            self.inbox.lend(|octets| self.machine.handle(now, Input::Stream(self.line.flow, octets)));
            self.carry_out();
            if self.inbox.len() >= before {
                return;
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(step) = self.machine.next() {
            if self.closing {
                continue;
            }
            match step {
                Step::Ask(ticket, class, request) => self.ask(ticket, class, *request),
                Step::Send(_, octets) => self.outbox.push(octets, self.line.world.mono()),
                Step::Close(_) => self.closing = true,
                Step::WakeAt(at, why) => self.wake = Some((at, why)),
            }
        }
    }

    fn ask(&mut self, ticket: Ticket, class: Class, mut request: Request) {
        let gateway = &self.line.gateway;
        match gateway.enter(class, &self.line.peer) {
            Err(fault) => self.machine.handle(gateway.now(), Input::Refused(ticket, fault)),
            Ok(permit) => {
                let now = gateway.now();
                let id = gateway.new_id(now);
                request.id = id;
                request.permit = permit;
                self.asked.add(ticket, gateway.ask(request));
                self.machine.handle(now, Input::Begun(ticket, id));
            }
        }
    }

    /// Whether too much waits to be sent.
    fn held(&self) -> bool {
        self.outbox.len() >= self.line.limits.unsent
    }

    fn now(&self) -> Now {
        self.line.world.now()
    }
}
