//! Waiting in the world's time.

use std::future::Future;
use std::time::Duration;

use strowger_primitive::{Deadline, ProviderError, World};
use tokio::sync::oneshot;

use super::fault;

/// Between two looks at something that does not tell when it changes.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// What `work` gives within `time`.
pub(super) async fn within<T>(world: &dyn World, time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = world.sleep(time) => None,
    }
}

/// What is left until `by`, or the fault of having nothing left.
pub(super) fn left(world: &dyn World, by: Deadline, doing: &str) -> Result<Duration, ProviderError> {
    let left = by.left(world.mono());
    if left.is_zero() { Err(fault::late(doing)) } else { Ok(left) }
}

/// What `work`, which waits for the disk, gives.
pub(super) async fn blocking<T: Send + 'static>(
    world: &dyn World,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProviderError> {
    let (done, end) = oneshot::channel();
    world.spawn_blocking(Box::new(move || drop(done.send(work()))));
    end.await.map_err(|_| fault::internal("work on the disk ended without a result"))
}
