//! Deriving away from the tasks that serve peers, at most one secret a core.

use std::sync::Arc;

use strowger_primitive::{Fault, Secret};
use tokio::sync::oneshot;

use super::{Recipe, of_device, of_password};
use crate::Security;
use crate::ring::{Owner, Verifier};

/// Sorts of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A person's.
    Password,
    /// A device's, generated.
    Device,
}

impl Security {
    /// All verifiers of a secret, sealed for their owner.
    pub(crate) async fn derive(&self, sort: Sort, secret: Secret, owner: Owner<'_>) -> Result<Vec<Verifier>, Fault> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let Ok(core) = core else { return Err(Fault::internal("the cores are gone")) };
        let recipe = Recipe { realms: self.options.realms_of(owner.tenant), ..self.recipe.clone() };
        let (seal, world) = (Arc::clone(&self.seal), Arc::clone(&self.shelf.world));
        let [tenant, principal, credential] = [owner.tenant, owner.principal, owner.credential].map(Clone::clone);
        let (answer, derived) = oneshot::channel();
        self.shelf.world.spawn_blocking(Box::new(move || {
            let derived = match sort {
                Sort::Password => of_password(secret.expose(), &recipe, &*world).map_err(Fault::internal),
                Sort::Device => Ok(of_device(secret.expose(), &principal, &recipe, &*world)),
            };
            let owner = Owner { tenant: &tenant, principal: &principal, credential: &credential };
            let sealed = |one| Verifier::new(one, &seal, owner, &*world).map_err(Fault::internal);
            let verifiers = derived.and_then(|all| all.into_iter().map(sealed).collect::<Result<Vec<_>, _>>());
            drop(core);
            // Whoever asked may be gone.
            let _ = answer.send(verifiers);
        }));
        derived.await.map_err(Fault::internal)?
    }
}
