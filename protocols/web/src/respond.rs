//! One request from its head to its answer: what every answer has, whatever is asked.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Request, StatusCode, Version};
use strowger_primitive::{Now, RequestId, print_to};

use crate::connection::Line;
use crate::problem::{Problem, Reply};
use crate::rest;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest target of a request; the head's limit is hyper's to watch.
const TARGET: usize = 8_192;

/// Answers a request, one way or the other.
pub(crate) async fn respond(line: Arc<Line>, request: Request<Incoming>) -> Reply {
    let _in_hand = line.pace.begin();
    let now = line.gateway.now();
    let id = line.gateway.new_id(now);
    let (head, body) = request.into_parts();
    let http1 = head.version < Version::HTTP_2;
    // RFC 9112 §6.1: hyper frames such a request by its chunks and hides a length beside them, so the connection ends
    // with it, and nothing that was smuggled behind is ever read as a request.
    let last = http1 && head.headers.contains_key(header::TRANSFER_ENCODING);
    let mut reply = match checked(&line, Arrived { id, now, head: &head, body }).await {
        Ok(reply) => reply,
        Err(problem) => {
            tracing::trace!(status = problem.status().as_u16(), "refused");
            problem.reply(id)
        }
    };
    let headers = reply.headers_mut();
    headers.insert(REQUEST_ID, printed(id));
    if last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if !http1 {
        // RFC 9113 §8.2.2: the streams of a connection end one by one.
        headers.remove(header::CONNECTION);
    }
    if head.method == Method::HEAD {
        without_body(&mut reply);
    }
    line.pace.owe(reply.body().size_hint().lower());
    reply
}

/// A request as it came.
pub(crate) struct Arrived<'a> {
    pub(crate) id: RequestId,
    pub(crate) now: Now,
    pub(crate) head: &'a Parts,
    pub(crate) body: Incoming,
}

async fn checked(line: &Line, arrived: Arrived<'_>) -> Result<Reply, Problem> {
    let head = arrived.head;
    well_formed(head)?;
    if head.method == Method::OPTIONS && head.uri.path() == "*" {
        return Ok(allowed("GET, HEAD, POST, PATCH, DELETE, OPTIONS"));
    }
    if let Some(page) = line.web.pages.find(head.uri.path()) {
        return page.answer(&line.web.pages, &head.method, &head.headers);
    }
    rest::answer(line, arrived).await
}

/// What HTTP asks of every request and hyper does not check.
fn well_formed(head: &Parts) -> Result<(), Problem> {
    let headers = &head.headers;
    let hosts = count(headers, &header::HOST);
    let named = headers.get(header::HOST).is_none_or(|host| is_host(host.as_bytes()));
    if hosts > 1 || !named || (hosts == 0 && head.version == Version::HTTP_11) {
        // RFC 9112 §3.2.
        return Err(Problem::bad("bad-host", "a request has exactly one Host, a name or address with or without port"));
    }
    if headers
        .get_all(header::TRANSFER_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        // RFC 9112 §6.1.
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "unknown-coding", "the only transfer coding is chunked"));
    }
    if head.uri.path_and_query().is_some_and(|target| target.as_str().len() > TARGET) {
        let detail = "the path and its parameters are longer than 8192 octets";
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "target-too-long", detail));
    }
    Ok(())
}

/// RFC 9110 §7.2; empty where the target has no authority.
fn is_host(host: &[u8]) -> bool {
    host.is_empty() || (!host.contains(&b'@') && Authority::try_from(host).is_ok())
}

fn count(headers: &HeaderMap, name: &HeaderName) -> usize {
    headers.get_all(name).iter().count()
}

/// The answer to `OPTIONS`.
pub(crate) fn allowed(methods: &str) -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    if let Ok(methods) = HeaderValue::from_str(methods) {
        reply.headers_mut().insert(header::ALLOW, methods);
    }
    reply
}

pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Full::default());
    *reply.status_mut() = status;
    reply
}

pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// RFC 9110 §9.3.2: the head of what GET would give, its length with it.
fn without_body(reply: &mut Reply) {
    let length = reply.body().size_hint().exact().unwrap_or(0);
    *reply.body_mut() = Full::default();
    if length > 0 {
        reply.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
}

fn printed(id: RequestId) -> HeaderValue {
    print_to(&id, HeaderValue::from_str).unwrap_or_else(|_| HeaderValue::from_static(""))
}
