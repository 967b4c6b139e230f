//! Principals: nobody gives more than he may, and nobody touches whom he could not have made.

use strowger_kinds::{credential, principal};
use strowger_primitive::{
    Admitted, DocKey, Document, Expect, Fault, FaultKind, Name, OPERATOR, Op, Operation, Outcome, Path, Principal, Ref,
    SHARED, Scope,
};

use super::not_ours;
use crate::Security;
use crate::prove::lock::Who;
use crate::prove::verify::roles;
use crate::ring::Ring;

impl Security {
    pub(super) async fn keep_principal(&self, mut work: Admitted, operation: Operation) -> Result<Outcome, Fault> {
        let (actor, tenant) = (std::sync::Arc::clone(&work.principal), work.tenant.clone());
        match operation {
            Operation::Create(document) => {
                if tenant.as_str() == SHARED {
                    return Err(Fault::new(FaultKind::NotAllowed, "nobody-here", "nobody can be in the shared tenant"));
                }
                if work.grant.scope == Scope::Own {
                    return Err(forbidden("policy permits to change oneself only, not to make others"));
                }
                may_give(&actor, &tenant, &[], &roles(&document.fields))?;
                let (key, document) = self.shelf.made(&work, document)?;
                let ring = Ring::default().keep(&tenant, &key.name, Expect::Absent);
                self.shelf.put_new(&mut work, key, document, vec![ring]).await
            }
            Operation::Update(target, only, patch) => {
                let check = |before: &Document, after: &mut Document| {
                    let (had, has) = (roles(&before.fields), roles(&after.fields));
                    may_touch(&actor, &tenant, before)?;
                    may_give(&actor, &tenant, &had, &has)?;
                    if runs_gateway(&tenant, after) { Ok(Vec::new()) } else { self.not_the_last(&tenant, before) }
                };
                self.shelf.update(&mut work, &target, only, patch, &check).await
            }
            Operation::Delete(target, only) => {
                let more = |before: &Document| {
                    may_touch(&actor, &tenant, before)?;
                    let mut ops = self.not_the_last(&tenant, before)?;
                    ops.extend(self.without(&tenant, before)?);
                    Ok(ops)
                };
                self.shelf.delete(&mut work, &target, only, &more).await
            }
            Operation::Invoke(target, ..) => self.unlock(&mut work, &target).await,
            other @ (Operation::Read(_) | Operation::List(_) | Operation::Cancel(_) | Operation::Prove) => {
                Err(not_ours(&other))
            }
        }
    }

    async fn unlock(&self, work: &mut Admitted, target: &Ref) -> Result<Outcome, Fault> {
        let (key, document) = self.shelf.target(work, target)?;
        may_touch(&work.principal, &key.tenant, &document)?;
        work.settle(Vec::new(), Some(key.clone())).await?;
        self.locks.clear(&Who { tenant: key.tenant, name: key.name });
        Ok(Outcome::Done)
    }

    /// What goes with a principal: its credentials and their verifiers.
    fn without(&self, tenant: &Name, before: &Document) -> Result<Vec<Op>, Fault> {
        let Some(name) = before.name() else { return Ok(Vec::new()) };
        let (ring, expect) = Ring::of(&*self.store, tenant, &name)?;
        let key = |name: &Name| DocKey { tenant: tenant.clone(), kind: credential::DECL.number, name: name.clone() };
        let mut ops: Vec<Op> = ring.names().map(|name| Op::Remove { key: key(name), expect: Expect::Any }).collect();
        ops.push(Ring::forget(tenant, &name, expect));
        Ok(ops)
    }

    /// Refuses to take the last operator away who can come in; what belongs to taking one of several.
    fn not_the_last(&self, tenant: &Name, before: &Document) -> Result<Vec<Op>, Fault> {
        if !runs_gateway(tenant, before) {
            return Ok(Vec::new());
        }
        let others = |_: &Document, owner: &Document| owner.name() != before.name();
        let text = "without this one no active operator has a credential that does not end; make another first";
        self.leaves_a_way_in(tenant, &others, text)
    }
}

/// Whether a principal, if it stood so, could run the gateway.
pub(super) fn runs_gateway(tenant: &Name, document: &Document) -> bool {
    tenant.as_str() == OPERATOR
        && document.fields.choice(&principal::STATE) == Some(principal::ACTIVE)
        && roles(&document.fields).contains(&principal::OPERATOR)
}

/// Refuses to give a role that the giver may not give. Operators give all, administrators all but operator, and there
/// are operators in the operators' tenant only.
fn may_give(giver: &Principal, tenant: &Name, had: &[u32], has: &[u32]) -> Result<(), Fault> {
    let place = || Path::whole(principal::ROLES.number);
    let new: Vec<u32> = has.iter().copied().filter(|role| !had.contains(role)).collect();
    if new.contains(&principal::OPERATOR) && tenant.as_str() != OPERATOR {
        let text = "operators live in tenant \"operator\" only";
        return Err(Fault::new(FaultKind::NotAllowed, "operators-only", text).at(place(), text));
    }
    if new.iter().all(|role| gives(giver, *role)) {
        return Ok(());
    }
    let why = "these are more rights than you may give";
    Err(forbidden(why).at(place(), why))
}

/// Refuses to touch a principal whose rights the actor could not give. Oneself is left to policy.
pub(super) fn may_touch(actor: &Principal, tenant: &Name, document: &Document) -> Result<(), Fault> {
    let oneself = *tenant == actor.tenant && document.name().as_ref() == Some(&actor.name);
    if oneself || roles(&document.fields).iter().all(|role| gives(actor, *role)) {
        return Ok(());
    }
    Err(forbidden("this principal has more rights than you may give"))
}

fn gives(giver: &Principal, role: u32) -> bool {
    giver.roles.contains(&principal::OPERATOR)
        || (giver.roles.contains(&principal::ADMINISTRATOR) && role != principal::OPERATOR)
}

pub(super) fn forbidden(why: &'static str) -> Fault {
    Fault::new(FaultKind::Forbidden, "forbidden", why)
}
