//! Proven claims, remembered for a short while so that a client that shows its password with each request pays for it
//! once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use strowger_kinds::credential;
use strowger_primitive::{Look, Name, Now, Principal, Revision, World};

use super::{Standing, in_time};
use crate::recent::Recent;

/// A claim under a key that lives as long as the process: nobody learns a password from it.
pub(crate) type Print = [u8; 32];

/// Claims proven lately.
pub(crate) struct Memory {
    key: Key,
    claims: Recent<Print, Proof>,
    longest: Duration,
}

/// What was proven, and what it hangs on.
#[derive(Clone)]
pub(crate) struct Proof {
    /// Who it is.
    pub(crate) principal: Arc<Principal>,
    /// The credential that proved it, as it was.
    pub(crate) credential: (Name, Revision),
    /// When it was proven.
    pub(crate) at: Instant,
}

impl Memory {
    pub(crate) fn new(most: usize, longest: Duration, world: &dyn World) -> Self {
        let mut key = [0; 32];
        world.random(&mut key);
        Self { key: Key::new(HMAC_SHA256, &key), claims: Recent::new(most), longest }
    }

    /// The print of a claim; the length keeps the border between its parts.
    pub(crate) fn print(&self, principal: &str, secret: &str) -> Print {
        let mut context = Context::with_key(&self.key);
        context.update(&(principal.len() as u64).to_be_bytes());
        context.update(principal.as_bytes());
        context.update(secret.as_bytes());
        let mut print = [0; 32];
        print.copy_from_slice(context.sign().as_ref());
        print
    }

    /// Remembers a proof.
    pub(crate) fn keep(&self, print: Print, proof: Proof) {
        if !self.longest.is_zero() {
            self.claims.put(print, proof);
        }
    }

    /// Who was proven by that claim, where all of it still stands: principal, tenant and credential.
    pub(crate) fn recall(&self, print: &Print, now: Now, look: &dyn Look) -> Option<Arc<Principal>> {
        let proof = self.claims.get(print)?;
        if self.stands(&proof, now, look) {
            return Some(proof.principal);
        }
        self.claims.remove(print);
        None
    }

    /// Forgets what is past.
    pub(crate) fn age(&self, now: Now) {
        self.claims.retain(|_, proof| self.fresh(proof, now));
    }

    fn stands(&self, proof: &Proof, now: Now, look: &dyn Look) -> bool {
        let (name, revision) = &proof.credential;
        let mut unchanged = false;
        look.peek(&proof.principal.tenant, &credential::DECL, name.as_str(), &mut |credential| {
            unchanged = credential.revision() == *revision;
        });
        unchanged && self.fresh(proof, now) && Standing::of(look, &proof.principal).is_good()
    }

    fn fresh(&self, proof: &Proof, now: Now) -> bool {
        now.mono.saturating_duration_since(proof.at) < self.longest && in_time(&proof.principal, now.wall)
    }
}
