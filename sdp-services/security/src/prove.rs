//! Proving a claim: who is it really?

pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod turn;
pub(crate) mod verify;

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::{principal, tenant};
use strowger_primitive::{
    Challenge, Claim, Fault, FaultKind, Known, Look, Name, Origin, Principal, Secret, Session, Text, Time,
};

use crate::Security;
use lock::Who;
use memory::Proof;
use turn::Turn;

impl Security {
    /// Proves a claim. The same fault answers a wrong secret, an unknown name, and what is suspended.
    ///
    /// # Errors
    /// `Unauthenticated` with a challenge; code `locked-out` with the time to wait after too many wrong secrets.
    /// `Forbidden` where a secret was shown that others could read. `Overloaded` where too many wait.
    pub async fn authenticate(&self, claim: &Claim, origin: &Origin) -> Result<Known, Fault> {
        match claim {
            Claim::Anonymous => Err(self.unproven("credentials-needed", "show who you are")),
            Claim::Session(session) => self.resume(session),
            Claim::Password { principal, secret } => {
                self.confidential(origin)?;
                self.by_secret(principal, secret, origin).await.map(|proven| self.authority.known(proven))
            }
        }
    }

    /// A proven claim for its flow, so that it need not be shown again.
    #[must_use]
    pub fn session(&self, known: &Known) -> Session {
        self.authority.session(known)
    }

    /// Refuses to speak of secrets where others can read.
    pub(crate) fn confidential(&self, origin: &Origin) -> Result<(), Fault> {
        if self.options.allow_plain || origin.confidential() {
            return Ok(());
        }
        let text = "secrets are neither taken nor given over a connection that others can read; use TLS";
        Err(Fault::new(FaultKind::Forbidden, "confidential-origin-needed", text))
    }

    fn resume(&self, session: &Session) -> Result<Known, Fault> {
        let principal = session.principal();
        if !Standing::of(&*self.shelf.look, principal).is_good() {
            let why = "the principal was changed since it logged in; log in again";
            return Err(self.unproven("session-ended", why));
        }
        if !in_time(principal, self.shelf.world.now().wall) {
            let why = "the credential of this session has ended; log in with another";
            return Err(self.unproven("session-ended", why));
        }
        Ok(self.authority.known(Arc::clone(principal)))
    }

    async fn by_secret(&self, said: &Text, secret: &Secret, origin: &Origin) -> Result<Arc<Principal>, Fault> {
        let print = self.memory.print(said, secret.expose());
        let source = origin.peer.address.ip();
        loop {
            let now = self.shelf.world.now();
            if let Some(principal) = self.memory.recall(&print, now, &*self.shelf.look) {
                return Ok(principal);
            }
            let who = self.named(said);
            self.unlocked(who.as_ref(), origin)?;
            let first = match self.turns.take(print) {
                Turn::First(first) => first,
                Turn::After(mut first) => {
                    // It ends by being dropped; there is nothing else to learn from it.
                    let _ = first.changed().await;
                    continue;
                }
                Turn::Full => {
                    return Err(Fault::overloaded(Duration::from_secs(2), "too many log-ins are waiting; ask again"));
                }
            };
            // The one before may have ended between the look into the memory and the turn.
            if let Some(principal) = self.memory.recall(&print, now, &*self.shelf.look) {
                return Ok(principal);
            }
            let Ok(core) = Arc::clone(&self.cores).acquire_owned().await else {
                return Err(Fault::internal("the cores are gone"));
            };
            // While it waited, others may have failed in this name.
            self.unlocked(who.as_ref(), origin)?;
            let Some(proof) = self.verify(who, secret.clone(), source, core).await? else {
                return Err(self.unproven("not-proven", "the name or the secret is wrong"));
            };
            let Proof { principal, .. } = proof.clone();
            self.memory.keep(print, proof);
            drop(first);
            return Ok(principal);
        }
    }

    /// The principal somebody named, as `alice` or `alice@acme`; `None` where it can be no name.
    fn named(&self, said: &str) -> Option<Who> {
        let (name, tenant) = said.rsplit_once('@').unwrap_or((said, &self.options.default_tenant));
        Some(Who { tenant: Name::new(tenant).ok()?, name: Name::new(name).ok()? })
    }

    fn unlocked(&self, who: Option<&Who>, origin: &Origin) -> Result<(), Fault> {
        match self.locks.left(who, origin.peer.address.ip(), self.shelf.world.mono()) {
            None => Ok(()),
            Some(left) => Err(self
                .unproven("locked-out", "too many wrong secrets; wait, or ask an administrator to unlock it")
                .after(Duration::from_secs(left.as_secs() + 1))),
        }
    }

    fn unproven(&self, code: &'static str, why: &'static str) -> Fault {
        let mut fault = Fault::new(FaultKind::Unauthenticated, code, why);
        fault.challenge = Some(Challenge { realm: Arc::clone(&self.realm) });
        fault
    }
}

/// How a principal and its tenant stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Both are active, and the principal is as it was.
    Good,
    /// The principal was changed or is gone.
    Changed,
    /// It, or its tenant, is suspended or gone.
    Suspended,
}

impl Standing {
    /// How `principal` stands now.
    pub(crate) fn of(look: &dyn Look, principal: &Principal) -> Self {
        let mut standing = Self::Changed;
        look.peek(&principal.tenant, &principal::DECL, principal.name.as_str(), &mut |document| {
            if document.revision() == principal.revision {
                let active = document.fields.choice(&principal::STATE) == Some(principal::ACTIVE);
                let good = active && tenant_active(look, &principal.tenant);
                standing = if good { Self::Good } else { Self::Suspended };
            }
        });
        standing
    }

    pub(crate) fn is_good(self) -> bool {
        self == Self::Good
    }
}

/// Whether the credential that proved it holds at `wall`.
pub(crate) fn in_time(principal: &Principal, wall: Time) -> bool {
    principal.until.is_none_or(|until| wall < until)
}

/// Whether the principals of a tenant may come in.
pub(crate) fn tenant_active(look: &dyn Look, tenant: &Name) -> bool {
    let mut active = false;
    look.peek(Name::operator(), &tenant::DECL, tenant.as_str(), &mut |document| {
        active = document.fields.choice(&tenant::STATE) == Some(tenant::ACTIVE);
    });
    active
}

#[cfg(test)]
mod tests;
