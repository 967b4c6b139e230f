//! Keeping tenants, principals, credentials and policies.

mod credential;
mod policy;
mod principal;
mod tenant;

use strowger_kinds::{credential as credentials, policy as policies, principal as principals, tenant as tenants};
use strowger_primitive::{
    Admitted, Attributes, BoxFuture, Fault, FaultKind, Keeper, KindDecl, Name, Operation, Outcome, Progress, Ref,
};

use crate::Security;

const KINDS: [&KindDecl; 4] = [&tenants::DECL, &principals::DECL, &credentials::DECL, &policies::DECL];

/// How often a change is tried anew when somebody else changed the same thing meanwhile.
const TRIES: u32 = 16;

impl Keeper for Security {
    fn kinds(&self) -> &[&'static KindDecl] {
        &KINDS
    }

    fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault> {
        self.shelf.find(tenant, target)
    }

    fn perform<'a>(&'a self, work: Admitted, _: &'a Progress) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(self.keep(work))
    }
}

impl Security {
    async fn keep(&self, mut work: Admitted) -> Result<Outcome, Fault> {
        if let Some(shown) = self.shelf.show(&work) {
            return shown;
        }
        // Taken out so that its parts can be used up while the rest of the work goes on.
        let operation = std::mem::replace(&mut work.operation, Operation::Prove);
        match operation.kind() {
            Some(kind) if *kind == tenants::DECL => self.keep_tenant(work, operation).await,
            Some(kind) if *kind == principals::DECL => self.keep_principal(work, operation).await,
            Some(kind) if *kind == credentials::DECL => self.keep_credential(work, operation).await,
            Some(kind) if *kind == policies::DECL => self.keep_policy(work, operation).await,
            Some(_) | None => Err(not_ours(&operation)),
        }
    }
}

/// The pipeline asks a keeper for its kinds and their verbs only.
fn not_ours(operation: &Operation) -> Fault {
    let kind = operation.kind().map_or("nothing", |kind| kind.name);
    Fault::new(FaultKind::NotAllowed, "not-allowed", format!("there is no {} of {kind}", operation.word()))
}

#[cfg(test)]
mod tests;
