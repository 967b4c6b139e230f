//! The octets a machine has not taken yet.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use strowger_primitive::{Io, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

/// The most one reading brings.
const READING: usize = 8 * 1_024;

/// Empty, it holds no memory: a reading goes to the stack first and is copied only when something came.
#[derive(Debug, Default)]
pub(super) struct Inbox(BytesMut);

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads so that at most `most` octets are held; 0: the peer has ended its side.
    pub(super) fn poll_fill(
        &mut self,
        io: Pin<&mut dyn Io>,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let room = most.saturating_sub(self.0.len()).min(READING);
        if room == 0 {
            return Poll::Pending;
        }
        let mut space = [MaybeUninit::uninit(); READING];
        let (space, _) = space.split_at_mut(room);
        let mut read = ReadBuf::uninit(space);
        std::task::ready!(io.poll_read(cx, &mut read))?;
        self.0.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    /// Lends the octets to whoever takes of them; what was held for them is given back when all are taken.
    pub(super) fn lend(&mut self, to: impl FnOnce(&mut BytesMut)) {
        to(&mut self.0);
        if self.0.is_empty() {
            self.0 = BytesMut::new();
        }
    }
}

/// Ends our side and takes what the peer still sends for a moment: a socket closed with octets unread resets the
/// connection, and the peer may lose the last answer (RFC 9112 §9.6 tells the same of HTTP).
pub(super) async fn linger(io: &mut dyn Io, world: &dyn World) {
    let rest = async {
        if io.shutdown().await.is_err() {
            return;
        }
        let mut space = [0; 1_024];
        let mut taken = 0;
        while taken < 256 * 1_024 {
            match io.read(&mut space).await {
                Ok(0) | Err(_) => return,
                Ok(more) => taken += more,
            }
        }
    };
    tokio::select! {
        () = rest => {}
        () = world.sleep(Duration::from_secs(1)) => {}
    }
}
