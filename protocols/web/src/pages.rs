//! What needs no log-in: where things are, the contracts, the health.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use strowger_forms::openapi;
use strowger_primitive::{Fnv, Schema};

use crate::problem::{Problem, Reply};
use crate::respond::{allowed, json};
use crate::rest::conditional::Tags;
use crate::web::Watch;

/// The pages, made once.
pub(crate) struct Pages {
    index: Bytes,
    newest: Contract,
    older: Contract,
    health: Watch,
}

/// One contract and its entity tag.
struct Contract {
    body: Bytes,
    tag: u64,
}

/// One page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// `/`.
    Index,
    /// `/openapi.json`, OpenAPI 3.1.
    Newest,
    /// `/openapi-3.0.json`, for generators that know no later one.
    Older,
    /// `/health`.
    Health,
}

impl Pages {
    pub(crate) fn new(schema: &Schema, health: Watch) -> Self {
        let info = openapi::Info { title: "Strowger", version: env!("CARGO_PKG_VERSION"), server: "" };
        let contract = |text: String| Contract { tag: Fnv::of(text.as_bytes()), body: text.into() };
        Self {
            index: index(schema).into(),
            newest: contract(openapi::v31(schema, &info)),
            older: contract(openapi::v30(schema, &info)),
            health,
        }
    }

    pub(crate) fn find(&self, path: &str) -> Option<Page> {
        match path {
            "/" => Some(Page::Index),
            "/openapi.json" => Some(Page::Newest),
            "/openapi-3.0.json" => Some(Page::Older),
            "/health" => Some(Page::Health),
            _ => None,
        }
    }
}

impl Page {
    pub(crate) fn answer(self, pages: &Pages, method: &Method, headers: &HeaderMap) -> Result<Reply, Problem> {
        const ALLOW: &str = "GET, HEAD, OPTIONS";
        if *method == Method::OPTIONS {
            return Ok(allowed(ALLOW));
        }
        if *method != Method::GET && *method != Method::HEAD {
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this can only be read");
            return Err(problem.with(header::ALLOW, ALLOW));
        }
        match self {
            Self::Index => Ok(text(pages.index.clone())),
            Self::Newest => pages.newest.answer(headers),
            Self::Older => pages.older.answer(headers),
            Self::Health => Ok(health(pages)),
        }
    }
}

impl Contract {
    fn answer(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        let known = Tags::of(headers, &header::IF_NONE_MATCH)?.is_some_and(|tags| tags.hold(self.tag));
        let mut reply = if known {
            crate::respond::empty(StatusCode::NOT_MODIFIED)
        } else {
            Reply::new(Full::new(self.body.clone()))
        };
        let kept = reply.headers_mut();
        kept.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        kept.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.tag)) {
            kept.insert(header::ETAG, tag);
        }
        Ok(reply)
    }
}

fn health(pages: &Pages) -> Reply {
    let health = (pages.health)();
    let status = if health.up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut reply = json(status, health.write());
    let headers = reply.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !health.up() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    reply
}

fn text(body: Bytes) -> Reply {
    let mut reply = Reply::new(Full::new(body));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

fn index(schema: &Schema) -> String {
    let mut out = String::from(
        "Strowger, a telecom service gateway.\n\n\
         /openapi.json      this API, OpenAPI 3.1\n\
         /openapi-3.0.json  the same, OpenAPI 3.0.3\n\
         /health            whether the gateway works\n\n\
         With a log-in (HTTP Basic):\n\n",
    );
    for kind in schema.kinds() {
        out.push_str(&format!("/v1/{:<15} {}\n", kind.plural, kind.doc));
    }
    out
}
