//! A world of paused time and counted chance, whose tasks can all be killed at once.

use std::sync::Mutex;
use std::time::Duration;

use strowger_primitive::{BoxFuture, Now, Time, World};
use tokio::task::AbortHandle;

/// One life of a gateway.
pub(super) struct Life {
    born: tokio::time::Instant,
    chance: Mutex<u64>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Life {
    pub(super) fn new(seed: u64) -> Self {
        Self { born: tokio::time::Instant::now(), chance: Mutex::new(seed), tasks: Mutex::default() }
    }

    /// Everything stops where it is, as by `kill -9`.
    pub(super) fn kill(&self) {
        self.tasks.lock().unwrap().drain(..).for_each(|task| task.abort());
    }
}

impl World for Life {
    fn now(&self) -> Now {
        let mono = tokio::time::Instant::now();
        let passed = i64::try_from((mono - self.born).as_millis()).unwrap();
        Now { wall: Time(1_790_000_000_000 + passed), mono: mono.into_std() }
    }

    #[expect(clippy::disallowed_methods, reason = "this world's time is tokio's, paused")]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn random(&self, octets: &mut [u8]) {
        let mut chance = self.chance.lock().unwrap();
        for octet in octets {
            *chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *octet = (*chance >> 56) as u8;
        }
    }

    #[expect(clippy::disallowed_methods, reason = "tasks of this world start here")]
    fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push(tokio::spawn(work).abort_handle());
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}
