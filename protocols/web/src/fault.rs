//! Faults as HTTP says them.

use hyper::StatusCode;
use strowger_primitive::FaultKind;

/// The code of a fault that says a principal or tenant has used up its own share, not that the gateway is full.
const RATE_LIMITED: &str = "rate-limited";
/// The code of an idempotency key used again for another request (draft-ietf-httpapi-idempotency-key-header §2.7).
const KEY_REUSED: &str = "key-reused";

/// The status of each sort of fault (RFC 9110 §15).
#[must_use]
pub fn status(kind: FaultKind) -> u16 {
    match kind {
        FaultKind::Malformed => 400,
        FaultKind::TooLarge => 413,
        FaultKind::Unsupported | FaultKind::Declined => 422,
        FaultKind::NotAllowed => 405,
        FaultKind::Unauthenticated => 401,
        FaultKind::Forbidden => 403,
        FaultKind::NotFound => 404,
        FaultKind::Conflict | FaultKind::Busy => 409,
        FaultKind::Precondition => 412,
        FaultKind::Gone => 410,
        FaultKind::Overloaded | FaultKind::Unavailable => 503,
        FaultKind::Expired => 504,
        FaultKind::Upstream => 502,
        FaultKind::Internal => 500,
    }
}

/// The title of each sort of fault in problem details.
#[must_use]
pub fn title(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Malformed => "The request cannot be understood",
        FaultKind::TooLarge => "The request is too large",
        FaultKind::Unsupported => "The gateway does not do this",
        FaultKind::NotAllowed => "This is never allowed here",
        FaultKind::Unauthenticated => "Nobody is proven",
        FaultKind::Forbidden => "No right to this",
        FaultKind::NotFound => "Not found",
        FaultKind::Conflict => "It clashes with what is there",
        FaultKind::Precondition => "It was changed since it was read",
        FaultKind::Gone => "It is no more",
        FaultKind::Busy => "It is busy just now",
        FaultKind::Declined => "The asked party declined",
        FaultKind::Overloaded => "Too much is asked",
        FaultKind::Unavailable => "Something needed is down",
        FaultKind::Expired => "It took too long",
        FaultKind::Upstream => "A provider or peer failed",
        FaultKind::Internal => "A mistake of the gateway",
    }
}

/// The status where the code refines it.
pub(crate) fn refined(kind: FaultKind, code: &str) -> StatusCode {
    let number = match kind {
        FaultKind::Overloaded if code == RATE_LIMITED => 429,
        FaultKind::Conflict if code == KEY_REUSED => 422,
        FaultKind::Malformed
        | FaultKind::TooLarge
        | FaultKind::Unsupported
        | FaultKind::NotAllowed
        | FaultKind::Unauthenticated
        | FaultKind::Forbidden
        | FaultKind::NotFound
        | FaultKind::Conflict
        | FaultKind::Precondition
        | FaultKind::Gone
        | FaultKind::Busy
        | FaultKind::Declined
        | FaultKind::Overloaded
        | FaultKind::Unavailable
        | FaultKind::Expired
        | FaultKind::Upstream
        | FaultKind::Internal => status(kind),
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_an_error_and_only_ours_are_the_servers() {
        for kind in FaultKind::ALL {
            let ours = matches!(
                kind,
                FaultKind::Overloaded
                    | FaultKind::Unavailable
                    | FaultKind::Expired
                    | FaultKind::Upstream
                    | FaultKind::Internal
            );
            assert_eq!(status(kind) / 100, if ours { 5 } else { 4 }, "{}", kind.word());
            assert_eq!(refined(kind, "any"), status(kind));
            assert!(!title(kind).is_empty());
        }
        assert_eq!(refined(FaultKind::Overloaded, "rate-limited"), 429);
        assert_eq!(refined(FaultKind::Conflict, "key-reused"), 422);
    }
}
