//! Whose page a browser's request comes from: a browser adds the password it remembers to what any page asks.

use hyper::StatusCode;
use hyper::header;
use hyper::http::request::Parts;

use crate::problem::Problem;

/// Refuses a change that a page of another host asks for (RFC 6454 §7). Who is no browser names no origin.
pub(super) fn check(head: &Parts, trusted: &[String]) -> Result<(), Problem> {
    let own = head.uri.authority().map_or_else(
        || head.headers.get(header::HOST).map_or(&b""[..], header::HeaderValue::as_bytes),
        |authority| authority.as_str().as_bytes(),
    );
    for origin in head.headers.get_all(header::ORIGIN) {
        let origin = origin.as_bytes();
        let ours = ["http://", "https://"].iter().any(|scheme| {
            origin
                .strip_prefix(scheme.as_bytes())
                .is_some_and(|host| !host.is_empty() && host.eq_ignore_ascii_case(own))
        });
        if !ours && !trusted.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(origin)) {
            let detail = "a page of another host may change nothing here; an operator adds its origin to http.origins";
            return Err(Problem::new(StatusCode::FORBIDDEN, "foreign-origin", detail));
        }
    }
    Ok(())
}
