//! Lock-out after wrong passwords: of a principal, and of an address. Names that do not exist are counted like others,
//! so that a stranger learns nothing from it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use strowger_primitive::{Name, network};

use crate::options::LockOut;
use crate::recent::Recent;

/// Who failed lately, and until when each is locked.
pub(crate) struct Locks {
    options: LockOut,
    principals: Recent<Who, Failures>,
    sources: Recent<IpAddr, Failures>,
}

/// A principal as it was named, whether there is one or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    pub(crate) tenant: Name,
    pub(crate) name: Name,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
    until: Option<Instant>,
}

impl Locks {
    pub(crate) fn new(options: LockOut) -> Self {
        let watched = options.watched;
        Self { options, principals: Recent::new(watched), sources: Recent::new(watched) }
    }

    /// How long the two are still locked; `None`: they may try.
    pub(crate) fn left(&self, who: Option<&Who>, source: IpAddr, now: Instant) -> Option<Duration> {
        let left = |failures: Option<Failures>| {
            failures.and_then(|f| f.until).map(|until| until.saturating_duration_since(now)).filter(|d| !d.is_zero())
        };
        left(who.and_then(|who| self.principals.get(who))).max(left(self.sources.get(&network(source))))
    }

    /// A wrong password; `None`: for what can be no principal's name.
    pub(crate) fn failed(&self, who: Option<Who>, source: IpAddr, now: Instant) {
        let fresh = Failures { count: 0, last: now, until: None };
        if let Some(who) = who {
            self.principals.change(who, fresh, |f| self.count(f, self.options.failures, now));
        }
        self.sources.change(network(source), fresh, |f| self.count(f, self.options.source_failures, now));
    }

    /// The right one, or an administrator's word. The address stays counted: a guesser may have one password of
    /// his own.
    pub(crate) fn clear(&self, who: &Who) {
        self.principals.remove(who);
    }

    /// Forgets what is past.
    pub(crate) fn age(&self, now: Instant) {
        self.principals.retain(|_, f| !self.past(f, now));
        self.sources.retain(|_, f| !self.past(f, now));
    }

    fn count(&self, failures: &mut Failures, allowed: u32, now: Instant) {
        if self.past(failures, now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        failures.until = failures.count.checked_sub(allowed).map(|beyond| {
            let doubled = 1u32.checked_shl(beyond).unwrap_or(u32::MAX);
            let wait = self.options.first.saturating_mul(doubled).min(self.options.longest);
            now + Duration::from_secs(wait.into())
        });
    }

    fn past(&self, failures: &Failures, now: Instant) -> bool {
        let since = failures.until.unwrap_or(failures.last).max(failures.last);
        now.saturating_duration_since(since) > Duration::from_secs(self.options.window.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Stage;
    use strowger_primitive::World as _;

    fn who(name: &str) -> Who {
        Who { tenant: Name::new("acme").unwrap(), name: Name::new(name).unwrap() }
    }

    #[test]
    fn locks_grow_and_are_forgotten() {
        let world = Stage::default();
        let locks = Locks::new(LockOut::default());
        let source = IpAddr::from([192, 0, 2, 1]);
        let left = || locks.left(Some(&who("alice")), source, world.mono());
        let mut seen = Vec::new();
        for _ in 0..8 {
            locks.failed(Some(who("alice")), source, world.mono());
            seen.push(left().map(|d| d.as_secs()));
            world.pass(left().unwrap_or_default());
            assert_eq!(left(), None);
        }
        assert_eq!(seen, [None, None, None, None, Some(10), Some(20), Some(40), Some(80)]);
        for _ in 0..80 {
            locks.failed(Some(who("alice")), source, world.mono());
        }
        assert_eq!(left(), Some(Duration::from_secs(900)), "the longest");
        locks.clear(&who("alice"));
        assert!(left().is_some(), "the address is locked by now");
        world.pass(Duration::from_secs(1_801));
        locks.age(world.mono());
        locks.failed(Some(who("alice")), source, world.mono());
        assert_eq!(left(), None, "all is forgotten");
    }

    #[test]
    fn an_address_is_locked_whomever_it_names() {
        let world = Stage::default();
        let locks = Locks::new(LockOut { source_failures: 3, ..LockOut::default() });
        let source: IpAddr = "2001:db8::1".parse().unwrap();
        for name in ["a", "b", "c"] {
            locks.failed(Some(who(name)), source, world.mono());
        }
        let neighbour = "2001:db8::2:1".parse().unwrap();
        assert!(locks.left(Some(&who("d")), neighbour, world.mono()).is_some());
        assert!(locks.left(Some(&who("d")), "2001:db8:0:1::1".parse().unwrap(), world.mono()).is_none());
    }
}
