//! The real world: the system's clocks and generator, tokio's tasks and timers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use strowger_primitive::{BoxFuture, Now, Time, World};
use tracing::Instrument as _;

/// Time, chance and tasks as they are. Its tasks and timers need a tokio runtime around the caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl World for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now { wall: Time(i64::try_from(wall).unwrap_or(i64::MAX)), mono: Instant::now() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the timer that all others ask")]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn random(&self, octets: &mut [u8]) {
        if aws_lc_rs::rand::fill(octets).is_err() {
            // A gateway that goes on without chance would give out secrets that can be guessed.
            tracing::error!("the system's random generator fails");
            std::process::abort();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "tasks of rooms start here")]
    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        drop(tokio::spawn(work.instrument(tracing::debug_span!("task", name))));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        drop(tokio::task::spawn_blocking(work));
    }
}
