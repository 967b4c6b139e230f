//! Watching what goes on until it ends: an order, with a bar on a terminal, else a line for each step; a removal.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use strowger_speech::escaped;

use crate::client::{Answer, Asked, Client};
use crate::exit::{self, Failure};
use crate::say::complain;

/// One long poll waits so many seconds.
const POLL: u64 = 20;

/// The order as it ended, or as it stands after `seconds`.
pub(crate) fn order(client: &Client, name: &str, seconds: u64) -> Result<Answer, Failure> {
    let path = format!("/v1/orders/{}", crate::client::encoded(name));
    let bar = Bar::new();
    let seen = until(client, &path, seconds, |order| {
        bar.show(order);
        ended(order)
    })?;
    if seen.is_some() {
        bar.end();
    }
    let on = || format!("order {name} goes on; look again with: strowger order show {name}");
    seen.ok_or_else(|| Failure::new(exit::UNAVAILABLE, on()))
}

/// Waits until the service at `path`, which was `removed` when that began, is gone.
pub(crate) fn removal(client: &Client, path: &str, removed: &Value, seconds: u64) -> Result<(), Failure> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = text(removed, "name");
    complain(format_args!("service {name} is being removed"));
    // A new one may have its name by now.
    let another = |service: &Value| text(service, "id") != text(removed, "id");
    match until(client, path, seconds, |service| another(service) || text(service, "state") != "inactive") {
        Err(failure) if failure.code == exit::NOT_FOUND => Ok(()),
        Err(failure) => Err(failure),
        Ok(Some(answer)) if another(&answer.body) => Ok(()),
        Ok(Some(answer)) => {
            let (state, why) = (text(&answer.body, "state"), text(&answer.body, "message"));
            Err(Failure::new(exit::ORDER_FAILED, format!("service {name} is not removed, it is {state}: {why}")))
        }
        Ok(None) => {
            let on = format!("service {name} is still being removed; look again with: strowger service show {name}");
            Err(Failure::new(exit::UNAVAILABLE, on))
        }
    }
}

/// Looks at `path` whenever it changes, until `seen` is content with it; `None` where it is not within `seconds`.
fn until(
    client: &Client,
    path: &str,
    seconds: u64,
    mut seen: impl FnMut(&Value) -> bool,
) -> Result<Option<Answer>, Failure> {
    let mut etag: Option<String> = None;
    let begun = now();
    loop {
        let left = seconds.saturating_sub(begun.elapsed().as_secs());
        let mut headers = Vec::new();
        if let Some(etag) = &etag {
            headers.push(("if-none-match", etag.clone()));
            headers.push(("prefer", format!("wait={}", POLL.min(left))));
        }
        let answer = client.ask(&Asked { method: "GET", path: path.to_owned(), headers, ..Asked::default() })?;
        if answer.status == 200 {
            if seen(&answer.body) {
                return Ok(Some(answer));
            }
            etag.clone_from(&answer.etag);
        }
        if left == 0 {
            return Ok(None);
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
        let text = |name: &str| escaped(order.get(name).and_then(Value::as_str).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::client::Connection;

    /// What comes of waiting for the end of a service whose door answers these, and how many were asked for.
    fn waited(seconds: u64, answers: &'static [(&str, &str)]) -> (Result<(), Failure>, usize) {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", door.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (status, body) in answers {
                let (mut stream, _) = door.accept().unwrap();
                counted.fetch_add(1, Ordering::Release);
                let head = BufReader::new(&stream).lines().map(Result::unwrap);
                assert_eq!(head.take_while(|line| !line.is_empty()).next().unwrap(), "GET /v1/services/x HTTP/1.1");
                let length = body.len();
                let head = "content-type: application/json\r\netag: \"1\"\r\nconnection: close";
                write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
            }
        });
        let client = Client::new(Connection { url, ..Connection::default() }).unwrap();
        let removed = serde_json::json!({"id": "7", "name": "x", "state": "inactive"});
        (removal(&client, "/v1/services/x", &removed, seconds), asked.load(Ordering::Acquire))
    }

    const STANDS: (&str, &str) = ("200 OK", r#"{"id":"7","state":"inactive"}"#);

    #[test]
    fn a_removal_is_waited_for_until_the_service_is_gone() {
        assert_eq!(waited(30, &[STANDS, STANDS, ("404 Not Found", "{}")]), (Ok(()), 3));
        assert_eq!(waited(30, &[STANDS, ("200 OK", r#"{"id":"8","state":"reserved"}"#)]), (Ok(()), 2));
    }

    #[test]
    fn a_removal_that_fails_or_takes_too_long_is_told() {
        let (failed, _) = waited(30, &[STANDS, ("200 OK", r#"{"id":"7","state":"active","message":"it hangs"}"#)]);
        let why = "service x is not removed, it is active: it hangs";
        assert_eq!(failed, Err(Failure::new(exit::ORDER_FAILED, why)));
        assert_eq!(waited(0, &[STANDS]).0.unwrap_err().code, exit::UNAVAILABLE);
        assert_eq!(waited(30, &[("403 Forbidden", "{}")]).0.unwrap_err().code, exit::NOT_PERMITTED);
    }
}
