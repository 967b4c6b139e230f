//! Tenants: made and removed by operators, in the operators' own tenant.

use strowger_kinds::{order, tenant};
use strowger_primitive::{
    Admitted, DocKey, Document, Expect, Fault, FaultKind, Name, OPERATOR, Op, Operation, Outcome, Path, SHARED, common,
};

use super::not_ours;
use crate::Security;

/// Longest name, in octets: records and SNMP contexts carry it.
const LONGEST: usize = 32;

impl Security {
    pub(super) async fn keep_tenant(&self, mut work: Admitted, operation: Operation) -> Result<Outcome, Fault> {
        operators_only(&work, "tenants")?;
        match operation {
            Operation::Create(document) => {
                if document.fields.text(&common::NAME).is_some_and(|name| name.len() > LONGEST) {
                    let place = Path::whole(common::NAME.number);
                    return Err(Fault::flaw(place, "a tenant's name is at most 32 octets"));
                }
                self.shelf.create(&mut work, document, Vec::new()).await
            }
            Operation::Update(target, only, patch) => {
                let check = |_: &Document, after: &mut Document| {
                    let suspended = after.fields.choice(&tenant::STATE) != Some(tenant::ACTIVE);
                    if suspended && after.name().is_some_and(|name| name.as_str() == OPERATOR) {
                        return Err(built_in("the operators' tenant cannot be suspended"));
                    }
                    Ok(Vec::new())
                };
                self.shelf.update(&mut work, &target, only, patch, &check).await
            }
            Operation::Delete(target, only) => {
                let empty = |before: &Document| {
                    let Some(name) = before.name() else { return Ok(Vec::new()) };
                    if [OPERATOR, SHARED].contains(&name.as_str()) {
                        return Err(built_in("the gateway cannot be without this tenant"));
                    }
                    self.going_with(&name)
                };
                self.shelf.delete(&mut work, &target, only, &empty).await
            }
            other @ (Operation::Read(_)
            | Operation::List(_)
            | Operation::Invoke(..)
            | Operation::Cancel(_)
            | Operation::Prove) => Err(not_ours(&other)),
        }
    }

    /// What goes with a tenant: its ended orders, which nothing else removes. Refuses while anything else is in it.
    fn going_with(&self, tenant: &Name) -> Result<Vec<Op>, Fault> {
        let (mut gone, mut held) = (Vec::new(), Vec::new());
        for kind in self.shelf.schema.kinds() {
            let mut left = 0;
            self.shelf.look.view(tenant, kind).each(None, &mut |document| {
                match document.name() {
                    Some(name) if is_ended_order(document) => {
                        let key = DocKey { tenant: tenant.clone(), kind: kind.number, name };
                        gone.push(Op::Remove { key, expect: Expect::Revision(document.revision()) });
                    }
                    Some(_) | None => left += 1,
                }
                true
            });
            match left {
                0 => {}
                1 => held.push(format!("1 {}", kind.name)),
                many => held.push(format!("{many} {}", kind.plural)),
            }
        }
        if held.is_empty() {
            return Ok(gone);
        }
        let text = format!("tenant \"{tenant}\" still holds {}; remove them first", held.join(", "));
        Err(Fault::new(FaultKind::Conflict, "tenant-not-empty", text))
    }
}

fn is_ended_order(document: &Document) -> bool {
    document.kind.number == order::DECL.number && document.fields.choice(&order::STATE).is_some_and(order::ended)
}

/// Refuses what can live in the operators' tenant only.
pub(super) fn operators_only(work: &Admitted, what: &str) -> Result<(), Fault> {
    if work.tenant.as_str() == OPERATOR {
        return Ok(());
    }
    let text = format!("{what} live in tenant \"{OPERATOR}\", not in \"{}\"", work.tenant);
    Err(Fault::new(FaultKind::NotAllowed, "operators-only", text))
}

fn built_in(why: &'static str) -> Fault {
    Fault::new(FaultKind::NotAllowed, "built-in", why)
}
