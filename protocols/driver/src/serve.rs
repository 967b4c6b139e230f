//! Accepting connections until the word to stop, then draining them.

mod accept;
mod seats;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{Ask, BoxFuture, BoxedIo, Flow, Machine, Peer, Stop, Talk, Transport, World};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::run::{self, Line};
use crate::{Bound, Limits};
use accept::Backoff;
use seats::{Seat, Seats};

/// What is spoken on a listener.
#[derive(Clone)]
pub enum Door {
    /// A protocol whose library wants the stream itself.
    Talk(Arc<dyn Talk>),
    /// A protocol without a socket: this makes the machine of each connection.
    Machine(Arc<dyn Fn() -> Box<dyn Machine> + Send + Sync>),
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Talk(_) => "Talk",
            Self::Machine(_) => "Machine",
        })
    }
}

impl Bound {
    /// Serves peers until `stop` is pulled. Then no more are accepted, those there are told to end, and this returns
    /// when they have ended or the drain time is over: what is left then is cut.
    pub async fn serve(self, door: Door, gateway: Arc<dyn Ask>, world: Arc<dyn World>, stop: Stop) {
        let (cutter, cut) = Stop::new();
        let seats = Arc::new(Seats::new(&self.limits));
        let tls = self.secured.map(|secured| {
            let every = Duration::from_secs(secured.every);
            world.spawn("certificate", Box::pin(secured.reload.watch(every, Arc::clone(&world), stop.clone())));
            TlsAcceptor::from(secured.config)
        });
        let transport = if tls.is_some() { Transport::Tls } else { Transport::Tcp };
        tracing::info!(listener = %self.name, address = %self.address, transport = transport.word(), "listening");
        let mut backoff = Backoff::default();
        let mut stopped = stop.clone();
        for flow in 0.. {
            let stream = tokio::select! {
                biased;
                () = stopped.wait() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        backoff.clear();
                        seats.take(address.ip()).map(|seat| (stream, address, seat))
                    }
                    Err(error) => {
                        backoff.wait(&self.name, &error, &*world).await;
                        None
                    }
                },
            };
            let Some((stream, address, seat)) = stream else { continue };
            let peer = Peer { address, listener: Arc::clone(&self.name), transport };
            let line = Line {
                flow: Flow(flow),
                peer,
                gateway: Arc::clone(&gateway),
                world: Arc::clone(&world),
                stop: stop.clone(),
                limits: self.limits,
            };
            world.spawn("connection", connection(stream, seat, tls.clone(), door.clone(), line, cut.clone()));
        }
        drop(self.listener);
        drain(&seats, &self.limits, &*world).await;
        cutter.pull();
        // What is cut ends as soon as its task is polled: this waits for that, not for a peer.
        tokio::select! {
            () = seats.empty() => {}
            () = world.sleep(Duration::from_secs(1)) => {}
        }
        tracing::info!(listener = %self.name, "closed");
    }
}

async fn drain(seats: &Seats, limits: &Limits, world: &dyn World) {
    tokio::select! {
        () = seats.empty() => {}
        () = world.sleep(Duration::from_secs(limits.drain)) => {
            tracing::warn!(connections = seats.taken(), "drain time is over, connections are cut");
        }
    }
}

/// One connection from its acceptance to its end.
fn connection(
    stream: TcpStream,
    seat: Seat,
    tls: Option<TlsAcceptor>,
    door: Door,
    line: Line,
    mut cut: Stop,
) -> BoxFuture<'static, ()> {
    accept::tune(&stream, &line.limits);
    Box::pin(async move {
        let _seat = seat;
        tokio::select! {
            biased;
            () = cut.wait() => {}
            () = opened(stream, tls, door, line) => {}
        }
    })
}

fn opened(stream: TcpStream, tls: Option<TlsAcceptor>, door: Door, line: Line) -> BoxFuture<'static, ()> {
    match tls {
        None => spoken(Box::new(stream), door, line),
        Some(tls) => Box::pin(async move {
            let Some(io) = secured(stream, tls, &line).await else { return };
            // The handshake's own state is gone here; the connection lives on in a smaller future.
            spoken(io, door, line).await;
        }),
    }
}

fn secured<'a>(stream: TcpStream, tls: TlsAcceptor, line: &'a Line) -> BoxFuture<'a, Option<BoxedIo>> {
    Box::pin(async move {
        let within = Duration::from_secs(line.limits.handshake);
        tokio::select! {
            done = tls.accept(stream) => match done {
                Ok(stream) => Some(Box::new(stream) as BoxedIo),
                Err(error) => {
                    tracing::debug!(peer = %line.peer.address, %error, "TLS handshake failed");
                    None
                }
            },
            () = line.world.sleep(within) => {
                tracing::debug!(peer = %line.peer.address, "TLS handshake takes too long");
                None
            }
        }
    })
}

fn spoken(io: BoxedIo, door: Door, line: Line) -> BoxFuture<'static, ()> {
    match door {
        Door::Talk(talk) => talk.talk(io, line.peer, line.gateway, line.stop),
        Door::Machine(make) => Box::pin(run::run(io, make(), line)),
    }
}
