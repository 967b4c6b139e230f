//! One connection, from its first octet to its end.

mod opening;
mod pace;
mod replay;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use strowger_primitive::{Ask, BoxFuture, BoxedIo, Peer, Stop};
use tokio::time::Instant;

use crate::respond::respond;
use crate::web::Web;
use opening::Version;
pub(crate) use pace::Pace;
use pace::Verdict;
use replay::Replay;

/// What every request of one connection needs.
pub(crate) struct Line {
    pub(crate) web: Arc<Web>,
    pub(crate) peer: Peer,
    pub(crate) gateway: Arc<dyn Ask>,
    pub(crate) pace: Arc<Pace>,
}

/// Serves a connection until it ends, is too slow or idle, or the gateway stops and all it asked is answered.
pub(crate) async fn serve(web: Arc<Web>, mut io: BoxedIo, peer: Peer, gateway: Arc<dyn Ask>, mut stop: Stop) {
    let opening = tokio::select! {
        biased;
        () = stop.wait() => return,
        opening = opening::read(&mut io, &web.options) => opening,
    };
    let Some(opening) = opening else { return };
    talk(web, opening, io, peer, gateway, stop).await;
}

/// Boxed for each version, so that a connection that says nothing costs nothing of it.
fn talk(
    web: Arc<Web>,
    opening: opening::Opening,
    io: BoxedIo,
    peer: Peer,
    gateway: Arc<dyn Ask>,
    mut stop: Stop,
) -> BoxFuture<'static, ()> {
    let pace = Arc::new(Pace::new(&web.options, opening.version));
    let io = TokioIo::new(Replay::new(opening.octets, io, Arc::clone(&pace)));
    let line = Arc::new(Line { web: Arc::clone(&web), peer, gateway, pace: Arc::clone(&pace) });
    let service = service_fn(move |request| {
        let line = Arc::clone(&line);
        async move { Ok::<_, Infallible>(respond(line, request).await) }
    });
    let stop = Box::pin(async move { stop.wait().await });
    match opening.version {
        Version::One => {
            let connection = web.http1.serve_connection(io, service);
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), pace, stop))
        }
        Version::Two => {
            let connection = web.http2.serve_connection(io, service);
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), pace, stop))
        }
    }
}

/// Polls hyper's connection and watches its pace beside it.
async fn drive<C>(connection: C, end: impl Fn(Pin<&mut C>), pace: Arc<Pace>, mut stop: BoxFuture<'static, ()>)
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = std::pin::pin!(connection);
    let mut timer = std::pin::pin!(tokio::time::sleep_until(pace.first_due()));
    let (mut stopping, mut ending) = (false, false);
    poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            end(connection.as_mut());
        }
        if let Poll::Ready(over) = connection.as_mut().poll(cx) {
            if let Err(error) = over {
                tracing::debug!(%error, "connection broken");
            }
            return Poll::Ready(());
        }
        loop {
            // What is due later finds the timer when it goes off: it is set anew only for what is due earlier.
            if let Some(due) = pace.due().filter(|due| !ending && *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            match pace.verdict() {
                Verdict::Keep(due) => timer.as_mut().reset(due),
                Verdict::Slow => {
                    tracing::debug!("a head takes too long");
                    return Poll::Ready(());
                }
                Verdict::Idle if ending => return Poll::Ready(()),
                Verdict::Idle => {
                    // It is told to leave, and has a moment to do so.
                    ending = true;
                    end(connection.as_mut());
                    if connection.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(());
                    }
                    timer.as_mut().reset(Instant::now() + Duration::from_secs(5));
                    return timer.as_mut().poll(cx);
                }
            }
        }
    })
    .await;
}
