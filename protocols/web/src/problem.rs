//! Problem details (RFC 9457): how a request that came to nothing is answered.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use strowger_forms::json::{place, write_text};
use strowger_primitive::{Fault, FaultKind, FieldDecl, RequestId};

use crate::fault;

/// An answer: one buffer.
pub(crate) type Reply = Response<Full<Bytes>>;

/// The realm where security names none (RFC 7617 §2).
const REALM: &str = "strowger";

/// Why there is no better answer.
#[derive(Debug)]
pub(crate) struct Problem(Box<Told>);

/// What is told of a problem.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    title: &'static str,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<(String, String)>,
    retry_after: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// One the door itself finds.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        let (detail, errors, headers) = (detail.into(), Vec::new(), Vec::new());
        Self(Box::new(Told { status, title, code, detail, errors, retry_after: None, headers }))
    }

    /// A request that breaks the protocol.
    pub(crate) fn bad(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// Nobody is proven, by what the door itself sees.
    pub(crate) fn unauthenticated(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail).with(header::WWW_AUTHENTICATE, &challenge(REALM))
    }

    /// A fault of the gateway; its flaws are places among `fields`.
    pub(crate) fn of(fault: &Fault, fields: &[&[FieldDecl]]) -> Self {
        let mut problem = Self::new(fault::refined(fault.kind, fault.code), fault.code, fault.public.to_string());
        problem.0.title = fault::title(fault.kind);
        problem.0.errors = fault.at.iter().map(|flaw| (place(flaw, fields), flaw.why.clone())).collect();
        let wait = fault.retry_after.map(|wait| seconds(wait).max(1));
        // Who is told that the gateway cannot now is always told when to ask again.
        let busy = matches!(fault.kind, FaultKind::Overloaded | FaultKind::Unavailable);
        problem.0.retry_after = if busy { wait.or(Some(1)) } else { wait };
        if fault.kind == FaultKind::Unauthenticated {
            let realm = fault.challenge.as_ref().map_or(REALM, |challenge| &challenge.realm);
            return problem.with(header::WWW_AUTHENTICATE, &challenge(realm));
        }
        problem
    }

    /// With another header field; a value that no header can hold is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// With one offending field or parameter.
    pub(crate) fn at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push((field.into(), message.into()));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The answer.
    pub(crate) fn reply(self, id: RequestId) -> Reply {
        let mut reply = Response::new(Full::new(Bytes::from(self.0.write(id))));
        *reply.status_mut() = self.0.status;
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, wait.into());
        }
        for (name, value) in self.0.headers {
            headers.append(name, value);
        }
        reply
    }
}

impl Told {
    fn write(&self, id: RequestId) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.detail.len() + 64 * self.errors.len());
        out.extend_from_slice(b"{\"type\":\"/faults/");
        out.extend_from_slice(self.code.as_bytes());
        out.extend_from_slice(b"\",\"title\":");
        write_text(self.title, &mut out);
        let _infallible = write!(out, ",\"status\":{},\"detail\":", self.status.as_u16());
        write_text(&self.detail, &mut out);
        out.extend_from_slice(b",\"code\":");
        write_text(self.code, &mut out);
        let _infallible = write!(out, ",\"requestId\":\"{id}\"");
        if let Some(wait) = self.retry_after {
            let _infallible = write!(out, ",\"retryAfter\":{wait}");
        }
        for (i, (field, message)) in self.errors.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b",\"errors\":[{\"field\":" } else { b",{\"field\":" });
            write_text(field, &mut out);
            out.extend_from_slice(b",\"message\":");
            write_text(message, &mut out);
            out.push(b'}');
        }
        out.extend_from_slice(if self.errors.is_empty() { b"}" } else { b"]}" });
        out
    }
}

/// `Basic` is all we take, in UTF-8 (RFC 7617 §2.1).
fn challenge(realm: &str) -> String {
    let realm: String = realm.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
    format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")
}

/// Whole seconds, the last one counted full.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
