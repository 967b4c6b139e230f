//! The ports between a door, the socket loop and the pipeline.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::{ActionDecl, Answer, Answers, Fault, Now, Request, RequestId, Text, Transport, Verb};

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The other end of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address and port.
    pub address: SocketAddr,
    /// The configured listener it came in by.
    pub listener: Text,
    /// What carries the flow.
    pub transport: Transport,
}

/// Whom what comes from an address counts for: an IPv4 address in either writing, or the /64 that one subscriber has of
/// IPv6 (RFC 6177). This machine stays this machine.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) if address.is_loopback() => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// How pressing a request is: what is refused first under load is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// New work: orders and other changes.
    New,
    /// Reads and lists.
    List,
    /// What belongs to work already accepted: progress, cancelling, logging in.
    InDialog,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::New, Self::List, Self::InDialog];

    /// The class of a verb, and of the action where that is one: whatever cancels is the last to be refused.
    #[must_use]
    pub fn of(verb: Verb, action: Option<&ActionDecl>) -> Self {
        match verb {
            Verb::Read | Verb::List => Self::List,
            Verb::Invoke if action.is_some_and(|action| action.name == CANCEL) => Self::InDialog,
            Verb::Create | Verb::Update | Verb::Delete | Verb::Invoke => Self::New,
        }
    }
}

/// The action that ends work in hand.
const CANCEL: &str = "cancel";

/// Synchronous and lock-free, on method, class and source only: what must be refused under load is refused before
/// parsing deeply, before crypto.
pub trait Gate: Send + Sync {
    /// Lets a request in, or has it wait for its turn: [`Permit::granted`] tells.
    ///
    /// # Errors
    /// `Overloaded` with the time to wait.
    fn enter(&self, class: Class, source: &Peer) -> Result<Permit, Fault>;
}

/// The gate's leave, or a place among those who wait for one; given back when dropped.
#[derive(Default)]
pub struct Permit(Leave);

#[derive(Default)]
enum Leave {
    /// None is needed.
    #[default]
    Free,
    Held(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit),
    Coming(Coming),
}

/// Comes when it is somebody's turn; a fault where he waited too long.
pub type Coming = BoxFuture<'static, Result<OwnedSemaphorePermit, Fault>>;

impl Permit {
    /// A place among those who wait.
    #[must_use]
    pub fn coming(coming: Coming) -> Self {
        Self(Leave::Coming(coming))
    }

    /// Waits for its turn: nothing is done for a request before.
    ///
    /// # Errors
    /// `Overloaded` with the time to wait, where its turn does not come soon.
    pub async fn granted(&mut self) -> Result<(), Fault> {
        if let Leave::Coming(coming) = &mut self.0 {
            self.0 = Leave::Held(coming.await?);
        }
        Ok(())
    }
}

impl From<OwnedSemaphorePermit> for Permit {
    fn from(leave: OwnedSemaphorePermit) -> Self {
        Self(Leave::Held(leave))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Leave::Free => "Permit(free)",
            Leave::Held(_) => "Permit(held)",
            Leave::Coming(_) => "Permit(coming)",
        })
    }
}

/// The originating side: a door asks.
pub trait Ask: Gate + 'static {
    /// Takes the request. Whoever waits for the answers carries the work on; where they are dropped, a change goes on by
    /// itself, and [`Operation::Cancel`](crate::Operation::Cancel) stops it.
    fn ask(&self, request: Request) -> Answers;

    /// A new identifier for a request that came at `now`.
    fn new_id(&self, now: Now) -> RequestId;

    /// This moment.
    fn now(&self) -> Now;
}

/// A byte stream: TCP, TLS, or a test's pipe.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A byte stream on the heap.
pub type BoxedIo = Box<dyn Io>;

/// A protocol whose library wants the stream itself: HTTP.
pub trait Talk: Send + Sync {
    /// Serves one connection to its end; ends it gracefully when `stop` is pulled.
    fn talk(self: Arc<Self>, io: BoxedIo, peer: Peer, gateway: Arc<dyn Ask>, stop: Stop) -> BoxFuture<'static, ()>;
}

/// A protocol without socket, clock or randomness: one connection's state. Drain [`next`](Self::next) after each
/// [`handle`](Self::handle).
pub trait Machine: Send {
    /// Takes what happened.
    fn handle(&mut self, now: Now, input: Input<'_>);

    /// What to do next; `None`: wait.
    fn next(&mut self) -> Option<Step>;
}

/// One connection of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow(pub u64);

/// One request of a machine, of its own choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// The connection stands.
    Opened(Flow, &'a Peer),
    /// Octets came; the machine takes what it understands and leaves the rest. What is left is offered again behind
    /// every other input of the machine, unless too much waits to be sent.
    Stream(Flow, &'a mut BytesMut),
    /// The peer is gone or has ended its side.
    Closed(Flow),
    /// The gate let a request in; it is known to the gateway under this identifier.
    Begun(Ticket, RequestId),
    /// An answer to a request.
    Answer(Ticket, Answer),
    /// The gate refused a request.
    Refused(Ticket, Fault),
    /// The moment asked for has come.
    Wake,
    /// The gateway stops: finish what is in hand and close.
    Stopping,
}

/// What to do.
#[derive(Debug)]
pub enum Step {
    /// Ask the gateway; the driver fills the request's identifier and permit.
    Ask(Ticket, crate::Class, Box<Request>),
    /// Send octets. Nothing is read from the flow while too much waits to be sent.
    Send(Flow, Bytes),
    /// Close when all is sent.
    Close(Flow),
    /// Wake the machine then; a later word replaces it. The text says why, for the trace.
    WakeAt(Instant, &'static str),
}

/// Tells work to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Pulls the [`Stop`].
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stop {
    /// A new one and its handle.
    #[must_use]
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Self(receiver))
    }

    /// Waits until it is pulled or its handle is gone.
    pub async fn wait(&mut self) {
        while !*self.0.borrow_and_update() {
            if self.0.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether it is pulled.
    #[must_use]
    pub fn pulled(&self) -> bool {
        *self.0.borrow()
    }
}

impl Stopper {
    /// Tells all to end.
    pub fn pull(&self) {
        self.0.send_replace(true);
    }
}
