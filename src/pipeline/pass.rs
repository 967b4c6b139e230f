//! Resolving and authorising: what is asked about, whose it is, and whether policy allows it.

use std::sync::Arc;

use strowger_primitive::{
    Allowed, Attributes, Class, Fault, FaultKind, Grant, Implied, Index, Known, Name, Operation, Principal, Query, Ref,
    Relation, Request, Scope, Verb, not_found,
};
use strowger_records::Draft;
use strowger_security::Asked;

use super::Inner;

/// A request behind the first stages: who asks is known, what it is about is found, policy allows it.
pub(super) struct Passed {
    pub(super) allowed: Allowed,
    pub(super) tenant: Name,
}

impl Inner {
    /// Resolves, then authorises: a thing of another tenant is not found, whether it is there or not.
    pub(super) fn pass(&self, request: &Request, known: Known, draft: &mut Draft) -> Result<Passed, Fault> {
        let operation = &request.operation;
        let (Some(kind), Some(verb)) = (operation.kind(), operation.verb()) else {
            return Err(Fault::internal("an operation without a kind came to a keeper"));
        };
        let principal = Arc::clone(known.principal());
        let tenant = request.tenant.clone().unwrap_or_else(|| principal.tenant.clone());
        let find = |target| self.keeper(operation).and_then(|keeper| keeper.find(&tenant, target));
        // The nearest name is looked for when policy has spoken: the time it takes would tell a stranger what is there.
        let absent = principal.relation(&tenant, None) == Relation::Foreign
            && operation.target().is_some_and(|target| !self.holds(&tenant, target));
        let found = operation.target().filter(|_| !absent).map(find);
        let attributes = found.as_ref().and_then(|found| found.as_ref().ok());
        let relation = match (principal.relation(&tenant, None), attributes) {
            // What is shared is seen from another's tenant only where that one has nothing of its own by the name.
            (Relation::Foreign, _) | (_, None) => principal.relation(&tenant, None),
            (_, Some(Attributes { tenant, owner })) => principal.relation(tenant, owner.as_deref()),
        };
        draft.found(attributes.map_or(&tenant, |a| &a.tenant));
        let asked = Asked {
            verb,
            kind,
            action: operation.action(),
            relation,
            target: attributes,
            origin: &request.origin,
            class: operation.class(),
        };
        let missing = || unseen(&principal, operation.target());
        let allowed = self.security.authorise(known, &asked).map_err(|fault| {
            let hides = relation == Relation::Foreign && fault.kind == FaultKind::Forbidden;
            if hides { missing().because(fault) } else { fault }
        })?;
        draft.allowed(allowed.grant());
        for implied in self.keeper(operation)?.implies(operation) {
            self.may_do_beside(request, &principal, &tenant, &implied)?;
        }
        // Policy was not asked about what came meanwhile.
        let found = if absent { operation.target().map(|t| find(t).and_then(|_| Err(missing()))) } else { found };
        let tenant = match found {
            // The nearest name may be somebody else's.
            Some(Err(fault)) if fault.kind == FaultKind::NotFound && allowed.grant().scope == Scope::Own => {
                return Err(missing());
            }
            Some(found) => found?.tenant,
            None => tenant,
        };
        if let Operation::List(query) = operation {
            shows(query, allowed.grant())?;
        }
        if !kind.has(verb) {
            let text = format!("{} has no {}", kind.name, operation.word());
            return Err(Fault::new(FaultKind::NotAllowed, "verb-not-allowed", text));
        }
        if relation == Relation::Foreign && !self.is_tenant(&tenant) {
            let text = format!("no tenant \"{tenant}\"");
            return Err(Fault::new(FaultKind::NotFound, "tenant-not-found", text));
        }
        Ok(Passed { allowed, tenant })
    }

    /// Asks policy about what an operation does beside what it says. Whether its target is there, its keeper tells.
    fn may_do_beside(
        &self,
        request: &Request,
        principal: &Arc<Principal>,
        tenant: &Name,
        implied: &Implied,
    ) -> Result<(), Fault> {
        let found = match &implied.target {
            Some(target) => Some(self.keeper(&request.operation)?.find(tenant, target)),
            None => None,
        };
        let Ok(target) = found.transpose() else { return Ok(()) };
        let relation = match &target {
            Some(Attributes { tenant, owner }) => principal.relation(tenant, owner.as_deref()),
            None => principal.relation(tenant, None),
        };
        let asks = |verb| {
            let (target, origin, class) = (target.as_ref(), &request.origin, Class::of(verb, None));
            let asked = Asked { verb, kind: implied.kind, action: None, relation, target, origin, class };
            self.security.permits(principal, &asked)
        };
        let Err(fault) = asks(implied.verb) else { return Ok(()) };
        Err(match &implied.target {
            // Who may not even see it does not learn that it is there.
            Some(target) if asks(Verb::Read).is_err() => not_found(tenant, target).because(fault),
            Some(_) | None => fault,
        })
    }

    /// Whether the target is there, or shared.
    fn holds(&self, tenant: &Name, target: &Ref) -> bool {
        let Index::Name(name) = &target.index else { return true };
        [tenant, Name::shared()].into_iter().any(|place| self.look.get(place, target.kind, name.as_str()).is_some())
    }

    fn is_tenant(&self, tenant: &Name) -> bool {
        self.look.get(Name::operator(), &strowger_kinds::tenant::DECL, tenant.as_str()).is_some()
    }
}

/// What is said of another tenant's things, there or not.
fn unseen(principal: &Principal, target: Option<&Ref>) -> Fault {
    match target {
        Some(target) => not_found(&principal.tenant, target),
        None => Fault::new(FaultKind::NotFound, "tenant-not-found", "there is no such tenant"),
    }
}

/// What is hidden neither chooses nor orders what is listed: both would tell it.
fn shows(query: &Query, grant: &Grant) -> Result<(), Fault> {
    let mut asked = query.filters.iter().map(|filter| filter.field).chain(query.sort.iter().map(|key| key.field));
    match asked.find(|field| grant.hidden.contains(&field.number)) {
        None => Ok(()),
        Some(field) => {
            let text = format!("policy hides {}; a list can be neither filtered nor sorted by it", field.name);
            Err(Fault::new(FaultKind::Forbidden, "hidden-field", text))
        }
    }
}
