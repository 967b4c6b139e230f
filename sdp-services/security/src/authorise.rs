//! Authorising: may this principal do this, to whose things, and what may it not see?

use std::sync::Arc;

use strowger_primitive::{Allowed, Fault, FaultKind, Grant, Known, Principal, Relation, Scope};

use crate::Security;
use crate::rule::ask::Asked;
use crate::rule::decide::Verdict;

impl Security {
    /// Asks the policies whether a principal that is known may do it.
    ///
    /// # Errors
    /// As [`permits`](Self::permits).
    pub fn authorise(&self, known: Known, asked: &Asked<'_>) -> Result<Allowed, Fault> {
        let grant = self.permits(known.principal(), asked)?;
        Ok(self.authority.allowed(known, grant))
    }

    /// Asks the policies. What speaks of no single thing in the principal's own tenant is decided for all of the
    /// tenant first, then for what is the principal's own.
    ///
    /// # Errors
    /// `Forbidden`, naming the policies that forbid it.
    pub fn permits(&self, who: &Arc<Principal>, asked: &Asked<'_>) -> Result<Grant, Fault> {
        let rules = self.rules.load();
        let decide = |relation| rules.decide(who, asked, relation).map_err(Fault::internal);
        let mut scope = if asked.relation == Relation::Own { Scope::Own } else { Scope::All };
        let mut verdict = decide(asked.relation)?;
        if asked.target.is_none() && asked.relation == Relation::Tenant && !matches!(verdict, Verdict::Permitted { .. })
        {
            scope = Scope::Own;
            verdict = decide(Relation::Own)?;
        }
        match verdict {
            Verdict::Permitted { by, hidden } => Ok(Grant { scope, hidden, policies: by }),
            Verdict::Forbidden { by } => Err(forbidden(asked, &format!("policy {} forbids", by.join(", ")))),
            Verdict::Nothing => Err(forbidden(asked, "no policy permits")),
        }
    }
}

fn forbidden(asked: &Asked<'_>, who: &str) -> Fault {
    Fault::new(FaultKind::Forbidden, "forbidden", format!("{who} {}.{}", asked.kind.name, asked.word()))
}
