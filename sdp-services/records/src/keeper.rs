//! The keeper of records: reading, listing and proving them, within the tenant they are about.

use std::sync::Arc;

use strowger_kinds::record;
use strowger_primitive::{
    Admitted, Attributes, BoxFuture, Document, Fault, FaultKind, Index, Keeper, KindDecl, Log, Name, OPERATOR,
    Operation, Outcome, Payload, Progress, Ref, Scope, Shown, Store, Text, World, not_found,
};
use tokio::sync::oneshot;

use crate::list::{Wanted, list};
use crate::note::Verifier;
use crate::proof::{ProveError, prove};
use crate::stored::read_record;

/// Shows the audit log. A tenant sees the records about its own things, the tenant `operator` all; another tenant's
/// record is not found.
pub struct Records {
    store: Arc<dyn Store>,
    world: Arc<dyn World>,
    key: Verifier,
}

impl Records {
    /// The records in `store`, whose heads `key` signed.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, world: Arc<dyn World>, key: Verifier) -> Self {
        Self { store, world, key }
    }

    /// The record, where `tenant` may see it.
    fn see(&self, tenant: &Name, target: &Ref) -> Result<Arc<Document>, Fault> {
        let Index::Sequence(sequence) = target.index else { return Err(not_found(tenant, target)) };
        let found = self.store.read_log(Log::AUDIT, sequence, 1)?;
        let Some((_, stored)) = found.into_iter().find(|(at, _)| *at == sequence) else {
            return Err(not_found(tenant, target));
        };
        let record = read_record(&stored).map_err(Fault::internal)?;
        if visible(&record, tenant) { Ok(Arc::new(record)) } else { Err(not_found(tenant, target)) }
    }

    fn target(&self, work: &Admitted, target: &Ref) -> Result<Arc<Document>, Fault> {
        let record = self.see(&work.tenant, target)?;
        let all = work.grant.scope == Scope::All;
        if all || by(&record, &work.principal.tenant, work.principal.name.as_str()) {
            Ok(record)
        } else {
            Err(not_found(&work.tenant, target))
        }
    }

    fn prove(&self, work: &Admitted, target: &Ref) -> Result<Outcome, Fault> {
        self.target(work, target)?;
        if !work.grant.hidden.is_empty() {
            let text = "a proof holds the whole record, and policy hides fields of it";
            return Err(Fault::new(FaultKind::Forbidden, "hidden-field", text));
        }
        let Index::Sequence(sequence) = target.index else { return Err(not_found(&work.tenant, target)) };
        let proof = prove(&*self.store, Log::AUDIT, &self.key, sequence).map_err(|error| match error {
            ProveError::Missing(_) => not_found(&work.tenant, target),
            ProveError::Head(_) | ProveError::Node(_) => Fault::internal(error),
        })?;
        let Some(action) = record::DECL.action_named("prove") else { return Err(unsupported()) };
        Ok(Outcome::Reply(Payload { action, fields: proof.write() }))
    }

    /// A list may read many records from the disk: away from the tasks that serve peers.
    async fn list(&self, work: Admitted) -> Result<Outcome, Fault> {
        let (send, receive) = oneshot::channel();
        let store = Arc::clone(&self.store);
        self.world.spawn_blocking(Box::new(move || {
            let Operation::List(query) = &work.operation else { return };
            let wanted = Wanted {
                about: (work.tenant.as_str() != OPERATOR).then_some(&work.tenant),
                by: (work.grant.scope == Scope::Own).then_some(&work.principal),
            };
            let page = list(&*store, Log::AUDIT, query, &wanted, &work.grant.hidden);
            // Nobody may wait any more.
            let _gone = send.send(page.map(Outcome::Page));
        }));
        receive.await.unwrap_or_else(|_| Err(Fault::internal("the list ended without an answer")))
    }
}

impl Keeper for Records {
    fn kinds(&self) -> &[&'static KindDecl] {
        const KINDS: &[&KindDecl] = &[&record::DECL];
        KINDS
    }

    fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault> {
        let record = self.see(tenant, target)?;
        // Its principal's name means somebody only in the principal's own tenant.
        let of_tenant = record.fields.text(&record::TENANT_NAME).is_some_and(|t| **t == *tenant.as_str());
        let owner = record.fields.text(&record::PRINCIPAL).filter(|_| of_tenant).map(Text::clone);
        Ok(Attributes { tenant: tenant.clone(), owner })
    }

    fn perform<'a>(&'a self, work: Admitted, _progress: &'a Progress) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(async move {
            match &work.operation {
                Operation::Read(target) => {
                    let document = self.target(&work, target)?;
                    Ok(Outcome::Document(Shown { document, hidden: Arc::clone(&work.grant.hidden) }))
                }
                Operation::List(_) => self.list(work).await,
                Operation::Invoke(target, action, _) if action.name == "prove" => self.prove(&work, target),
                Operation::Create(_)
                | Operation::Update(..)
                | Operation::Delete(..)
                | Operation::Invoke(..)
                | Operation::Cancel(_)
                | Operation::Prove => Err(unsupported()),
            }
        })
    }
}

/// Whether `tenant` may see it.
pub(crate) fn visible(record: &Document, tenant: &Name) -> bool {
    tenant.as_str() == OPERATOR || record.fields.text(&record::ABOUT_TENANT).is_some_and(|t| **t == *tenant.as_str())
}

/// Whether that principal asked for what it records.
pub(crate) fn by(record: &Document, tenant: &Name, principal: &str) -> bool {
    let is = |field, text: &str| record.fields.text(field).is_some_and(|t| **t == *text);
    is(&record::TENANT_NAME, tenant.as_str()) && is(&record::PRINCIPAL, principal)
}

fn unsupported() -> Fault {
    Fault::new(FaultKind::NotAllowed, "not-allowed", "records are written by the gateway alone and never changed")
}
