//! Tenants: made and removed by operators, in the operators' own tenant.

use strowger_kinds::tenant;
use strowger_primitive::{
    Admitted, Document, Fault, FaultKind, Name, OPERATOR, Operation, Outcome, Path, SHARED, common,
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
                    self.holds_nothing(&name).map(|()| Vec::new())
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

    /// Refuses while anything is in the tenant.
    fn holds_nothing(&self, tenant: &Name) -> Result<(), Fault> {
        let held: Vec<String> = self
            .shelf
            .schema
            .kinds()
            .filter_map(|kind| match self.shelf.look.view(tenant, kind).len() {
                0 => None,
                1 => Some(format!("1 {}", kind.name)),
                many => Some(format!("{many} {}", kind.plural)),
            })
            .collect();
        if held.is_empty() {
            return Ok(());
        }
        let text = format!("tenant \"{tenant}\" still holds {}; remove them first", held.join(", "));
        Err(Fault::new(FaultKind::Conflict, "tenant-not-empty", text))
    }
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
