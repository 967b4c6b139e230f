//! The request model that every door speaks and every keeper answers: tier 0, imports nothing of ours.
//!
//! In: what a door understood of its peer's bytes, as a [`Request`]. Out: [`Answer`]s. Between them lie the
//! declarations of kinds ([`KindDecl`]), documents and patches, faults, the stages a request passes
//! ([`Known`], [`Allowed`], [`Admitted`]) and the ports ([`Ask`], [`Gate`], [`Keeper`], [`Store`], [`Look`],
//! [`Provider`], [`World`]). It never opens a socket, reads a clock or starts a task.
//!
//! Only `bytes` and `tokio`'s channels are used: what is here is compiled before everything else and again by nobody.

mod answer;
mod any;
mod case;
mod decl;
mod declare;
mod document;
mod door;
mod fault;
mod fnv;
mod id;
mod keeper;
mod option;
mod patch;
mod provider;
mod query;
mod request;
mod scalar;
mod schema;
mod slips;
mod stages;
mod store;
mod time;
mod value;
mod world;

pub use answer::{Answer, Answers, Headline, Outcome, Page, Payload, Progress, Shown};
pub use any::Any;
pub use case::{camel, pascal, same_word, upper};
pub use decl::{
    Access, ActionDecl, Choice, EnumDecl, FieldDecl, Indexed, KindDecl, Meter, RecordClass, Shape, Type, Verb, common,
};
pub use declare::{kebab_of, trimmed};
pub use document::{DocKey, Document, Fields, Index, Rows};
pub use door::{
    Ask, BoxFuture, BoxedIo, Class, Coming, Flow, Gate, Input, Io, Machine, Peer, Permit, Step, Stop, Stopper, Talk,
    Ticket, network,
};
pub use fault::{Challenge, Fault, FaultKind, Flaw, Place};
pub use fnv::Fnv;
pub use id::{BadName, Id, Name, RequestId};
pub use keeper::{Attributes, Implied, Keeper, OPERATOR, SHARED, not_found};
pub use option::BadOption;
pub use patch::{Change, Inner, Patch, Path};
pub use provider::{Changes, Provider};
pub use provider::{
    Check, Component, Found, FoundState, Health, HealthCheck, Limits, ProviderCard, ProviderError, Receipt, StepId,
    Task,
};
pub use query::{Cursor, Filter, Order, Query};
pub use request::{Claim, Key, KeyScope, Operation, Origin, Ref, Request, Trace, Transport};
pub use scalar::{BadScalar, print_scalar, read_scalar};
pub use schema::Schema;
pub use slips::slips;
pub use stages::{
    Admission, Admitted, Allowed, Authorities, Grant, Known, PipelineAuthority, Principal, Relation, Scope,
    SecurityAuthority, Session, Settle, authorities, maker,
};
pub use store::{
    CommitError, Committed, Expect, Kept, Log, Look, Op, OwnKey, Revision, Sealed, Sealer, Store, View, Watch,
};
pub use time::{BadTime, Deadline, Time};
pub use value::{Secret, Text, Value, print_to, printed};
pub use world::{Now, World};
