//! What the operator decides about orders.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_primitive::BadOption;

/// Options of the core. Times are whole numbers of the unit in their name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Most orders in flight; more are refused as overload. An order that needs no provider is never in flight.
    pub most_in_flight: u32,
    /// A start or a stop has failed after so long, tries included; what the offer itself allows comes on top.
    pub step_deadline_s: u32,
    /// Before the second try of a step; each later pause is twice as long.
    pub retry_first_ms: u32,
    /// The longest pause between two tries.
    pub retry_most_ms: u32,
    /// At the stop of the gateway, steps in hand have so long to finish. What does not is taken up at the next start.
    pub drain_s: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { most_in_flight: 10_000, step_deadline_s: 60, retry_first_ms: 200, retry_most_ms: 10_000, drain_s: 10 }
    }
}

impl Options {
    /// All mistakes.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let mut within = |option, value: u32, min: u32, max: u32| {
            if !(min..=max).contains(&value) {
                flaws.push(BadOption { option, why: format!("must be from {min} to {max}, not {value}") });
            }
        };
        within("most_in_flight", self.most_in_flight, 1, 1_000_000);
        within("step_deadline_s", self.step_deadline_s, 1, 86_400);
        within("retry_first_ms", self.retry_first_ms, 1, 60_000);
        within("retry_most_ms", self.retry_most_ms, self.retry_first_ms, 3_600_000);
        within("drain_s", self.drain_s, 0, 3_600);
        flaws
    }

    pub(crate) fn step_deadline(&self) -> Duration {
        Duration::from_secs(self.step_deadline_s.into())
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_s.into())
    }

    pub(crate) fn retry_most(&self) -> Duration {
        Duration::from_millis(self.retry_most_ms.into())
    }

    /// The pause before try `no`, counted from 1.
    pub(crate) fn pause(&self, no: u32) -> Duration {
        let first = u64::from(self.retry_first_ms);
        Duration::from_millis(first.saturating_mul(1 << no.saturating_sub(1).min(20))).min(self.retry_most())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_mistakes_are_listed_at_once() {
        assert_eq!(Options::default().flaws(), []);
        let wrong = Options { most_in_flight: 0, retry_first_ms: 9, retry_most_ms: 8, ..Options::default() };
        assert_eq!(wrong.flaws().iter().map(|f| f.option).collect::<Vec<_>>(), ["most_in_flight", "retry_most_ms"]);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let options = Options::default();
        assert_eq!(options.pause(1), Duration::from_millis(200));
        assert_eq!(options.pause(3), Duration::from_millis(800));
        assert_eq!(options.pause(60), Duration::from_secs(10));
    }
}
