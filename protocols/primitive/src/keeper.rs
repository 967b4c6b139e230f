//! The port of the rooms that own kinds.

use crate::{Admitted, BoxFuture, Fault, FaultKind, KindDecl, Name, Operation, Outcome, Progress, Ref, Text, Verb};

/// The tenant of the gateway's operators: tenants, providers and policies live here.
pub const OPERATOR: &str = "operator";
/// The tenant whose offers every tenant sees.
pub const SHARED: &str = "shared";

/// The room that owns kinds and performs what is asked of them.
pub trait Keeper: Send + Sync {
    /// The kinds it owns.
    fn kinds(&self) -> &[&'static KindDecl];

    /// Finds the target inside `tenant`, or among what is shared with it. Another tenant's thing is not found.
    ///
    /// # Errors
    /// `NotFound`.
    fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault>;

    /// What an operation of its kinds does beside what it says, all to its kinds: policy is asked about that, too.
    fn implies(&self, _operation: &Operation) -> Vec<Implied> {
        Vec::new()
    }

    /// Does it. Changes end with [`Admitted::settle`].
    fn perform<'a>(&'a self, work: Admitted, progress: &'a Progress) -> BoxFuture<'a, Result<Outcome, Fault>>;
}

/// What an operation does beside what it says: an order that ends a service deletes it.
#[derive(Debug, Clone)]
pub struct Implied {
    /// The verb.
    pub verb: Verb,
    /// Of what kind.
    pub kind: &'static KindDecl,
    /// To which; `None` for what is made.
    pub target: Option<Ref>,
}

/// What policy may ask about a target.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// The tenant it is in.
    pub tenant: Name,
    /// The principal it belongs to: who made it or had it made.
    pub owner: Option<Text>,
}

/// Nothing of that kind and name is there.
#[must_use]
pub fn not_found(tenant: &Name, target: &Ref) -> Fault {
    let text = format!("no {} \"{}\" in {tenant}", target.kind.name, target.index);
    Fault::new(FaultKind::NotFound, target.kind.missing, text)
}
