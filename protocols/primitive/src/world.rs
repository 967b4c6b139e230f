//! The port of everything that is not worked out: time, chance and tasks. Rooms take it as an argument, so that tests
//! and the simulator decide it.

use std::time::{Duration, Instant};

use crate::{BoxFuture, Time};

/// One moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Wall time; may jump.
    pub wall: Time,
    /// Monotonic time.
    pub mono: Instant,
}

/// Time, chance and tasks.
pub trait World: Send + Sync {
    /// This moment.
    fn now(&self) -> Now;

    /// This moment on the monotonic clock alone.
    fn mono(&self) -> Instant {
        self.now().mono
    }

    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;

    /// Fills `octets` from the system's generator.
    fn random(&self, octets: &mut [u8]);

    /// Runs work on a task of its own; `name` is its span.
    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>);

    /// Runs work that blocks or computes for long away from the tasks that serve peers.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>);
}
