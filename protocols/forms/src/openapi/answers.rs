//! Parameters, headers and responses that operations share.

use super::Dialect;
use super::tree::{Node, component};

/// Statuses of refusals, with the component's name and what they mean. Every one is a problem (RFC 9457).
const REFUSALS: [(u16, &str, &str); 21] = [
    (400, "Malformed", "The request breaks the contract; errors names every offending field."),
    (401, "Unauthenticated", "Nobody is proven."),
    (403, "Forbidden", "Proven, and not permitted."),
    (404, "NotFound", "Not there, or not for these eyes."),
    (405, "NotAllowed", "The thing never allows this."),
    (406, "NotAcceptable", "No form that is given out is accepted."),
    (408, "Slow", "The request came too slowly."),
    (409, "Conflict", "It clashes with what is there, or with work in hand."),
    (410, "Gone", "It was there and is no more."),
    (412, "Changed", "It was changed since it was read."),
    (413, "TooLarge", "The body is larger than is taken."),
    (414, "LongUri", "The address is longer than is taken."),
    (415, "WrongForm", "The body is in a form that is not taken."),
    (422, "Unprocessable", "Understood, and declined; or the key of another request."),
    (429, "TooMany", "Too much is asked by this principal or tenant."),
    (431, "LongHeaders", "The headers are larger than is taken."),
    (500, "Internal", "Our mistake; report the request identifier."),
    (501, "Unimplemented", "A method that HTTP has and this gateway has not."),
    (502, "Upstream", "A provider or peer failed."),
    (503, "Unavailable", "Too much is asked of the gateway, or something it needs is down."),
    (504, "Expired", "The deadline passed before anything was begun."),
];

/// Refusals that a request for nothing but a look cannot meet.
const OF_CHANGES: [u16; 3] = [409, 413, 415];

/// Adds the refusals to an operation's responses. The 3.0 form names ranges, for generators that want one error type.
pub(super) fn refuse(responses: Node, dialect: Dialect, changes: bool) -> Node {
    match dialect {
        Dialect::V31 => REFUSALS
            .iter()
            .filter(|(status, ..)| changes || !OF_CHANGES.contains(status))
            .fold(responses, |node, (status, name, _)| node.with(status.to_string(), component("responses", name))),
        Dialect::V30 => {
            responses.with("4XX", component("responses", "Refused")).with("5XX", component("responses", "Failed"))
        }
    }
}

/// The components of refusals.
pub(super) fn refusals(dialect: Dialect) -> Node {
    match dialect {
        Dialect::V31 => REFUSALS.iter().fold(Node::new(), |node, (status, name, meaning)| {
            let mut headers = Node::new().with("X-Request-Id", component("headers", "RequestId"));
            if matches!(status, 429 | 503) {
                headers.set("Retry-After", component("headers", "RetryAfter"));
            }
            if *status == 401 {
                headers.set("WWW-Authenticate", component("headers", "Challenge"));
            }
            if *status == 405 {
                headers.set("Allow", component("headers", "Allow"));
            }
            node.with(*name, problem(meaning, &["application/problem+json"]).with("headers", headers))
        }),
        Dialect::V30 => {
            // Generators look for application/json; what comes is problem+json, which it is as well.
            let forms = ["application/problem+json", "application/json"];
            Node::new()
                .with("Refused", problem("The request cannot be served as it is.", &forms))
                .with("Failed", problem("The gateway cannot serve it now.", &forms))
        }
    }
}

fn problem(meaning: &str, forms: &[&str]) -> Node {
    let schema = Node::new().with("schema", component("schemas", "Problem"));
    let content = forms.iter().fold(Node::new(), |node, form| node.with(*form, schema.clone()));
    Node::new().with("description", meaning).with("content", content)
}

