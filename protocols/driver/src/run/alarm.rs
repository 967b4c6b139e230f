//! One timer for all that a connection waits for.

use std::task::{Context, Poll};
use std::time::Instant;

use strowger_primitive::{BoxFuture, World};

/// A timer that is set anew only where something is due earlier: what is due later finds it when it goes off.
#[derive(Default)]
pub(super) struct Alarm(Option<(Instant, BoxFuture<'static, ()>)>);

impl Alarm {
    /// Ready at `due` or a little earlier.
    pub(super) fn poll(&mut self, due: Instant, world: &dyn World, cx: &mut Context<'_>) -> Poll<()> {
        let timer = match self.0.take() {
            Some((at, timer)) if at <= due => (at, timer),
            Some(_) | None => (due, world.sleep(due.saturating_duration_since(world.mono()))),
        };
        let (_, timer) = self.0.insert(timer);
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.0 = None;
        Poll::Ready(())
    }
}
