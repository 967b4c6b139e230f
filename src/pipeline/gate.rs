//! The gate: what must be refused under load is refused here, on class and source alone, before anything is parsed.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use governor::clock::QuantaClock;
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use strowger_primitive::{BadOption, Class, Fault, GiveBack, Peer, Permit, network};

/// Options of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Most changes under way; the limit in force moves between [`fewest_changes`](Self::fewest_changes) and this. 64 keep
    /// two cores busy already: more only make each other, and those who are refused, wait.
    pub most_changes: u32,
    /// Fewest changes that are let in, however slow they are.
    pub fewest_changes: u32,
    /// Most reads and lists under way.
    pub most_reads: u32,
    /// Most requests of accepted work under way: log-ins, cancelling, progress.
    pub most_in_dialog: u32,
    /// A change that takes longer, in milliseconds, says that too many are let in.
    pub slow_ms: u32,
    /// Requests a second from one address, of IPv6 from one /64, and as many at once; 0: no limit. Loopback is not limited.
    pub per_source: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most_changes: 256,
            fewest_changes: 64,
            most_reads: 4_096,
            most_in_dialog: 4_096,
            slow_ms: 100,
            per_source: 2_000,
        }
    }
}

impl Options {
    /// All that is wrong with them.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let mut flaw = |option, why: &str| flaws.push(BadOption { option, why: why.to_owned() });
        if self.fewest_changes == 0 || self.most_changes < self.fewest_changes {
            flaw("most_changes", "is less than fewest_changes, or that is 0");
        }
        for (option, value) in [("most_reads", self.most_reads), ("most_in_dialog", self.most_in_dialog)] {
            if value == 0 {
                flaw(option, "is 0: nothing would be let in");
            }
        }
        flaws
    }
}

type Sources = RateLimiter<
    IpAddr,
    DashMap<IpAddr, governor::state::InMemoryState>,
    QuantaClock,
    NoOpMiddleware<governor::clock::QuantaInstant>,
>;

/// Counts what is under way, by class.
pub(super) struct Turnstile {
    lanes: Arc<Lanes>,
    sources: Option<Sources>,
    back: GiveBack,
    /// Refused since the last look.
    refused: AtomicU64,
    slow: Duration,
    fewest: u32,
    most: u32,
    /// Microseconds since `origin` of the last time the limit was lowered.
    lowered: AtomicU64,
    origin: Instant,
}

#[derive(Default)]
struct Lanes {
    changes: Lane,
    reads: Lane,
    in_dialog: Lane,
}

#[derive(Default)]
struct Lane {
    under_way: AtomicU32,
    limit: AtomicU32,
}

/// Whoever is refused asks again after so long.
const COME_BACK: Duration = Duration::from_secs(1);
/// The limit is lowered at most so often: what is slow now was let in before.
const LOWER_EVERY: Duration = Duration::from_millis(200);

impl Turnstile {
    pub(super) fn new(options: &Options, origin: Instant) -> Self {
        let lanes = Arc::new(Lanes::default());
        lanes.changes.limit.store(options.most_changes, Ordering::Relaxed);
        lanes.reads.limit.store(options.most_reads, Ordering::Relaxed);
        lanes.in_dialog.limit.store(options.most_in_dialog, Ordering::Relaxed);
        let leaving = Arc::clone(&lanes);
        Self {
            lanes,
            sources: NonZeroU32::new(options.per_source).map(|rate| RateLimiter::keyed(Quota::per_second(rate))),
            back: Arc::new(move |class| {
                leaving.of(class).under_way.fetch_sub(1, Ordering::Relaxed);
            }),
            refused: AtomicU64::new(0),
            slow: Duration::from_millis(options.slow_ms.into()),
            fewest: options.fewest_changes,
            most: options.most_changes,
            lowered: AtomicU64::new(0),
            origin,
        }
    }

