//! The machine's time. Nothing here waits for a moment where it can wait for a fact.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use strowger_driver::System;
use strowger_primitive::World as _;

/// Between two looks at a fact.
const LOOK: Duration = Duration::from_millis(3);

/// This moment.
pub(crate) fn now() -> Instant {
    System.now().mono
}

/// Lets so much time go by.
pub(crate) fn pass(time: Duration) {
    let until = now() + time;
    loop {
        let left = until.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

/// Looks until there is something.
///
/// # Errors
/// What `look` says, or that `what` did not come within `bound`.
pub(crate) fn until<T>(bound: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = now() + bound;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if now() >= end {
            bail!("{what}: not within {} s", bound.as_secs());
        }
        pass(LOOK);
    }
}
