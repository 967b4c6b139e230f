//! The request: what every door makes, and nothing else.

use std::fmt;
use std::time::Duration;

use crate::stages::Session;
use crate::{
    ActionDecl, Class, Deadline, Document, Fields, Index, KindDecl, Name, Patch, Peer, Permit, Query, RequestId,
    Revision, Secret, Text, Verb,
};

/// One request, normalised.
#[derive(Debug)]
pub struct Request {
    /// Ours, told to the peer and written in the record.
    pub id: RequestId,
    /// The caller's trace.
    pub trace: Trace,
    /// Where it came from.
    pub origin: Origin,
    /// Credentials as shown; only security proves them.
    pub claim: Claim,
    /// The tenant spoken of, where it is not the principal's own.
    pub tenant: Option<Name>,
    /// What makes a repeated request the same one.
    pub key: Option<Key>,
    /// Bounds the Final answer.
    pub deadline: Deadline,
    /// How long the caller would wait for the work itself, not only for its acceptance.
    pub patience: Duration,
    /// The caller holds this revision already: a Read is answered when there is another one, or when `patience` is
    /// over. It means nothing to other operations.
    pub unlike: Option<Revision>,
    /// The gate's leave; given back when the request ends.
    pub permit: Permit,
    /// What is asked.
    pub operation: Operation,
}

/// What is asked: verbs and kinds.
#[derive(Debug)]
pub enum Operation {
    /// Make a new thing.
    Create(Document),
    /// Show one.
    Read(Ref),
    /// Show many.
    List(Query),
    /// Change one, if it still has that revision where one is given.
    Update(Ref, Option<Revision>, Patch),
    /// Remove one, if it still has that revision where one is given.
    Delete(Ref, Option<Revision>),
    /// Perform one of its actions.
    Invoke(Ref, &'static ActionDecl, Fields),
    /// Stop a request of one's own that has not been settled.
    Cancel(RequestId),
    /// Prove a claim once, for the flow that showed it.
    Prove,
}

impl Operation {
    /// What it speaks of.
    #[must_use]
    pub fn kind(&self) -> Option<&'static KindDecl> {
        match self {
            Self::Create(document) => Some(document.kind),
            Self::Read(target) | Self::Update(target, ..) | Self::Delete(target, _) | Self::Invoke(target, ..) => {
                Some(target.kind)
            }
            Self::List(query) => Some(query.kind),
            Self::Cancel(_) | Self::Prove => None,
        }
    }

    /// Its verb.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Create(_) => Some(Verb::Create),
            Self::Read(_) => Some(Verb::Read),
            Self::List(_) => Some(Verb::List),
            Self::Update(..) => Some(Verb::Update),
            Self::Delete(..) => Some(Verb::Delete),
            Self::Invoke(..) => Some(Verb::Invoke),
            Self::Cancel(_) | Self::Prove => None,
        }
    }

    /// How pressing it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.verb().map_or(Class::InDialog, |verb| Class::of(verb, self.action()))
    }

    /// The action of an invocation.
    #[must_use]
    pub fn action(&self) -> Option<&'static ActionDecl> {
        if let Self::Invoke(_, action, _) = self { Some(action) } else { None }
    }

    /// The one thing it speaks of.
    #[must_use]
    pub fn target(&self) -> Option<&Ref> {
        match self {
            Self::Read(target) | Self::Update(target, ..) | Self::Delete(target, _) | Self::Invoke(target, ..) => {
                Some(target)
            }
            Self::Create(_) | Self::List(_) | Self::Cancel(_) | Self::Prove => None,
        }
    }

    /// The word of records and spans: `create`, `prove`, or the action's name.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Read(_) => "read",
            Self::List(_) => "list",
            Self::Update(..) => "update",
            Self::Delete(..) => "delete",
            Self::Invoke(_, action, _) => action.name,
            Self::Cancel(_) => "cancel",
            Self::Prove => "prove",
        }
    }
}

/// One thing of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Its kind.
    pub kind: &'static KindDecl,
    /// Its index.
    pub index: Index,
}

impl PartialEq for KindDecl {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.name == other.name
    }
}

impl Eq for KindDecl {}

/// A W3C trace context: 16 octets of trace, 8 of the caller's span, and whether it is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The trace; 0 where the caller has none.
    pub id: u128,
    /// The caller's span.
    pub span: u64,
    /// Whether the caller samples it.
    pub sampled: bool,
}

impl Trace {
    /// Reads a `traceparent` (W3C Trace Context §3.2); what is no such header is no trace.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |s: &str, len: usize| s.len() == len && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !hex(version, 2) || version == "ff" || !hex(id, 32) || !hex(span, 16) || !hex(flags, 2) {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace = Self {
            id: u128::from_str_radix(id, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
            sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (trace.id != 0 && trace.span != 0).then_some(trace)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.id, self.span, u8::from(self.sampled))
    }
}

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The door: `http`, `mml`.
    pub protocol: &'static str,
    /// Who is at the other end.
    pub peer: Peer,
    /// What carried it.
    pub transport: Transport,
}

impl Origin {
    /// Whether nobody between can read it: TLS, or the same machine.
    #[must_use]
    pub fn confidential(&self) -> bool {
        self.transport == Transport::Tls || self.peer.address.ip().is_loopback()
    }
}

/// What carried a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP in the clear.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl Transport {
    /// The word of records: `tcp`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Credentials as shown.
#[derive(Clone, Debug)]
pub enum Claim {
    /// None.
    Anonymous,
    /// A name, as `alice` or `alice@acme`, and its password.
    Password {
        /// As it was said.
        principal: Text,
        /// The password.
        secret: Secret,
    },
    /// Proven before on this flow.
    Session(Session),
}

/// What makes a repeated request the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Among whose requests it must be unique.
    pub scope: KeyScope,
    /// The key as it was said.
    pub bytes: Box<[u8]>,
    /// A hash of the request: the same key with another one is a Conflict.
    pub fingerprint: u64,
}

/// Among whose requests a [`Key`] is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// The principal's, on any connection.
    Principal,
}
