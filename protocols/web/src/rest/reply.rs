//! Outcomes as responses.

use std::fmt;

use hyper::body::Body as _;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{StatusCode, Uri};
use strowger_forms::json;
use strowger_primitive::{Cursor, Document, Outcome, Page, Payload, Shown, common, print_to};

use super::Wish;
use super::call::Call;
use super::params::encode;
use super::prefer::Preferences;
use crate::problem::{Problem, Reply};
use crate::respond::{empty, json as json_reply};

/// A document's JSON rarely needs more at once.
const DOCUMENT: usize = 1_024;

/// The response to what came of a call.
pub(super) fn of(outcome: Outcome, call: &Call, uri: &Uri, wish: &Wish, most: u64) -> Result<Reply, Problem> {
    let accepted = matches!(outcome, Outcome::Accepted(_));
    let mut reply = match outcome {
        Outcome::Done | Outcome::Session(_) => empty(StatusCode::NO_CONTENT),
        Outcome::Document(shown) if matches!(call, Call::Read(_)) => read(&shown, wish)?,
        Outcome::Document(shown) if wish.preferences.minimal() => {
            tagged(empty(StatusCode::NO_CONTENT), &shown.document)
        }
        Outcome::Document(shown) => tagged(document(StatusCode::OK, &shown, None), &shown.document),
        Outcome::Created(shown) => made(&shown, call, wish),
        Outcome::Accepted(shown) => located(StatusCode::ACCEPTED, &shown, wish),
        Outcome::Page(page) => paged(&page, uri, wish),
        Outcome::Reply(payload) => given(&payload),
    };
    // A look is a look, and what an action gave back is told whatever is preferred.
    let looks = matches!(call, Call::Read(_) | Call::List(_));
    let minimal = wish.preferences.minimal() && !looks && reply.body().is_end_stream();
    let applied = Preferences::applied(wish.wait(call, most), accepted && wish.preferences.at_once, minimal);
    if let Some(applied) = applied {
        reply.headers_mut().insert("preference-applied", applied);
    }
    Ok(reply)
}

fn read(shown: &Shown, wish: &Wish) -> Result<Reply, Problem> {
    let revision = shown.document.revision();
    if wish.conditions.fails(revision) {
        let detail = "it has another revision than If-Match names";
        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition", detail));
    }
    if wish.conditions.known(revision) {
        return Ok(kept(tagged(empty(StatusCode::NOT_MODIFIED), &shown.document)));
    }
    Ok(tagged(document(StatusCode::OK, shown, wish.asked.select.as_deref()), &shown.document))
}

fn made(shown: &Shown, call: &Call, wish: &Wish) -> Reply {
    let status = match call {
        Call::Create(_) | Call::Invoke(..) => StatusCode::CREATED,
        // What a removal made is the order that carries it out: whether it did, its state tells.
        Call::Delete(_) => StatusCode::ACCEPTED,
        Call::Update(_) | Call::Read(_) | Call::List(_) => StatusCode::OK,
    };
    located(status, shown, wish)
}

fn document(status: StatusCode, shown: &Shown, select: Option<&[u16]>) -> Reply {
    let mut body = Vec::with_capacity(DOCUMENT);
    json::write_document(&shown.document, &shown.hidden, select, &mut body);
    kept(json_reply(status, body))
}

fn paged(page: &Page, uri: &Uri, wish: &Wish) -> Reply {
    let mut body = Vec::with_capacity(DOCUMENT + DOCUMENT / 2 * page.documents.len());
    json::write_page(page, wish.asked.select.as_deref(), &mut body);
    let mut reply = kept(json_reply(StatusCode::OK, body));
    if let Some(link) = page.next.as_ref().and_then(|next| HeaderValue::try_from(link(uri, next)).ok()) {
        reply.headers_mut().insert(header::LINK, link);
    }
    reply
}

/// What an action gave back may be a secret shown once: nobody keeps it.
fn given(payload: &Payload) -> Reply {
    let mut reply = if payload.action.output.is_empty() {
        empty(StatusCode::NO_CONTENT)
    } else {
        let mut body = Vec::with_capacity(DOCUMENT);
        json::write_fields(payload.action.output, &payload.fields, &mut body);
        json_reply(StatusCode::OK, body)
    };
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// The caller alone may keep it, and asks again before it is used.
fn kept(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    reply
}

fn tagged(mut reply: Reply, document: &Document) -> Reply {
    put(&mut reply, header::ETAG, &format_args!("\"{}\"", document.revision().0));
    reply
}

/// With the place where it is from now on, and itself unless the caller needs no body.
fn located(status: StatusCode, shown: &Shown, wish: &Wish) -> Reply {
    let reply = if wish.preferences.minimal() { empty(status) } else { document(status, shown, None) };
    let mut reply = tagged(reply, &shown.document);
    let (plural, fields) = (shown.document.kind.plural, &shown.document.fields);
    // RFC 9110 §10.2.2: in the tenant spoken of, as the caller's own may have another one of that name.
    let tenant = wish.asked.tenant.as_ref().map_or_else(String::new, |tenant| format!("?tenant={tenant}"));
    match (fields.text(&common::NAME), fields.uint(&common::SEQUENCE)) {
        (Some(name), _) => put(&mut reply, header::LOCATION, &format_args!("/v1/{plural}/{name}{tenant}")),
        (None, Some(sequence)) => put(&mut reply, header::LOCATION, &format_args!("/v1/{plural}/{sequence}{tenant}")),
        (None, None) => {}
    }
    reply
}

fn put(reply: &mut Reply, name: HeaderName, value: &fmt::Arguments<'_>) {
    if let Ok(value) = print_to(value, HeaderValue::from_str) {
        reply.headers_mut().insert(name, value);
    }
}

/// The same list from its next place (RFC 8288).
fn link(uri: &Uri, next: &Cursor) -> String {
    let mut link = format!("<{}?", uri.path());
    let others = uri.query().unwrap_or_default().split('&');
    for pair in others.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor")) {
        link.push_str(pair);
        link.push('&');
    }
    link.push_str("cursor=");
    encode(&next.0, &mut link);
    link.push_str(">; rel=\"next\"");
    link
}
