//! The real world: the system's clocks and generator, tokio's tasks and timers.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use strowger_primitive::{BoxFuture, Now, Time, World};
use tracing::Instrument as _;

/// Time, chance and tasks as they are. Its tasks and timers need a tokio runtime around the caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

/// What is as short as an identifier is drawn ahead: the generator takes as long for a few octets as for some hundred.
const SHORT: usize = 16;

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { octets: [0; 512], left: 0 }) };
}

/// Octets drawn and not yet given, each once.
struct Drawn {
    octets: [u8; 512],
    left: usize,
}

impl Drawn {
    fn take(&mut self, octets: &mut [u8]) -> bool {
        if self.left < octets.len() {
            draw(&mut self.octets);
            self.left = self.octets.len();
        }
        let from = self.left - octets.len();
        let Some(fresh) = self.octets.get_mut(from..self.left) else { return false };
        octets.copy_from_slice(fresh);
        fresh.fill(0);
        self.left = from;
        true
    }
}

fn draw(octets: &mut [u8]) {
    if aws_lc_rs::rand::fill(octets).is_err() {
        // A gateway that goes on without chance would give out secrets that can be guessed.
        tracing::error!("the system's random generator fails");
        std::process::abort();
    }
}

impl World for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now { wall: Time(i64::try_from(wall).unwrap_or(i64::MAX)), mono: self.mono() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
    fn mono(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the timer that all others ask")]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn random(&self, octets: &mut [u8]) {
        let taken = octets.len() <= SHORT && DRAWN.with_borrow_mut(|drawn| drawn.take(octets));
        if !taken {
            draw(octets);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_drawn_ahead_is_given_once() {
        let draw = |length: usize| {
            let mut octets = vec![0; length];
            System.random(&mut octets);
            octets
        };
        let given: BTreeSet<_> = (0..1_000).map(|_| draw(10)).collect();
        assert_eq!(given.len(), 1_000);
        assert!([0, 16, 17, 600].into_iter().all(|length| draw(length).len() == length));
        assert_ne!(draw(32), draw(32));
    }
}
