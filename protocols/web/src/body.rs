//! Receiving a body: bounded in size, in time, and in what all bodies take together.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header;
use strowger_primitive::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::Options;
use crate::problem::Problem;

/// The slowest rate of a body, behind the time that every body has: octets each second.
const SLOWEST: u64 = 8 * 1_024;

/// A body and the room it takes.
pub(crate) struct Received {
    octets: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Received {
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

/// Receives a body whole.
pub(crate) async fn receive(body: Incoming, options: &Options, room: &Arc<Semaphore>) -> Result<Received, Problem> {
    let most = u64::try_from(options.body).unwrap_or(u64::MAX);
    // Refused by what it announces, before a single octet is asked for (RFC 9110 §10.1.1).
    if body.size_hint().lower() > most {
        return Err(too_large(options));
    }
    let began = Instant::now();
    let (mut body, mut held, mut first, mut rest) = (body, None, Bytes::new(), BytesMut::new());
    while !body.is_end_stream() {
        let so_far = first.len() + rest.len();
        let allowed = options.body_timeout + u64::try_from(so_far).unwrap_or(0) / SLOWEST;
        let due = began + Duration::from_secs(allowed);
        let frame = match timeout_at(due, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "body broken");
                return Err(Problem::bad("bad-body", "the body ended early or is framed wrongly")
                    .with(header::CONNECTION, "close"));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        // What is no data is a trailer, of which none means anything to us.
        let Ok(data) = frame.into_data() else { continue };
        if so_far + data.len() > options.body {
            return Err(too_large(options));
        }
        hold(&mut held, room, data.len())?;
        if so_far == 0 {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&data);
        }
    }
    let octets = if rest.is_empty() { first } else { rest.freeze() };
    Ok(Received { octets, _room: held })
}

fn hold(held: &mut Option<OwnedSemaphorePermit>, room: &Arc<Semaphore>, octets: usize) -> Result<(), Problem> {
    let count = u32::try_from(octets).unwrap_or(u32::MAX);
    let Ok(more) = Arc::clone(room).try_acquire_many_owned(count) else {
        let fault = Fault::overloaded(Duration::from_secs(1), "too many bodies are being received at once");
        return Err(Problem::of(&fault, &[]));
    };
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
    Ok(())
}

fn too_large(options: &Options) -> Problem {
    let detail = format!("a body is at most {} octets", options.body);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body came too slowly")
        .with(header::CONNECTION, "close")
}
