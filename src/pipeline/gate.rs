//! The gate: what must be refused under load is refused here, on class and source alone, before anything is parsed.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use governor::clock::QuantaClock;
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use strowger_primitive::{BadOption, Class, Fault, Peer, Permit, World, network};
use tokio::sync::Semaphore;

/// Options of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Most changes under way. So many keep two cores busy; many more only make each other wait.
    pub most_changes: u32,
    /// Most reads and lists under way.
    pub most_reads: u32,
    /// Most requests of accepted work under way: log-ins, cancelling, progress.
    pub most_in_dialog: u32,
    /// Most requests of each of these three that wait to be let in; what comes beyond is refused at once.
    pub most_waiting: u32,
    /// How long a request waits to be let in, in milliseconds, at most 10,000; then it is refused.
    pub wait_ms: u32,
    /// Requests a second from one address, of IPv6 from one /64, and as many at once; 0: no limit. Loopback is not limited.
    pub per_source: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most_changes: 256,
            most_reads: 4_096,
            most_in_dialog: 4_096,
            most_waiting: 1_024,
            wait_ms: 50,
            per_source: 2_000,
        }
    }
}

impl Options {
    /// All that is wrong with them.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let most = [
            ("most_changes", self.most_changes),
            ("most_reads", self.most_reads),
            ("most_in_dialog", self.most_in_dialog),
        ];
        let none = most.into_iter().filter(|(_, most)| *most == 0);
        let mut flaws: Vec<_> =
            none.map(|(option, _)| BadOption { option, why: "is 0: nothing would be let in".to_owned() }).collect();
        if self.wait_ms > LONGEST_WAIT {
            let why = format!("must be at most {LONGEST_WAIT}, not {}", self.wait_ms);
            flaws.push(BadOption { option: "wait_ms", why });
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
    changes: Lane,
    reads: Lane,
    in_dialog: Lane,
    sources: Option<Sources>,
    wait: Duration,
    /// Refused since the last look.
    refused: Arc<AtomicU64>,
    world: Arc<dyn World>,
}

