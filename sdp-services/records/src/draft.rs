//! What a record will say, gathered while a request passes: nothing is formatted until the record is made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use strowger_kinds::record;
use strowger_primitive::{
    Document, Fault, Grant, Index, KindDecl, Name, Now, Operation, Outcome, Principal, RecordClass, Request, RequestId,
    Text, Trace, Transport, Value, Verb, common, printed,
};

use crate::fit::fit;
use crate::hash::Hash;

/// A record in the making. Cheap: references are counted, nothing is copied.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(crate) arrived: Instant,
    pub(crate) protocol: &'static str,
    pub(crate) peer: SocketAddr,
    pub(crate) operation: &'static str,
    pub(crate) verb: Option<Verb>,
    pub(crate) kind: Option<&'static KindDecl>,
    pub(crate) principal: Option<Arc<Principal>>,
    pub(crate) about: Option<Name>,
    request: RequestId,
    trace: Trace,
    transport: Transport,
    object: Option<Object>,
    key: Option<Hash>,
    policies: Option<Arc<[Arc<str>]>>,
    proven: Option<Instant>,
    admitted: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Object {
    Named(Text),
    Numbered(u64),
}

/// What came of a request, as a record says it.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// It is done.
    Done,
    /// The work goes on.
    Accepted,
    /// It was refused or failed.
    Fault(&'a Fault),
}

impl End<'_> {
    /// Its word: `done`, `accepted`, or the fault's kind.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::Fault(fault) => fault.kind.word(),
        }
    }
}

impl<'a> From<&'a Result<Outcome, Fault>> for End<'a> {
    fn from(end: &'a Result<Outcome, Fault>) -> Self {
        match end {
            Ok(Outcome::Accepted(_)) => Self::Accepted,
            Ok(
                Outcome::Done
                | Outcome::Document(_)
                | Outcome::Created(_)
                | Outcome::Page(_)
                | Outcome::Reply(_)
                | Outcome::Session(_),
            ) => Self::Done,
            Err(fault) => Self::Fault(fault),
        }
    }
}

impl Draft {
    /// What a request says of itself; it arrived at `arrived`.
    #[must_use]
    pub fn new(request: &Request, arrived: Instant) -> Self {
        let operation = &request.operation;
        let object = match operation {
            Operation::Create(document) => document.fields.text(&common::NAME).cloned().map(Object::Named),
            Operation::Cancel(id) => Some(Object::Named(printed(id))),
            Operation::Read(_)
            | Operation::List(_)
            | Operation::Update(..)
            | Operation::Delete(..)
            | Operation::Invoke(..)
            | Operation::Prove => operation.target().map(|target| Object::of(&target.index)),
        };
        Self {
            arrived,
            protocol: request.origin.protocol,
            peer: request.origin.peer.address,
            operation: operation.word(),
            verb: operation.verb(),
            kind: operation.kind(),
            principal: None,
            about: request.tenant.clone(),
            request: request.id,
            trace: request.trace,
            transport: request.origin.transport,
            object,
            key: request.key.as_ref().map(|key| Hash::of_octets(&key.bytes)),
            policies: None,
            proven: None,
            admitted: None,
        }
    }

    /// The principal is proven. What it asks is about its own tenant, unless it said or [`found`](Self::found) says
    /// otherwise.
    pub fn proven(&mut self, principal: &Arc<Principal>, at: Instant) {
        self.about.get_or_insert_with(|| principal.tenant.clone());
        self.principal = Some(Arc::clone(principal));
        self.proven = Some(at);
    }

