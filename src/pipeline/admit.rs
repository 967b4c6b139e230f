//! Admission of whoever is proven: a bucket for each principal and for each tenant.

use std::num::NonZeroU32;
use std::time::Duration;

use dashmap::DashMap;
use governor::clock::{Clock as _, QuantaClock};
use governor::middleware::NoOpMiddleware;
use governor::state::InMemoryState;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use strowger_primitive::{Fault, Name, Principal};

/// Options of admission. 0: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Requests a second of one principal, and as many at once.
    pub per_principal: u32,
    /// Requests a second of one tenant, and as many at once.
    pub per_tenant: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { per_principal: 20_000, per_tenant: 50_000 }
    }
}

type Keyed<K> = RateLimiter<K, DashMap<K, InMemoryState>, QuantaClock, NoOpMiddleware<governor::clock::QuantaInstant>>;

/// The buckets.
pub(super) struct Buckets {
    principals: Option<Keyed<(Name, Name)>>,
    tenants: Option<Keyed<Name>>,
    clock: QuantaClock,
}

impl Buckets {
    pub(super) fn new(options: Options) -> Self {
        let quota = |rate| NonZeroU32::new(rate).map(Quota::per_second);
        Self {
            principals: quota(options.per_principal).map(RateLimiter::keyed),
            tenants: quota(options.per_tenant).map(RateLimiter::keyed),
            clock: QuantaClock::default(),
        }
    }

    /// Takes one drop out of both buckets.
    pub(super) fn take(&self, principal: &Principal) -> Result<(), Fault> {
        // The principal's first: what it asks beyond its own must not empty the bucket of the others.
        if let Some(buckets) = &self.principals
            && let Err(not_yet) = buckets.check_key(&(principal.tenant.clone(), principal.name.clone()))
        {
            return Err(limited(not_yet.wait_time_from(self.clock.now()), "principal"));
        }
        if let Some(buckets) = &self.tenants
            && let Err(not_yet) = buckets.check_key(&principal.tenant)
        {
            return Err(limited(not_yet.wait_time_from(self.clock.now()), "tenant"));
        }
        Ok(())
    }

    /// Forgets those that are full again.
    pub(super) fn age(&self) {
        if let Some(buckets) = &self.principals {
            buckets.retain_recent();
        }
        if let Some(buckets) = &self.tenants {
            buckets.retain_recent();
        }
    }
}

fn limited(wait: Duration, whose: &str) -> Fault {
    let fault = Fault::overloaded(
        wait.max(Duration::from_secs(1)),
        format!("this {whose} asks more than it may; ask again later"),
    );
    Fault { code: "rate-limited", ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::Revision;

    fn principal(tenant: &str, name: &str) -> Principal {
        let named = |n| Name::new(n).unwrap();
        let (tenant, name) = (named(tenant), named(name));
        Principal { tenant, name, roles: [].into(), revision: Revision(1), method: "password", until: None }
    }

    #[test]
    fn each_principal_and_each_tenant_has_its_own() {
        let buckets = Buckets::new(Options { per_principal: 2, per_tenant: 3 });
        let (alice, bob) = (principal("acme", "alice"), principal("other", "bob"));
        assert!(buckets.take(&alice).is_ok() && buckets.take(&alice).is_ok());
        assert_eq!(buckets.take(&alice).unwrap_err().code, "rate-limited");
        assert!(buckets.take(&bob).is_ok());
        assert!((0..9).all(|_| buckets.take(&alice).is_err()));
        assert!(buckets.take(&principal("acme", "carol")).is_ok(), "what alice was refused is nobody's loss");
        assert_eq!(buckets.take(&principal("acme", "dora")).unwrap_err().code, "rate-limited", "the tenant's is empty");
        assert!(Buckets::new(Options { per_principal: 0, per_tenant: 0 }).take(&alice).is_ok());
    }
}
