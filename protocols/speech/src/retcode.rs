//! RETCODE: the fault table of typed words. 0 is success; 1xxx the command or the gateway, 2xxx the right to ask, 3xxx
//! the thing spoken of. The last three digits are those of HTTP, or of SIP (RFC 3261 §21) where it has the better word;
//! 10xx is the grammar.

use std::time::Duration;

use strowger_primitive::{Fault, FaultKind};

/// The RETCODE of a fault.
///
/// ```
/// use strowger_primitive::FaultKind;
/// assert_eq!(strowger_speech::retcode(FaultKind::NotFound, "offer-not-found"), 3404);
/// assert_eq!(strowger_speech::retcode(FaultKind::Overloaded, "overloaded"), 1503);
/// ```
#[must_use]
pub fn retcode(kind: FaultKind, code: &str) -> u16 {
    match kind {
        FaultKind::Malformed => match code {
            "syntax-error" => 1001,
            "unknown-command" => 1002,
            "unknown-kind" => 1003,
            "invalid-fields" => 1004,
            _ => 1400,
        },
        FaultKind::TooLarge => 1413,
        FaultKind::Unsupported => 1501,
        FaultKind::NotAllowed => 2405,
        FaultKind::Unauthenticated => 2401,
        FaultKind::Forbidden => 2403,
        FaultKind::NotFound => 3404,
        FaultKind::Conflict => 3409,
        FaultKind::Precondition => 3412,
        FaultKind::Gone => 3410,
        FaultKind::Busy => 3486,
        FaultKind::Declined => 3603,
        FaultKind::Overloaded => match code {
            "rate-limited" => 1429,
            _ => 1503,
        },
        FaultKind::Unavailable => 1507,
        FaultKind::Expired => 1504,
        FaultKind::Upstream => 1502,
        FaultKind::Internal => 1500,
    }
}

/// The text behind the number: what is wrong and, where there is a time to wait, how long.
#[must_use]
pub fn verdict(fault: &Fault) -> String {
    match fault.retry_after {
        Some(wait) => format!("{}; ask again in {} s", fault.public, whole_seconds(wait)),
        None => fault.public.to_string(),
    }
}

/// Whole seconds, never too few.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_own_code() {
        let mut all: Vec<u16> = FaultKind::ALL.iter().map(|kind| retcode(*kind, "")).collect();
        assert!(all.iter().all(|code| matches!(code / 1000, 1..=3)));
        all.extend(
            ["syntax-error", "unknown-command", "unknown-kind", "invalid-fields"]
                .map(|c| retcode(FaultKind::Malformed, c)),
        );
        all.push(retcode(FaultKind::Overloaded, "rate-limited"));
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        let fault = Fault::overloaded(Duration::from_millis(1_200), "too much is asked");
        assert_eq!(verdict(&fault), "too much is asked; ask again in 2 s");
    }
}
