//! Whether a connection is in use, idle, or sending a head too slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::opening::Version;
use crate::Options;

/// Shared by a connection's stream, which hears octets, its requests, and its timer. Times are milliseconds since it
/// began; they are hints, so no ordering is asked of them.
#[derive(Debug)]
pub(crate) struct Pace {
    began: Instant,
    idle: Duration,
    head: Duration,
    /// Requests in hand.
    requests: AtomicUsize,
    /// When the last request ended, or the peer last took of an answer.
    used: AtomicU64,
    /// Octets of answers that the peer has not taken yet.
    owed: AtomicU64,
    /// When the head being received began; [`NONE`]: none is. HTTP/2 has frames that are no head, so there nothing is
    /// noted, and a head that is never finished leaves the connection idle.
    head_since: AtomicU64,
    version: Version,
}

const NONE: u64 = u64::MAX;

/// What is to become of a connection.
pub(super) enum Verdict {
    /// Look again then.
    Keep(Instant),
    /// The head takes too long.
    Slow,
    /// There was no request for long.
    Idle,
}

/// One request in hand, until dropped.
pub(crate) struct InHand(Arc<Pace>);

impl Pace {
    pub(super) fn new(options: &Options, version: Version) -> Self {
        // The first octets of the first head are here already.
        let head_since = if version == Version::One { 0 } else { NONE };
        Self {
            began: Instant::now(),
            idle: Duration::from_secs(options.idle),
            head: Duration::from_secs(options.head_timeout),
            requests: AtomicUsize::new(0),
            used: AtomicU64::new(0),
            owed: AtomicU64::new(0),
            head_since: AtomicU64::new(head_since),
            version,
        }
    }

    /// A request's head is complete.
    pub(crate) fn begin(self: &Arc<Self>) -> InHand {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NONE, Ordering::Relaxed);
        InHand(Arc::clone(self))
    }

    /// So many octets of an answer are to be sent.
    pub(crate) fn owe(&self, octets: u64) {
        self.owed.fetch_add(octets, Ordering::Relaxed);
    }

    /// The peer took octets. Where no answer is owed they were none of one: who only sends PINGs (RFC 9113 §6.7) is
    /// idle. What is owed of a stream that was reset stays owed, which holds a connection no longer than another request.
    pub(super) fn took(&self, octets: usize) {
        let owed = self.owed.load(Ordering::Relaxed);
        if owed > 0 {
            self.owed.fetch_sub(owed.min(u64::try_from(octets).unwrap_or(u64::MAX)), Ordering::Relaxed);
            self.used.store(self.since_began(), Ordering::Relaxed);
        }
    }

    /// Octets came.
    pub(super) fn heard(&self) {
        if self.version == Version::One
            && self.requests.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == NONE
        {
            self.head_since.store(self.since_began(), Ordering::Relaxed);
        }
    }

    /// When the connection must be looked at, if nothing happens; `None` while a request is in hand.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.requests.load(Ordering::Relaxed) == 0).then(|| self.next())
    }

    /// When a new connection must be looked at.
    pub(super) fn first_due(&self) -> Instant {
        self.next()
    }

    pub(super) fn verdict(&self) -> Verdict {
        let now = Instant::now();
        match self.due() {
            None => Verdict::Keep(now + self.idle),
            Some(due) if due > now => Verdict::Keep(due),
            Some(_) if self.head_since.load(Ordering::Relaxed) == NONE => Verdict::Idle,
            Some(_) => Verdict::Slow,
        }
    }

    fn next(&self) -> Instant {
        let head = self.head_since.load(Ordering::Relaxed);
        if head == NONE { self.at(self.used.load(Ordering::Relaxed)) + self.idle } else { self.at(head) + self.head }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.began + Duration::from_millis(milliseconds)
    }

    fn since_began(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NONE)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.used.store(self.0.since_began(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_is_use_and_nothing_else_sent_is() {
        let pace = Pace::new(&Options::default(), Version::Two);
        let idle = |pace: &Pace| pace.due().map(|due| due - pace.idle - pace.began);
        tokio::time::advance(Duration::from_secs(7)).await;
        pace.took(17);
        assert_eq!(idle(&pace), Some(Duration::ZERO));
        pace.owe(100);
        pace.took(99);
        assert_eq!(idle(&pace), Some(Duration::from_secs(7)));
        tokio::time::advance(Duration::from_secs(7)).await;
        pace.took(20);
        pace.took(17);
        tokio::time::advance(Duration::from_secs(7)).await;
        pace.took(17);
        assert_eq!(idle(&pace), Some(Duration::from_secs(14)));
    }
}
