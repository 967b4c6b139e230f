//! Waiting for facts.

use std::time::Duration;

use anyhow::{Result, bail};
use rustix::time::{ClockId, clock_gettime};

/// Between two looks at a fact.
const LOOK: Duration = Duration::from_millis(10);

/// This moment, by the machine's monotonic clock.
#[must_use]
pub fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// Looks until there is something.
///
/// # Errors
/// What `look` says, or that `what` did not come within `bound`.
pub fn until<T>(bound: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = now() + bound;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if now() >= end {
            bail!("{what}: not within {} s", bound.as_secs());
        }
        std::thread::park_timeout(LOOK);
    }
}
