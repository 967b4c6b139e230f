//! What the operator decides about HTTP.

use serde::{Deserialize, Serialize};
use strowger_primitive::BadOption;

/// Limits of HTTP. Times are in seconds, sizes in octets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The longest body.
    pub body: usize,
    /// All bodies being received at once.
    pub bodies: usize,
    /// The longest head of a request.
    pub head: usize,
    /// The most header fields of a request.
    pub headers: usize,
    /// A head that has begun takes at most so long.
    pub head_timeout: u64,
    /// A body takes at most so long, and a second more for every 8 KiB of it.
    pub body_timeout: u64,
    /// A connection without a request is closed after so long.
    pub idle: u64,
    /// Requests of one HTTP/2 connection at once.
    pub streams: u32,
    /// A request is answered within so long, beside what the caller would wait for.
    pub deadline: u64,
    /// The longest wait a caller may ask for.
    pub wait: u64,
    /// Other origins whose pages may change things, like `https://portal.example`; pages of the gateway's own host may.
    pub origins: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            bodies: 64 << 20,
            head: 32 * 1_024,
            headers: 100,
            head_timeout: 10,
            body_timeout: 10,
            idle: 75,
            streams: 100,
            deadline: 30,
            wait: 60,
            origins: Vec::new(),
        }
    }
}

impl Options {
    /// All that is wrong with them.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let Self { body, bodies, head, headers, head_timeout, body_timeout, idle, streams, deadline, wait, .. } = *self;
        let mut flaws = Vec::new();
        let mut within = |option, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                flaws.push(BadOption { option, why: format!("{value} is not from {least} to {most}") });
            }
        };
        let size = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        within("body", size(body), 1_024, 64 << 20);
        within("bodies", size(bodies), size(body), 1 << 32);
        // hyper's buffer cannot be smaller.
        within("head", size(head), 8_192, 1 << 20);
        within("headers", size(headers), 16, 1_000);
        within("head_timeout", head_timeout, 1, 600);
        within("body_timeout", body_timeout, 1, 600);
        within("idle", idle, 1, 86_400);
        within("streams", streams.into(), 1, 10_000);
        within("deadline", deadline, 1, 3_600);
        within("wait", wait, 0, 3_600);
        for origin in &self.origins {
            // RFC 6454 §6.2: a scheme and an authority, no path.
            if !origin
                .split_once("://")
                .is_some_and(|(scheme, host)| !scheme.is_empty() && !host.is_empty() && !host.contains('/'))
            {
                let why = format!("{origin:?} is no origin, like https://portal.example");
                flaws.push(BadOption { option: "origins", why });
            }
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_print_and_are_checked() {
        let text = toml::to_string(&Options::default()).unwrap();
        assert_eq!(toml::from_str::<Options>(&text).unwrap(), Options::default());
        assert!(toml::from_str::<Options>("bodys = 1").is_err(), "unknown keys are errors");
        assert!(Options::default().flaws().is_empty());
        let origins = vec!["https://portal.example".to_owned(), "portal.example/".to_owned()];
        let wrong = Options { bodies: 1, idle: 0, origins, ..Options::default() };
        assert_eq!(wrong.flaws().iter().map(|f| f.option).collect::<Vec<_>>(), ["bodies", "idle", "origins"]);
    }
}
