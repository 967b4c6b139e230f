//! How many connections there are, in all and of each source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use strowger_primitive::network;
use tokio::sync::watch;

use crate::Limits;

/// The seats of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    per_source: usize,
    taken: watch::Sender<usize>,
    sources: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's seat, given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    source: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(limits: &Limits) -> Self {
        let (most, per_source) = (limits.connections, limits.per_source);
        Self { most, per_source, taken: watch::Sender::new(0), sources: Mutex::default() }
    }

    /// A seat for a peer; `None` where all are taken, or all its source may have.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        if self.taken() >= self.most {
            tracing::debug!(most = self.most, "all connections are taken");
            return None;
        }
        // Programs of this machine share one address and are not counted.
        let source = Some(network(address)).filter(|source| !source.is_loopback());
        if let Some(source) = source {
            let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
            let count = sources.entry(source).or_insert(0);
            if *count >= self.per_source {
                tracing::debug!(%source, most = self.per_source, "all connections of this source are taken");
                return None;
            }
            *count += 1;
        }
        self.taken.send_modify(|taken| *taken += 1);
        Some(Seat { seats: Arc::clone(self), source })
    }

    pub(super) fn taken(&self) -> usize {
        *self.taken.borrow()
    }

    /// Waits until no connection is left.
    pub(super) async fn empty(&self) {
        let mut taken = self.taken.subscribe();
        // The sender is ours, so waiting cannot fail.
        let _ours = taken.wait_for(|taken| *taken == 0).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(source) = self.source {
            let mut sources = self.seats.sources.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = sources.get_mut(&source) {
                *count -= 1;
                if *count == 0 {
                    sources.remove(&source);
                }
            }
        }
        self.seats.taken.send_modify(|taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_its_share_and_all_have_theirs() {
        let seats = Arc::new(Seats::new(&Limits { connections: 4, per_source: 2, ..Limits::default() }));
        let take = |text: &str| seats.take(text.parse().unwrap());
        let held = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(held.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none(), "the same /64");
        let other = [take("192.0.2.1"), take("::ffff:192.0.2.1")];
        assert!(other.iter().all(Option::is_some));
        assert!(take("127.0.0.1").is_none(), "all are taken");
        drop(held);
        assert!(take("::ffff:192.0.2.1").is_none(), "the same IPv4 address in both writings");
        assert!((0..2).map(|_| take("127.0.0.1")).collect::<Vec<_>>().iter().all(Option::is_some));
        assert!((0..2).map(|_| take("::1")).collect::<Vec<_>>().iter().all(Option::is_some));
        drop(other);
        assert_eq!(seats.taken(), 0);
        assert!(seats.sources.lock().unwrap().is_empty(), "nothing is kept of those who left");
    }
}
