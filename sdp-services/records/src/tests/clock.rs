//! Time that passes when a test says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use strowger_driver::System;
use strowger_primitive::{BoxFuture, Now, Time, World};
use tokio::sync::watch;

pub(super) struct Clock {
    start: Instant,
    passed: watch::Sender<Duration>,
}

impl Clock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { start: System.now().mono, passed: watch::channel(Duration::ZERO).0 })
    }

    pub(super) fn pass(&self, time: Duration) {
        self.passed.send_modify(|passed| *passed += time);
    }
}

impl World for Clock {
    fn now(&self) -> Now {
        let passed = *self.passed.borrow();
        Now { wall: Time(1_800_000_000_000).plus(passed), mono: self.start + passed }
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut passed = self.passed.subscribe();
        let until = *passed.borrow() + time;
        Box::pin(async move {
            let _gone = passed.wait_for(|passed| *passed >= until).await;
        })
    }

    fn random(&self, octets: &mut [u8]) {
        System.random(octets);
    }

    fn spawn(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        System.spawn(name, work);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}
