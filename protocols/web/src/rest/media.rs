//! Media types: which the caller takes, which the body has (RFC 9110 §8.3, §12.5.1).

use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName};
use strowger_forms::json::PatchForm;

use super::call::Call;
use crate::problem::Problem;

/// The one form of answers and of bodies.
pub(super) const JSON: &str = "application/json";
/// RFC 7396.
const MERGE: &str = "application/merge-patch+json";
/// What PATCH takes (RFC 5789 §3.1).
pub(super) const PATCHES: &str = "application/merge-patch+json, application/json";

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// There is none, or it means nothing.
    None,
    Json,
    Merge,
}

impl Form {
    pub(super) fn of_patch(self) -> PatchForm {
        match self {
            Self::Merge => PatchForm::Merge,
            Self::Json | Self::None => PatchForm::Json,
        }
    }
}

/// Whether the caller takes JSON: the most exact range that covers it decides.
pub(super) fn answer_is_acceptable(headers: &HeaderMap) -> Result<(), Problem> {
    let mut best: Option<(u8, bool)> = None;
    let ranges = headers.get_all(header::ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or("*/*").split(','));
    // RFC 9110 §5.6.1.2: an empty one is none.
    for range in ranges.filter(|range| !range.trim().is_empty()) {
        let mut parts = range.split(';').map(str::trim);
        let exactness = match parts.next().unwrap_or_default() {
            range if range.eq_ignore_ascii_case(JSON) => 3,
            range if range.eq_ignore_ascii_case("application/*") => 2,
            "*/*" => 1,
            // Something else, which we never send.
            _ => 0,
        };
        let refused = parts.any(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
        });
        if best.is_none_or(|(other, _)| other < exactness) {
            best = Some((exactness, !refused && exactness > 0));
        }
    }
    if best.is_none_or(|(_, takes)| takes) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "answers are application/json"))
}

/// What the body is, if the call takes one.
pub(super) fn of_body(call: &Call, headers: &HeaderMap, empty: bool) -> Result<Form, Problem> {
    let (form, accept, taken) = match call {
        Call::List(_) | Call::Read(_) | Call::Delete(_) => return Ok(Form::None),
        Call::Invoke(..) if empty => return Ok(Form::None),
        Call::Create(_) | Call::Invoke(..) => (Form::Json, HeaderName::from_static("accept-post"), JSON),
        Call::Update(_) => (Form::Merge, HeaderName::from_static("accept-patch"), PATCHES),
    };
    let refused = |code, detail| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail);
    if headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let problem = refused("unsupported-coding", "bodies are taken as they are, not compressed".to_owned());
        return Err(problem.with(header::ACCEPT_ENCODING, "identity"));
    }
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match said.split(';').next().unwrap_or_default().trim() {
        said if said.eq_ignore_ascii_case(JSON) => Ok(Form::Json),
        said if form == Form::Merge && said.eq_ignore_ascii_case(MERGE) => Ok(Form::Merge),
        _ => Err(refused("unsupported-media-type", format!("Content-Type must be {}", taken.replace(", ", " or ")))
            .with(accept, taken)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn the_most_exact_range_decides() {
        let takes = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            answer_is_acceptable(&headers).is_ok()
        };
        for accept in [
            "*/*",
            "application/json",
            "text/html, application/*;q=0.1",
            "Application/JSON; q=1",
            "*/*;q=0, application/json",
            "",
            " , ,",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["text/html", ",text/html,", "application/json;q=0, */*", "application/xml", "*/*; q=0.0"] {
            assert!(!takes(accept), "{accept}");
        }
        assert!(answer_is_acceptable(&HeaderMap::new()).is_ok());
    }
}
