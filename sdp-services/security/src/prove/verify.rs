//! Verifying a secret against the credentials of a principal, away from the tasks that serve peers.

use std::net::IpAddr;
use std::sync::Arc;

use strowger_kinds::{credential, principal};
use strowger_primitive::{Document, Fault, Fields, Look, Name, Principal, Revision, Secret, Store, Time, Value};
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::lock::Who;
use super::memory::Proof;
use super::tenant_active;
use crate::Security;
use crate::derive::{Scheme, digest, password};
use crate::options::Cost;
use crate::ring::{Owner, Ring, Verifier};
use crate::seal::Seal;

/// What a verification reads and needs.
struct Bench {
    store: Arc<dyn Store>,
    look: Arc<dyn Look>,
    seal: Arc<Seal>,
    cost: Cost,
    wall: Time,
}

/// A credential that may open.
struct Candidate {
    name: Name,
    revision: Revision,
    sort: u32,
    expires: Option<Time>,
}

impl Security {
    /// Who the secret proves; `None`: nobody. A name that does not exist costs what a wrong password costs. The work
    /// goes on when whoever asked goes away: until its end it has its core, and what comes of it counts.
    pub(super) async fn verify(
        &self,
        who: Option<Who>,
        secret: Secret,
        source: IpAddr,
        core: OwnedSemaphorePermit,
    ) -> Result<Option<Proof>, Fault> {
        let bench = Bench {
            store: Arc::clone(&self.store),
            look: Arc::clone(&self.shelf.look),
            seal: Arc::clone(&self.seal),
            cost: self.recipe.cost,
            wall: self.shelf.world.now().wall,
        };
        let at = self.shelf.world.mono();
        let (locks, world) = (Arc::clone(&self.locks), Arc::clone(&self.shelf.world));
        let (answer, verified) = oneshot::channel();
        self.shelf.world.spawn_blocking(Box::new(move || {
            let proven = bench.verify(who.as_ref(), &secret);
            match (&proven, who) {
                (Ok(None), who) => locks.failed(who, source, world.mono()),
                (Ok(Some(_)), Some(who)) => locks.clear(&who),
                (Ok(Some(_)), None) | (Err(_), _) => {}
            }
            drop(core);
            // Whoever asked may be gone.
            let _ = answer.send(proven);
        }));
        let proven = verified.await.map_err(Fault::internal)??;
        Ok(proven.map(|(principal, candidate)| Proof {
            principal: Arc::new(principal),
            credential: (candidate.name, candidate.revision),
            at,
        }))
    }
}

impl Bench {
    fn verify(&self, who: Option<&Who>, secret: &Secret) -> Result<Option<(Principal, Candidate)>, Fault> {
        let mut burnt = false;
        let found = match who {
            Some(who) => self.principal(who, secret, &mut burnt)?,
            None => None,
        };
        if found.is_none() && !burnt {
            password::burn(secret.expose(), self.cost);
        }
        Ok(found)
    }

    fn principal(&self, who: &Who, secret: &Secret, burnt: &mut bool) -> Result<Option<(Principal, Candidate)>, Fault> {
        let Some(document) = self.look.get(&who.tenant, &principal::DECL, who.name.as_str()) else {
            return Ok(None);
        };
        // The view is taken before the ring is read: where a change comes between, the proof carries the older
        // revision and is remembered no longer than until it is looked at.
        let view = self.look.view(&who.tenant, &credential::DECL);
        let (ring, _) = Ring::of(&*self.store, &who.tenant, &who.name)?;
        let open = |name| candidate(name, &*view.get(Name::as_str(name))?, self.wall);
        for candidate in ring.names().filter_map(open) {
            let owner = Owner { tenant: &who.tenant, principal: &who.name, credential: &candidate.name };
            let verifiers = ring.verifiers(&candidate.name);
            let (opens, method) = match candidate.sort {
                credential::DEVICE => (self.device(verifiers, owner, secret.expose())?, "device"),
                _ => (password(verifiers, secret.expose(), burnt), "password"),
            };
            if opens && self.may_come_in(who, &document) {
                return Ok(Some((known(who, &document, method, candidate.expires), candidate)));
            }
        }
        Ok(None)
    }

    /// A device's secret has 128 random bits: one hash of it tells as much as many.
    fn device(&self, verifiers: &[Verifier], owner: Owner<'_>, secret: &str) -> Result<bool, Fault> {
        let Some(verifier) = verifiers.iter().find(|v| v.scheme == Scheme::DigestSha256) else { return Ok(false) };
        let kept = verifier.open(&self.seal, owner).map_err(Fault::internal)?;
        let shown = digest::ha1_sha256(owner.principal.as_str(), &verifier.realm, secret);
        Ok(bool::from(kept.ct_eq(&shown)))
    }

    fn may_come_in(&self, who: &Who, document: &Document) -> bool {
        document.fields.choice(&principal::STATE) == Some(principal::ACTIVE) && tenant_active(&*self.look, &who.tenant)
    }
}

fn password(verifiers: &[Verifier], secret: &str, burnt: &mut bool) -> bool {
    verifiers.iter().filter(|v| v.scheme == Scheme::Argon2id).any(|verifier| {
        *burnt = true;
        verifier.phc().is_some_and(|phc| password::verify(secret, phc))
    })
}

fn candidate(name: &Name, document: &Document, now: Time) -> Option<Candidate> {
    let expires = document.fields.time(&credential::EXPIRES_AT);
    let open = document.fields.choice(&credential::STATE) == Some(credential::ACTIVE);
    (open && expires.is_none_or(|expires| now < expires)).then(|| Candidate {
        name: name.clone(),
        revision: document.revision(),
        sort: document.fields.choice(&credential::TYPE).unwrap_or(credential::PASSWORD),
        expires,
    })
}

fn known(who: &Who, document: &Document, method: &'static str, until: Option<Time>) -> Principal {
    Principal {
        tenant: who.tenant.clone(),
        name: who.name.clone(),
        roles: roles(&document.fields),
        revision: document.revision(),
        method,
        until,
    }
}

/// The numbers of a principal's roles.
pub(crate) fn roles(fields: &Fields) -> Box<[u32]> {
    fields
        .list(&principal::ROLES)
        .iter()
        .filter_map(|role| if let Value::Enum(number) = role { Some(*number) } else { None })
        .collect()
}