/// Requests of one class: those under way, and those that wait for one of them to end. They wait in turn, and for a
/// moment only: what comes in a burst is evened out by it, and more than can be done is refused while it is still young.
struct Lane {
    leaves: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Whoever waited longer has long given up, or asked again. In milliseconds.
const LONGEST_WAIT: u32 = 10_000;
/// Whoever is refused asks again after so long.
const COME_BACK: Duration = Duration::from_secs(1);

impl Turnstile {
    pub(super) fn new(options: &Options, world: Arc<dyn World>) -> Self {
        let lane = |most| Lane { leaves: semaphore(most), places: semaphore(options.most_waiting) };
        Self {
            changes: lane(options.most_changes),
            reads: lane(options.most_reads),
            in_dialog: lane(options.most_in_dialog),
            sources: NonZeroU32::new(options.per_source).map(|rate| RateLimiter::keyed(Quota::per_second(rate))),
            wait: Duration::from_millis(options.wait_ms.into()),
            refused: Arc::default(),
            world,
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
        let lane = self.lane(class);
        // Nothing is free while somebody waits, so nobody is overtaken.
        if let Ok(leave) = Arc::clone(&lane.leaves).try_acquire_owned() {
            return Ok(leave.into());
        }
        let refused = Arc::clone(&self.refused);
        let refuse = move || {
            refused.fetch_add(1, Ordering::Relaxed);
            Fault::overloaded(COME_BACK, "the gateway has as much to do as it can; ask again")
        };
        let Ok(place) = Arc::clone(&lane.places).try_acquire_owned() else { return Err(refuse()) };
        let leave = Arc::clone(&lane.leaves).acquire_owned();
        let over = self.world.sleep(self.wait);
        Ok(Permit::coming(Box::pin(async move {
            let _place = place;
            tokio::select! {
                biased;
                Ok(leave) = leave => Ok(leave),
                () = over => Err(refuse()),
            }
        })))
    }

    /// Tells the operator of refusals and forgets addresses that have been quiet.
    pub(super) fn age(&self) {
        let refused = self.refused.swap(0, Ordering::Relaxed);
        if refused > 0 {
            tracing::warn!(
                refused,
                "refused at the gate since the last look: add capacity, or raise gate.most_changes"
            );
        }
        if let Some(sources) = &self.sources {
            sources.retain_recent();
            sources.shrink_to_fit();
        }
    }

    fn lane(&self, class: Class) -> &Lane {
        match class {
            Class::New => &self.changes,
            Class::List => &self.reads,
            Class::InDialog => &self.in_dialog,
        }
    }
}

fn semaphore(most: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(most as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future as _;
    use strowger_primitive::{FaultKind, Transport};

    fn peer(address: &str) -> Peer {
        Peer { address: address.parse().unwrap(), listener: "test".into(), transport: Transport::Tcp }
    }

    fn gate(options: &Options) -> Turnstile {
        Turnstile::new(options, Arc::new(strowger_driver::System))
    }

    fn waits(permit: &mut Permit) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(permit.granted()).poll(&mut context).is_pending()
    }

    #[tokio::test]
    async fn a_full_lane_refuses_and_the_others_go_on() {
        let gate = gate(&Options { most_changes: 2, most_waiting: 0, ..Options::default() });
        let here = peer("127.0.0.1:1");
        let first = gate.enter(Class::New, &here).unwrap();
        let _second = gate.enter(Class::New, &here).unwrap();
        let refused = gate.enter(Class::New, &here).unwrap_err();
        assert_eq!((refused.kind, refused.retry_after), (FaultKind::Overloaded, Some(COME_BACK)));
        assert!(gate.enter(Class::List, &here).is_ok() && gate.enter(Class::InDialog, &here).is_ok());
        drop(first);
        assert!(gate.enter(Class::New, &here).is_ok(), "a leave given back is given again");
    }

    #[tokio::test]
    async fn who_waits_is_let_in_by_turns_and_overtaken_by_nobody() {
        let gate = gate(&Options { most_changes: 1, most_waiting: 2, wait_ms: 60_000, ..Options::default() });
        let here = peer("127.0.0.1:1");
        let mut first = gate.enter(Class::New, &here).unwrap();
        first.granted().await.unwrap();
        let [mut second, mut third] = [0, 1].map(|_| gate.enter(Class::New, &here).unwrap());
        assert!(gate.enter(Class::New, &here).is_err(), "two wait already");
        assert!(waits(&mut second) && waits(&mut third));
        drop(first);
        assert!(waits(&mut third));
        second.granted().await.unwrap();
        let fourth = gate.enter(Class::New, &here).unwrap();
        drop(fourth);
        drop(second);
        third.granted().await.unwrap();
        drop(third);
        gate.enter(Class::New, &here).unwrap().granted().await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_too_long_is_refused_and_leaves_his_place() {
        let gate = gate(&Options { most_changes: 1, most_waiting: 1, wait_ms: 1, ..Options::default() });
        let here = peer("127.0.0.1:1");
        let _first = gate.enter(Class::New, &here).unwrap();
        for _ in 0..3 {
            let refused = gate.enter(Class::New, &here).unwrap().granted().await.unwrap_err();
            assert_eq!((refused.kind, refused.retry_after), (FaultKind::Overloaded, Some(COME_BACK)));
        }
        assert_eq!(gate.refused.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn what_lets_nothing_in_or_waits_for_ever_is_a_mistake() {
        let options = Options { most_changes: 0, wait_ms: 10_001, ..Options::default() };
        assert_eq!(options.flaws().iter().map(|flaw| flaw.option).collect::<Vec<_>>(), ["most_changes", "wait_ms"]);
        assert!(Options { most_waiting: 0, wait_ms: 0, ..Options::default() }.flaws().is_empty());
    }

    #[tokio::test]
    async fn one_address_cannot_take_it_all() {
        let gate = gate(&Options { per_source: 3, ..Options::default() });
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
