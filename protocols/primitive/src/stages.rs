//! The stages a request passes, as types: a wrong order does not compile, because only the holder of an authority can
//! make the next stage.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    BoxFuture, Committed, Deadline, DocKey, Fault, Name, Op, Operation, Origin, Permit, RequestId, Revision, Text,
    Time, printed,
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose principal it is.
    pub tenant: Name,
    /// Its name.
    pub name: Name,
    /// The numbers of its roles.
    pub roles: Box<[u32]>,
    /// The revision of its document when it was proven.
    pub revision: Revision,
    /// How it was proven: `password`, `device`.
    pub method: &'static str,
    /// When the credential that proved it ends.
    pub until: Option<Time>,
}

/// A claim proven once, for the flow that showed it. Made by security alone.
#[derive(Clone, Debug)]
pub struct Session(Arc<Principal>);

impl Session {
    /// Who was proven.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.0
    }
}

/// A request whose principal is proven.
#[derive(Debug)]
pub struct Known {
    principal: Arc<Principal>,
}

impl Known {
    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }
}

/// A request that policy allows.
#[derive(Debug)]
pub struct Allowed {
    principal: Arc<Principal>,
    grant: Grant,
}

impl Allowed {
    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// What policy gave.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// What policy gives.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose things.
    pub scope: Scope,
    /// Fields not to be shown.
    pub hidden: Arc<[u16]>,
    /// The policies that decided.
    pub policies: Arc<[Arc<str>]>,
}

/// Whose things a [`Grant`] covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All in the tenant, and what is shared with it.
    All,
    /// Those the principal made or had made.
    Own,
}

/// How a principal stands to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It made it, had it made, or is it.
    Own,
    /// It is in the same tenant.
    Tenant,
    /// It is shared with all tenants.
    Shared,
    /// It is another tenant's.
    Foreign,
}

impl Relation {
    /// The word policies use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Tenant => "tenant",
            Self::Shared => "shared",
            Self::Foreign => "foreign",
        }
    }
}

/// A request that may be performed: it is proven, resolved, allowed and admitted.
pub struct Admitted {
    /// The request.
    pub id: RequestId,
    /// What is asked.
    pub operation: Operation,
    /// Where it came from.
    pub origin: Origin,
    /// Who asks.
    pub principal: Arc<Principal>,
    /// What policy gave.
    pub grant: Grant,
    /// The tenant whose thing it is.
    pub tenant: Name,
    /// Bounds the Final answer.
    pub deadline: Deadline,
    /// How long the caller would wait for the work itself.
    pub patience: Duration,
    settle: Box<dyn Settle>,
    _permit: Permit,
}

impl Admitted {
    /// Ends the change: its operations, the idempotency key and the record become one commit. `about` is what the
    /// answer speaks of, so that a repeated request can be given the same one.
    ///
    /// # Errors
    /// The [`Fault`] of the commit; code `stale` where an expectation did not hold and the change may be tried anew.
    pub async fn settle(&mut self, ops: Vec<Op>, about: Option<DocKey>) -> Result<Committed, Fault> {
        self.settle.settle(ops, about).await
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("id", &self.id).field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// The pipeline's end of a change; see [`Admitted::settle`].
pub trait Settle: Send {
    /// Commits `ops` with the idempotency key and the record.
    fn settle(&mut self, ops: Vec<Op>, about: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>>;
}

/// The two authorities, each given once in a process.
#[derive(Debug)]
pub struct Authorities {
    /// For security.
    pub security: SecurityAuthority,
    /// For the pipeline.
    pub pipeline: PipelineAuthority,
}

/// Makes [`Known`] and [`Allowed`].
#[derive(Debug)]
pub struct SecurityAuthority(());

/// Makes [`Admitted`].
#[derive(Debug)]
pub struct PipelineAuthority(());

/// The authorities of one gateway. `assemble` alone calls this and hands each to its room; `cargo xtask layers`
/// refuses it anywhere else in the product.
#[must_use]
pub fn authorities() -> Authorities {
    Authorities { security: SecurityAuthority(()), pipeline: PipelineAuthority(()) }
}

impl SecurityAuthority {
    /// The principal is proven.
    #[must_use]
    pub fn known(&self, principal: Arc<Principal>) -> Known {
        Known { principal }
    }

    /// The claim is proven for its flow.
    #[must_use]
    pub fn session(&self, known: &Known) -> Session {
        Session(Arc::clone(&known.principal))
    }

    /// Policy allows it.
    #[must_use]
    pub fn allowed(&self, known: Known, grant: Grant) -> Allowed {
        Allowed { principal: known.principal, grant }
    }
}

/// What the pipeline adds to an allowed request when it admits it.
pub struct Admission {
    /// The request.
    pub id: RequestId,
    /// What is asked.
    pub operation: Operation,
    /// Where it came from.
    pub origin: Origin,
    /// The tenant whose thing it is.
    pub tenant: Name,
    /// Bounds the Final answer.
    pub deadline: Deadline,
    /// How long the caller would wait for the work itself.
    pub patience: Duration,
    /// Ends the change.
    pub settle: Box<dyn Settle>,
    /// The gate's leave.
    pub permit: Permit,
}

impl PipelineAuthority {
    /// The request is admitted.
    #[must_use]
    pub fn admitted(&self, allowed: Allowed, with: Admission) -> Admitted {
        Admitted {
            id: with.id,
            operation: with.operation,
            origin: with.origin,
            principal: allowed.principal,
            grant: allowed.grant,
            tenant: with.tenant,
            deadline: with.deadline,
            patience: with.patience,
            settle: with.settle,
            _permit: with.permit,
        }
    }
}

impl Principal {
    /// Its name as the maker of something of `tenant`: of another's principal with his tenant behind an `@`, which no
    /// name holds, so that he is nobody there. [`maker`] reads it.
    #[must_use]
    pub fn maker(&self, tenant: &Name) -> Text {
        if *tenant == self.tenant { self.name.text() } else { printed(&format_args!("{}@{}", self.name, self.tenant)) }
    }

    /// How it stands to a thing of `tenant` that `owner` made.
    #[must_use]
    pub fn relation(&self, tenant: &Name, owner: Option<&str>) -> Relation {
        if *tenant == self.tenant {
            if owner == Some(self.name.as_str()) { Relation::Own } else { Relation::Tenant }
        } else if tenant.as_str() == crate::keeper::SHARED {
            Relation::Shared
        } else {
            Relation::Foreign
        }
    }
}

/// The principal and its tenant that [`Principal::maker`] wrote into something of `tenant`.
#[must_use]
pub fn maker<'a>(by: &'a str, tenant: &'a Name) -> (&'a str, &'a str) {
    by.split_once('@').unwrap_or((by, tenant.as_str()))
}
