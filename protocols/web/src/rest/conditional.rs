//! Conditions on entity tags (RFC 9110 §13). The tag of a document is its revision, strong.

use hyper::header::{self, HeaderMap, HeaderName};
use strowger_primitive::Revision;

use super::call::Call;
use crate::problem::Problem;

/// The most tags of one condition.
const MOST: usize = 64;

/// The tags of one condition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// `*`: any.
    Any,
    /// These.
    These(Vec<Tag>),
}

/// One tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    weak: bool,
    /// The number of one we may have given.
    number: Option<u64>,
}

/// The conditions of one request.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    matches: Option<Tags>,
    unlike: Option<Tags>,
}

impl Conditions {
    pub(super) fn of(call: &Call, headers: &HeaderMap) -> Result<Self, Problem> {
        let matches = Tags::of(headers, &header::IF_MATCH)?;
        let unlike = Tags::of(headers, &header::IF_NONE_MATCH)?;
        let (takes_match, takes_unlike) = match call {
            Call::Read(_) => (true, true),
            Call::Update(_) | Call::Delete(_) => (true, false),
            // A made thing is never there before: `If-None-Match: *` asks for what holds anyway.
            Call::Create(_) => (false, unlike == Some(Tags::Any)),
            Call::List(_) | Call::Invoke(..) => (false, false),
        };
        if (matches.is_some() && !takes_match) || (unlike.is_some() && !takes_unlike) {
            let detail = "this condition does not hold here: If-Match is for GET, PATCH and DELETE of one thing, \
                          If-None-Match for GET";
            return Err(Problem::bad("unsupported-condition", detail));
        }
        Ok(Self { matches, unlike })
    }

    /// The one revision that a change is for.
    pub(super) fn only(&self, call: &Call) -> Result<Option<Revision>, Problem> {
        if matches!(call, Call::Read(_)) {
            return Ok(None);
        }
        match &self.matches {
            None | Some(Tags::Any) => Ok(None),
            Some(Tags::These(tags)) => match tags.as_slice() {
                // A tag we never gave, or a weak one (RFC 9110 §13.1.1), is of no revision: it fails where the thing
                // is known, for those who may know of it.
                [tag] => Ok(Some(Revision(tag.number.filter(|_| !tag.weak).unwrap_or(u64::MAX)))),
                _ => Err(Problem::bad("one-entity-tag", "If-Match holds one entity tag here, or *")),
            },
        }
    }

    /// The one revision that the reader has.
    pub(super) fn held(&self, call: &Call) -> Option<Revision> {
        match (call, &self.unlike) {
            (Call::Read(_), Some(Tags::These(tags))) => match tags.as_slice() {
                [tag] => tag.number.map(Revision),
                _ => None,
            },
            (_, _) => None,
        }
    }

    /// Whether the reader wants another one than this.
    pub(super) fn fails(&self, revision: Revision) -> bool {
        self.matches.as_ref().is_some_and(|tags| !tags.hold_strongly(revision.0))
    }

    /// Whether the reader has it already.
    pub(super) fn known(&self, revision: Revision) -> bool {
        self.unlike.as_ref().is_some_and(|tags| tags.hold(revision.0))
    }
}

impl Tags {
    /// Reads all fields of that name; `None` where there is none.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags: Option<Self> = None;
        for value in headers.get_all(name) {
            let read = value.to_str().ok().and_then(parse);
            tags = match (tags, read) {
                (None, Some(read)) => Some(read),
                (Some(Self::These(mut before)), Some(Self::These(more))) if before.len() < MOST => {
                    before.extend(more);
                    Some(Self::These(before))
                }
                (_, _) => {
                    return Err(Problem::bad("bad-entity-tag", format!("{name} must be * or entity tags as \"7\"")));
                }
            };
        }
        Ok(tags)
    }

    /// The weak comparison (RFC 9110 §8.8.3.2).
    pub(crate) fn hold(&self, number: u64) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag.number == Some(number)),
        }
    }

    fn hold_strongly(&self, number: u64) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| !tag.weak && tag.number == Some(number)),
        }
    }
}

/// `*`, or tags with commas between, which may stand in a tag too (RFC 9110 §8.8.3).
fn parse(text: &str) -> Option<Tags> {
    let mut rest = text.trim();
    if rest == "*" {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    while !rest.is_empty() && tags.len() < MOST {
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        let (opaque, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        // Only what we print ourselves can be one of ours.
        let number = opaque.parse().ok().filter(|number: &u64| number.to_string() == opaque);
        tags.push(Tag { weak, number });
        rest = behind.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    (rest.is_empty() && !tags.is_empty()).then_some(Tags::These(tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_and_compared() {
        assert_eq!(parse(" * "), Some(Tags::Any));
        let tags = parse("W/\"7\" ,\"8\",\"a,b\"").unwrap();
        assert!(tags.hold(7) && !tags.hold_strongly(7), "weak tags match weakly");
        assert!(tags.hold(8) && tags.hold_strongly(8));
        assert!(!tags.hold(9));
        assert!(!parse("\"07\"").unwrap().hold(7), "another tag");
        for bad in ["", "7", "\"7", "\"7\" \"8\"", "*,\"7\"", "w/\"7\""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
