//! Faults: what went wrong, for the peer; why, for the record. The two never mix.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::{Path, Text};

/// What went wrong. Closed: each door's `fault.rs` matches it without `_`; `code` may refine the wire code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The request breaks its protocol or the schema.
    Malformed,
    /// Larger than we take.
    TooLarge,
    /// Well formed, but not something this gateway does.
    Unsupported,
    /// The thing exists and never allows this.
    NotAllowed,
    /// Nobody, or not proven.
    Unauthenticated,
    /// Proven, and not permitted.
    Forbidden,
    /// Not there, or not for these eyes.
    NotFound,
    /// It clashes with what is there.
    Conflict,
    /// It was changed since it was read.
    Precondition,
    /// It was there and is no more.
    Gone,
    /// It is doing something else just now.
    Busy,
    /// The asked party said no.
    Declined,
    /// Too much is asked; come back later.
    Overloaded,
    /// Something we need is down.
    Unavailable,
    /// The deadline passed before anything was begun.
    Expired,
    /// A provider or peer failed.
    Upstream,
    /// Our mistake.
    Internal,
}

impl FaultKind {
    /// Every kind, in the order of the fault table.
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Unsupported,
        Self::NotAllowed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Precondition,
        Self::Gone,
        Self::Busy,
        Self::Declined,
        Self::Overloaded,
        Self::Unavailable,
        Self::Expired,
        Self::Upstream,
        Self::Internal,
    ];

    /// Its word in records, types and logs: `not-found`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().0
    }

    /// What the caller does about it.
    #[must_use]
    pub fn caller_does(self) -> &'static str {
        self.row().1
    }

    /// What the operator does about it.
    #[must_use]
    pub fn operator_does(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Malformed => ("malformed", "mends the fields named and asks again", "nothing"),
            Self::TooLarge => ("too-large", "asks for less at once", "raises the limit if the use is real"),
            Self::Unsupported => ("unsupported", "uses what the contract offers", "nothing"),
            Self::NotAllowed => ("not-allowed", "uses a verb the kind has", "nothing"),
            Self::Unauthenticated => (
                "unauthenticated",
                "shows a valid credential",
                "watches for guessing: strowger record list --where outcome=unauthenticated",
            ),
            Self::Forbidden => (
                "forbidden",
                "asks an administrator for the right",
                "reads the record's policy and changes it if it is wrong",
            ),
            Self::NotFound => ("not-found", "checks the name; lists what there is", "nothing"),
            Self::Conflict => ("conflict", "chooses another name, or reads what is there", "nothing"),
            Self::Precondition => ("precondition", "reads again, decides, sends the new revision", "nothing"),
            Self::Gone => ("gone", "starts over", "nothing"),
            Self::Busy => ("busy", "waits for the work in hand, then asks again", "nothing"),
            Self::Declined => ("declined", "respects it", "nothing"),
            Self::Overloaded => (
                "overloaded",
                "waits as long as it is told, then asks again",
                "adds capacity or raises the limit; the log says how many were refused",
            ),
            Self::Unavailable => {
                ("unavailable", "asks again after the time told", "frees disk space or restores what the log names")
            }
            Self::Expired => ("expired", "asks again with a longer deadline", "looks for what is slow"),
            Self::Upstream => {
                ("upstream", "asks again; chooses another provider", "reads the record's cause and the provider's log")
            }
            Self::Internal => ("internal", "reports the request id", "reads the record's cause and files a bug"),
        }
    }
}

/// What went wrong with a request.
#[derive(Debug)]
pub struct Fault {
    /// What sort of thing.
    pub kind: FaultKind,
    /// Stable, kebab-case: `offer-not-found`.
    pub code: &'static str,
    /// Every offending field.
    pub at: Vec<Flaw>,
    /// What the peer is told: what is wrong and what to do.
    pub public: Text,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
    /// How to prove who one is.
    pub challenge: Option<Challenge>,
    /// Why, for the record and the log; never sent.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// How a peer may prove who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The realm of Basic and Digest (RFC 7617, RFC 7616).
    pub realm: Text,
}

/// One offending field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where.
    pub place: Place,
    /// What is wrong with it and what is expected.
    pub why: String,
}

/// Where a [`Flaw`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A declared field or a part of it.
    Field(Path),
    /// A name no declaration has, as it was said.
    Unknown(String),
}

impl Fault {
    /// A fault the peer is told of in `public`.
    #[must_use]
    pub fn new(kind: FaultKind, code: &'static str, public: impl Into<Text>) -> Self {
        Self { kind, code, at: Vec::new(), public: public.into(), retry_after: None, challenge: None, cause: None }
    }

    /// All offending fields of one request.
    #[must_use]
    pub fn flaws(at: Vec<Flaw>) -> Self {
        let public = match at.len() {
            1 => "one field is wrong".into(),
            n => format!("{n} fields are wrong"),
        };
        Self { at, ..Self::new(FaultKind::Malformed, "invalid-fields", public) }
    }

    /// One offending field.
    #[must_use]
    pub fn flaw(path: Path, why: impl Into<String>) -> Self {
        Self::flaws(vec![Flaw { place: Place::Field(path), why: why.into() }])
    }

    /// Our mistake; only the record learns why.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FaultKind::Internal, "internal", "something went wrong inside the gateway; report the request id")
            .because(cause)
    }

    /// Too much is asked.
    #[must_use]
    pub fn overloaded(retry_after: Duration, public: impl Into<Text>) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(FaultKind::Overloaded, "overloaded", public) }
    }

    /// With the private cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// With one offending field.
    #[must_use]
    pub fn at(mut self, path: Path, why: impl Into<String>) -> Self {
        self.at.push(Flaw { place: Place::Field(path), why: why.into() });
        self
    }

    /// With the time to wait before asking again.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.public)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}