    pub(super) fn enter(&self, class: Class, source: &Peer) -> Result<Permit, Fault> {
        let address = network(source.address.ip());
        if !address.is_loopback() && self.sources.as_ref().is_some_and(|sources| sources.check_key(&address).is_err()) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Fault {
                code: "rate-limited",
                ..Fault::overloaded(COME_BACK, "too many requests from this address")
            });
        }
        let lane = self.lanes.of(class);
        let limit = lane.limit.load(Ordering::Relaxed);
        if lane.under_way.fetch_add(1, Ordering::Relaxed) >= limit {
            lane.under_way.fetch_sub(1, Ordering::Relaxed);
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Fault::overloaded(COME_BACK, "the gateway has as much to do as it can; ask again"));
        }
        Ok(Permit::new(Arc::clone(&self.back), class))
    }

    /// A change took so long: moves the limit, a little up or a good part down (additive increase, multiplicative
    /// decrease), so that what is let in is done in time.
    pub(super) fn took(&self, time: Duration, now: Instant) {
        let limit = &self.lanes.changes.limit;
        let current = limit.load(Ordering::Relaxed);
        if time <= self.slow {
            if current < self.most && self.lanes.changes.under_way.load(Ordering::Relaxed).saturating_mul(2) > current {
                limit.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let at = u64::try_from(now.saturating_duration_since(self.origin).as_micros()).unwrap_or(u64::MAX);
        let before = self.lowered.load(Ordering::Relaxed);
        let due = u64::try_from(LOWER_EVERY.as_micros()).unwrap_or(u64::MAX);
        if at.saturating_sub(before) >= due
            && self.lowered.compare_exchange(before, at, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            limit.store((current - current / 8).max(self.fewest), Ordering::Relaxed);
        }
    }

    /// Tells the operator of refusals and forgets addresses that have been quiet.
    pub(super) fn age(&self) {
        let refused = self.refused.swap(0, Ordering::Relaxed);
        if refused > 0 {
            let limit = self.lanes.changes.limit.load(Ordering::Relaxed);
            tracing::warn!(
                refused,
                limit,
                "refused at the gate since the last look: add capacity, or raise gate.most_changes and gate.slow_ms"
            );
        }
        if let Some(sources) = &self.sources {
            sources.retain_recent();
            sources.shrink_to_fit();
        }
    }
}

impl Lanes {
    fn of(&self, class: Class) -> &Lane {
        match class {
            Class::New => &self.changes,
            Class::List => &self.reads,
            Class::InDialog => &self.in_dialog,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::{FaultKind, Transport};

    fn peer(address: &str) -> Peer {
        Peer { address: address.parse().unwrap(), listener: "test".into(), transport: Transport::Tcp }
    }

    #[test]
    fn a_full_lane_refuses_and_the_others_go_on() {
        let now = strowger_primitive::World::now(&strowger_driver::System).mono;
        let gate = Turnstile::new(&Options { most_changes: 2, fewest_changes: 1, ..Options::default() }, now);
        let here = peer("127.0.0.1:1");
        let first = gate.enter(Class::New, &here).unwrap();
        let _second = gate.enter(Class::New, &here).unwrap();
        let refused = gate.enter(Class::New, &here).unwrap_err();
        assert_eq!((refused.kind, refused.retry_after), (FaultKind::Overloaded, Some(COME_BACK)));
        assert!(gate.enter(Class::List, &here).is_ok() && gate.enter(Class::InDialog, &here).is_ok());
        drop(first);
        assert!(gate.enter(Class::New, &here).is_ok(), "a leave given back is given again");
    }

    #[test]
    fn slow_changes_lower_the_limit_and_quick_ones_raise_it() {
        let start = strowger_primitive::World::now(&strowger_driver::System).mono;
        let gate = Turnstile::new(&Options { most_changes: 80, fewest_changes: 64, ..Options::default() }, start);
        let limit = || gate.lanes.changes.limit.load(Ordering::Relaxed);
        let later = |s| start + Duration::from_secs(s);
        gate.took(Duration::from_secs(9), later(1));
        gate.took(Duration::from_secs(9), later(1));
        assert_eq!(limit(), 70, "lowered once for one moment");
        gate.took(Duration::from_secs(9), later(2));
        gate.took(Duration::from_secs(9), later(3));
        assert_eq!(limit(), 64, "never below the fewest");
        let here = peer("127.0.0.1:1");
        let _busy: Vec<_> = (0..40).map(|_| gate.enter(Class::New, &here).unwrap()).collect();
        gate.took(Duration::from_millis(1), later(4));
        assert_eq!(limit(), 65);
    }

    #[test]
    fn one_address_cannot_take_it_all() {
        let now = strowger_primitive::World::now(&strowger_driver::System).mono;
        let gate = Turnstile::new(&Options { per_source: 3, ..Options::default() }, now);
        let answers: Vec<_> = (0..5).map(|_| gate.enter(Class::List, &peer("192.0.2.1:9")).map(drop)).collect();
        assert!(answers[..3].iter().all(Result::is_ok));
        assert_eq!(answers[4].as_ref().unwrap_err().code, "rate-limited");
        assert!(gate.enter(Class::List, &peer("192.0.2.2:9")).is_ok());
        let neighbours = (0..5).map(|n| gate.enter(Class::List, &peer(&format!("[2001:db8::{n}]:9"))).is_ok());
        assert_eq!(neighbours.filter(|in_| *in_).count(), 3, "a /64 is one source");
        for here in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert!((0..9).all(|_| gate.enter(Class::List, &peer(here)).is_ok()), "loopback is not limited: {here}");
        }
    }
}
