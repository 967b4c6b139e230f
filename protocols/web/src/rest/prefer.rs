//! `Prefer` (RFC 7240): how long the caller would wait, and how much he wants to see.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the caller would rather have. What we do not know is passed over, as is anything but the first of a kind
/// (RFC 7240 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    /// Seconds to wait.
    pub(super) wait: Option<u64>,
    /// An answer is wanted before the work is done: at once, or after the wait (RFC 7240 §4.3).
    pub(super) at_once: bool,
    minimal: Option<bool>,
}

impl Preferences {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        for value in headers.get_all(PREFER) {
            for preference in value.to_str().unwrap_or_default().split(',') {
                preferences.take(preference);
            }
        }
        preferences
    }

    fn take(&mut self, preference: &str) {
        let word = preference.split(';').next().unwrap_or_default();
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if name.eq_ignore_ascii_case("wait") {
            self.wait = self.wait.or(value.parse().ok());
        } else if name.eq_ignore_ascii_case("respond-async") {
            self.at_once = true;
        } else if name.eq_ignore_ascii_case("return") && self.minimal.is_none() {
            self.minimal = match value {
                "minimal" => Some(true),
                "representation" => Some(false),
                _ => None,
            };
        }
    }

    /// Whether the caller needs no body.
    pub(super) fn minimal(&self) -> bool {
        self.minimal == Some(true)
    }

    /// `Preference-Applied` (RFC 7240 §3) of what was heeded.
    pub(super) fn applied(wait: Option<u64>, at_once: bool, minimal: bool) -> Option<HeaderValue> {
        let mut applied = Vec::new();
        if at_once {
            applied.push("respond-async".to_owned());
        }
        if let Some(wait) = wait {
            applied.push(format!("wait={wait}"));
        }
        if minimal {
            applied.push("return=minimal".to_owned());
        }
        if applied.is_empty() { None } else { HeaderValue::try_from(applied.join(", ")).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_counts_and_the_unknown_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", HeaderValue::from_static("foo; bar=1, WAIT = \"20\" ;x, wait=5, return=MAXIMAL"));
        headers.append("prefer", HeaderValue::from_static("return=minimal, return=representation"));
        let preferences = Preferences::of(&headers);
        assert_eq!(preferences, Preferences { wait: Some(20), at_once: false, minimal: Some(true) });
        assert_eq!(Preferences::applied(Some(20), false, true).unwrap(), "wait=20, return=minimal");
        assert_eq!(Preferences::applied(None, false, false), None);
    }
}
