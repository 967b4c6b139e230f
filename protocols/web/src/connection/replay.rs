//! A stream whose first octets were read before, and which ends so that the peer hears the last answer.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use strowger_primitive::BoxedIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::pace::Pace;

/// Gives the first octets, then the stream's; says when octets come and go.
pub(super) struct Replay {
    first: Vec<u8>,
    io: BoxedIo,
    pace: Arc<Pace>,
    /// The peer has ended its side.
    ended: bool,
    lingering: Option<Lingering>,
}

/// Taking what a peer still sends after our last octet.
struct Lingering {
    until: Pin<Box<Sleep>>,
    taken: usize,
}

/// A peer has so long to hear that we ended, and may send so many octets until it does.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 4 << 20);

impl Replay {
    pub(super) fn new(first: Vec<u8>, io: BoxedIo, pace: Arc<Pace>) -> Self {
        Self { first, io, pace, ended: false, lingering: None }
    }

    fn took(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(octets)) = &written {
            self.pace.took(*octets);
        }
        written
    }
}

impl AsyncRead for Replay {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let count = self.first.len().min(buf.remaining());
            let rest = self.first.split_off(count);
            buf.put_slice(&self.first);
            self.first = rest;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.heard();
        } else if read.is_ready() {
            self.ended = true;
        }
        read
    }
}

impl AsyncWrite for Replay {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.took(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Ends our side and takes what the peer still sends for a moment: a socket closed with octets unread resets the
    /// connection, and the peer may lose the last answer (RFC 9112 §9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, ended, lingering, .. } = &mut *self;
        let lingering = match lingering {
            Some(lingering) => lingering,
            None => {
                ready!(Pin::new(&mut *io).poll_shutdown(cx))?;
                lingering.insert(Lingering { until: Box::pin(sleep_until(Instant::now() + LINGER.0)), taken: 0 })
            }
        };
        let mut space = [0; 1_024];
        while !*ended && lingering.taken < LINGER.1 {
            let mut rest = ReadBuf::new(&mut space);
            match Pin::new(&mut *io).poll_read(cx, &mut rest) {
                Poll::Pending => return lingering.until.as_mut().poll(cx).map(Ok),
                Poll::Ready(Ok(())) if !rest.filled().is_empty() => lingering.taken += rest.filled().len(),
                Poll::Ready(Ok(()) | Err(_)) => *ended = true,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.took(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