/// What a refusal says (RFC 9457), and what the gateway adds.
pub(super) fn problem_schema() -> Node {
    let text = |doc: &str| Node::new().with("type", "string").with("description", doc);
    let whole = |doc: &str| Node::new().with("type", "integer").with("format", "int32").with("description", doc);
    let error = Node::new()
        .with("type", "object")
        .with(
            "properties",
            Node::new()
                .with("field", text("The field, as field, field.key, field.no or field.no.subfield."))
                .with("message", text("What is wrong with it and what is expected.")),
        )
        .with("required", vec!["field", "message"]);
    let properties = Node::new()
        .with("type", text("What sort of problem: a reference that ends in the code.").with("format", "uri-reference"))
        .with("title", text("The sort of problem, for people."))
        .with("status", whole("The status of the response."))
        .with("detail", text("What is wrong this time, and what to do."))
        .with("instance", text("This occurrence.").with("format", "uri-reference"))
        .with("code", text("The stable code: offer-not-found."))
        .with("requestId", text("The identifier of the request, as the records have it."))
        .with("errors", Node::new().with("type", "array").with("items", error))
        .with("retryAfter", whole("So many seconds to wait before asking again.").with("x-unit", "s"));
    Node::new()
        .with("type", "object")
        .with("properties", properties)
        .with("required", vec!["type", "title", "status", "code"])
        .with("description", "A problem (RFC 9457).")
}

/// The headers of answers.
pub(super) fn headers() -> Node {
    let header = |doc: &str, pattern: Option<&str>| {
        let schema = Node::new().with("type", "string").maybe("pattern", pattern);
        Node::new().with("description", doc).with("schema", schema)
    };
    let seconds = Node::new().with("type", "integer").with("minimum", 0u32);
    Node::new()
        .with("RequestId", header("The identifier of the request, as the records have it.", None))
        .with("ETag", header("The revision.", Some("^\"[0-9]{1,20}\"$")))
        .with("Location", header("Where it is.", None))
        .with("Link", header("The next page (RFC 8288).", None))
        .with("Allow", header("The methods it has.", None))
        .with("Challenge", header("How to prove who one is (RFC 7617).", None))
        .with("RetryAfter", Node::new().with("description", "So many seconds to wait.").with("schema", seconds))
}

/// A response with a body.
pub(super) fn answer(meaning: &str, schema: &str, headers: &[(&str, &str)]) -> Node {
    let schema = Node::new().with("schema", component("schemas", schema));
    silent(meaning, headers).with("content", Node::new().with("application/json", schema))
}

/// A response without one. `headers` are names on the wire and of components.
pub(super) fn silent(meaning: &str, headers: &[(&str, &str)]) -> Node {
    let headers = headers
        .iter()
        .fold(Node::new().with("X-Request-Id", component("headers", "RequestId")), |node, (name, part)| {
            node.with(*name, component("headers", part))
        });
    Node::new().with("description", meaning).with("headers", headers)
}

/// The parameters that operations share.
pub(super) fn parameters(dialect: Dialect) -> Node {
    let header = |name: &str, doc: &str, pattern: Option<&str>, longest: u32| {
        let pattern = pattern.filter(|_| dialect == Dialect::V31);
        let schema = Node::new().with("type", "string").maybe("pattern", pattern).with("maxLength", longest);
        Node::new().with("name", name).with("in", "header").with("description", doc).with("schema", schema)
    };
    let etag = Some("^(\\*|\"[0-9]{1,19}\")$");
    let key = Some(r#"^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\--\[\]-~]{1,255})$"#);
    let tenant = Node::new().with("type", "string").with("pattern", "^[a-z0-9][a-z0-9._-]{0,31}$");
    let limit = Node::new().with("type", "integer").with("format", "int32");
    let limit = limit.with("minimum", 1u32).with("maximum", 1_000u32).with("default", 100u32);
    let cursor = Node::new().with("type", "string").with("maxLength", 4_096u32);
    let query = |name: &str, doc: &str, schema: Node| {
        Node::new().with("name", name).with("in", "query").with("description", doc).with("schema", schema)
    };
    Node::new()
        .with("Tenant", query("tenant", "The tenant spoken of, where it is not the caller's own.", tenant))
        .with("Limit", query("limit", "At most so many.", limit))
        .with("Cursor", query("cursor", "From behind this place, as a page before gave it.", cursor))
        .with("IfMatch", header("If-Match", "Only if it still has this revision.", etag, 255))
        .with(
            "IfNoneMatch",
            header(
                "If-None-Match",
                "Only if it has another revision; with Prefer: wait=N, as soon as it has.",
                etag,
                255,
            ),
        )
        .with(
            "Prefer",
            header(
                "Prefer",
                "wait=N: so many seconds for the work itself; respond-async; return=minimal (RFC 7240).",
                None,
                255,
            ),
        )
        .with(
            "IdempotencyKey",
            header("Idempotency-Key", "Makes a repeated request of a principal the same one, for 24 hours.", key, 512),
        )
}
