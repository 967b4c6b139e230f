//! Watching an order until it ends: a bar on a terminal, else a line for each step.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::client::{Answer, Asked, Client};
use crate::exit::{self, Failure};
use crate::say::complain;

/// One long poll waits so many seconds.
const POLL: u64 = 20;

/// The order as it ended, or as it stands after `seconds`.
pub(crate) fn order(client: &Client, name: &str, seconds: u64) -> Result<Answer, Failure> {
    let path = format!("/v1/orders/{}", crate::client::encoded(name));
    let mut etag: Option<String> = None;
    let bar = Bar::new();
    let begun = now();
    loop {
        let left = seconds.saturating_sub(begun.elapsed().as_secs());
        let mut headers = Vec::new();
        if let Some(etag) = &etag {
            headers.push(("if-none-match", etag.clone()));
            headers.push(("prefer", format!("wait={}", POLL.min(left))));
        }
        let answer = client.ask(&Asked { method: "GET", path: path.clone(), headers, ..Asked::default() })?;
        if answer.status == 200 {
            bar.show(&answer.body);
            if ended(&answer.body) {
                bar.end();
                return Ok(answer);
            }
            etag.clone_from(&answer.etag);
        }
        if left == 0 {
            let text = format!("order {name} goes on; look again with: strowger order show {name}");
            return Err(Failure::new(exit::UNAVAILABLE, text));
        }
    }
}

/// Whether an order will change no more (TMF641).
pub(crate) fn ended(order: &Value) -> bool {
    let state = order.get("state").and_then(Value::as_str).unwrap_or_default();
    matches!(state, "completed" | "failed" | "partial" | "cancelled" | "rejected")
}

#[expect(clippy::disallowed_methods, reason = "the command line waits so long and no longer")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// How far it is.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}");
        Self(style.ok().filter(|_| std::io::stderr().is_terminal()).map(|style| ProgressBar::new(1).with_style(style)))
    }

    fn show(&self, order: &Value) {
        let number = |name: &str| order.get(name).and_then(Value::as_u64).unwrap_or(0);
        let text = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default();
        let (done, of, state, message) = (number("stepsDone"), number("steps"), text("state"), text("message"));
        match &self.0 {
            Some(bar) => {
                bar.set_length(of.max(1));
                bar.set_position(done);
                bar.set_message(format!("{state} {message}"));
            }
            None => complain(format_args!("{done}/{of} {state} {message}")),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
