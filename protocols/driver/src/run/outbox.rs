//! The octets that wait to be sent.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf as _, Bytes};
use strowger_primitive::{Io, World};

/// Pieces handed to the socket in one call.
const PIECES: usize = 16;

/// Pieces in order; no memory is held where none waits.
#[derive(Debug)]
pub(super) struct Outbox {
    pieces: VecDeque<Bytes>,
    octets: usize,
    /// Written, and perhaps still held by TLS.
    unflushed: bool,
    moved: Instant,
}

impl Outbox {
    pub(super) fn new(now: Instant) -> Self {
        Self { pieces: VecDeque::new(), octets: 0, unflushed: false, moved: now }
    }

    pub(super) fn push(&mut self, octets: Bytes, now: Instant) {
        if octets.is_empty() {
            return;
        }
        if self.is_empty() {
            self.moved = now;
        }
        self.octets += octets.len();
        self.pieces.push_back(octets);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.octets == 0 && !self.unflushed
    }

    pub(super) fn len(&self) -> usize {
        self.octets
    }

    /// When the peer last took something, or the first of what waits was put in.
    pub(super) fn moved(&self) -> Instant {
        self.moved
    }

    /// Sends as much as the peer takes; ready when all is sent.
    pub(super) fn poll_send(
        &mut self,
        mut io: Pin<&mut dyn Io>,
        cx: &mut Context<'_>,
        world: &dyn World,
    ) -> Poll<io::Result<()>> {
        while self.octets > 0 {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            let (slices, _) = slices.split_at(count);
            let sent = ready!(io.as_mut().poll_write_vectored(cx, slices))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken(sent);
            self.moved = world.mono();
        }
        ready!(io.poll_flush(cx))?;
        self.unflushed = false;
        self.moved = world.mono();
        Poll::Ready(Ok(()))
    }

    fn taken(&mut self, mut sent: usize) {
        self.octets = self.octets.saturating_sub(sent);
        self.unflushed = true;
        while let Some(first) = self.pieces.front_mut() {
            if sent < first.len() {
                first.advance(sent);
                return;
            }
            sent -= first.len();
            self.pieces.pop_front();
        }
        self.pieces = VecDeque::new();
    }
}