    /// Whether it is known who asks.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.principal.is_some()
    }

    /// The target is in that tenant.
    pub fn found(&mut self, tenant: &Name) {
        self.about = Some(tenant.clone());
    }

    /// What it is about has that index, given meanwhile.
    pub fn object(&mut self, index: &Index) {
        self.object = Some(Object::of(index));
    }

    /// Policy allows it, or forbids it by these.
    pub fn decided(&mut self, policies: &Arc<[Arc<str>]>) {
        self.policies = Some(Arc::clone(policies));
    }

    /// Policy allows it.
    pub fn allowed(&mut self, grant: &Grant) {
        self.decided(&grant.policies);
    }

    /// It may be performed.
    pub fn admitted(&mut self, at: Instant) {
        self.admitted = Some(at);
    }

    /// How the kind wants it recorded; what is of no kind is recorded each.
    #[must_use]
    pub fn class(&self) -> RecordClass {
        match (self.kind, self.verb) {
            (Some(kind), Some(verb)) => kind.recorded(verb).unwrap_or(RecordClass::Each),
            (Some(_) | None, Some(_) | None) => RecordClass::Each,
        }
    }

    /// Writes what is known into a record begun at `now`.
    pub(crate) fn write(&self, record: &mut Document, end: End<'_>, now: Now) {
        let fields = &mut record.fields;
        if let Some(principal) = &self.principal {
            fields.set(&record::TENANT_NAME, Value::Text(principal.tenant.text()));
            fields.set(&record::PRINCIPAL, Value::Text(principal.name.text()));
            fit(fields, &record::AUTH_METHOD, principal.method);
        }
        if let Some(about) = &self.about {
            fit(fields, &record::ABOUT_TENANT, about.text());
        }
        fit(fields, &record::PROTOCOL, self.protocol);
        fit(fields, &record::TRANSPORT, self.transport.word());
        fit(fields, &record::PEER, printed(&self.peer));
        fields.set_text(&record::REQUEST, printed(&self.request));
        if self.trace.id != 0 {
            fields.set_text(&record::TRACE, printed(&format_args!("{:032x}", self.trace.id)));
        }
        fit(fields, &record::OPERATION, self.operation);
        if let Some(kind) = self.kind {
            fit(fields, &record::KIND, kind.name);
        }
        match &self.object {
            Some(Object::Named(name)) => fit(fields, &record::OBJECT, Text::clone(name)),
            Some(Object::Numbered(sequence)) => fit(fields, &record::OBJECT, printed(sequence)),
            None => {}
        }
        if let Some(key) = &self.key {
            fields.set_text(&record::KEY, printed(key));
        }
        if let Some(policies) = self.policies.as_ref().filter(|p| !p.is_empty()) {
            let policies = policies.iter().take(POLICIES).map(|p| Value::Text(crate::fit::cut(Text::clone(p), POLICY)));
            fields.set(&record::POLICIES, Value::List(policies.collect()));
        }
        for (field, at) in [(&record::PROVEN_AFTER, self.proven), (&record::ADMITTED_AFTER, self.admitted)] {
            if let Some(at) = at {
                fields.set(field, self.after(at));
            }
        }
        fields.set(&record::ENDED_AFTER, self.after(now.mono));
        finish(record, end);
    }

    fn after(&self, at: Instant) -> Value {
        Value::Uint(microseconds(self.arrived, at))
    }
}

/// Most policies of a record, and the longest, as its declaration has them.
const POLICIES: usize = 16;
const POLICY: usize = 128;

/// Writes what came of it.
pub(crate) fn finish(record: &mut Document, end: End<'_>) {
    fit(&mut record.fields, &record::OUTCOME, end.word());
    if let End::Fault(fault) = end {
        fit(&mut record.fields, &record::FAULT, fault.code);
        if let Some(cause) = &fault.cause {
            fit(&mut record.fields, &record::CAUSE, told(cause.as_ref()));
        }
    }
}

/// From one moment to another, at most what a duration holds.
pub(crate) fn microseconds(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX).min(u32::MAX.into())
}

/// An error and what is behind it, as far as a record has room.
fn told(cause: &(dyn std::error::Error + 'static)) -> String {
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source.filter(|_| text.len() < 1_024) {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl Object {
    fn of(index: &Index) -> Self {
        match index {
            Index::Name(name) => Self::Named(name.text()),
            Index::Sequence(sequence) => Self::Numbered(*sequence),
        }
    }
}
