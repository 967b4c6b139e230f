//! Offers: what can be ordered. Plain documents, judged by what the schema cannot say.

mod component;
pub(crate) mod parameter;
mod sound;

use strowger_kinds::{offer, service, tenant};
use strowger_primitive::{Admitted, Document, Fault, FaultKind, Look, Name, OPERATOR, Outcome, Patch, Ref, Revision};
use strowger_primitive::{SHARED, Value};

pub(crate) use component::{components, to_stop};
pub(crate) use parameter::Parameter;

use crate::Core;

impl Core {
    pub(crate) async fn create_offer(&self, mut work: Admitted, document: Document) -> Result<Outcome, Fault> {
        let (key, document) = self.shelf.made(&work, document)?;
        sound::sound(&document)?;
        self.shelf.put_new(&mut work, key, document, Vec::new()).await
    }

    pub(crate) async fn update_offer(
        &self,
        mut work: Admitted,
        target: &Ref,
        only: Option<Revision>,
        patch: Patch,
    ) -> Result<Outcome, Fault> {
        let check = |_: &Document, after: &mut Document| sound::sound(after).map(|()| Vec::new());
        self.shelf.update(&mut work, target, only, patch, &check).await
    }

    /// An order that is accepted in the same moment may still be carried out: it has kept what it was accepted with.
    pub(crate) async fn delete_offer(
        &self,
        mut work: Admitted,
        target: &Ref,
        only: Option<Revision>,
    ) -> Result<Outcome, Fault> {
        let tenant = work.tenant.clone();
        let unused = |offer: &Document| match offer.name().and_then(|name| self.user_of(&tenant, &name)) {
            None => Ok(Vec::new()),
            Some(text) => Err(Fault::new(FaultKind::Conflict, "offer-in-use", text)),
        };
        self.shelf.delete(&mut work, target, only, &unused).await
    }

    /// Who uses an offer, for people. A service in the making is a document too, so orders in flight are among them.
    fn user_of(&self, tenant: &Name, name: &Name) -> Option<String> {
        let told = |whose: &str, service: &str| {
            format!("service \"{service}\"{whose} is made from it; delete that first, or set the offer to retired")
        };
        if let Some(service) = user_in(&*self.shelf.look, tenant, name) {
            return Some(told("", &service));
        }
        if tenant.as_str() != SHARED {
            return None;
        }
        // A tenant's own offer of that name hides the shared one.
        let hidden = |tenant: &Name| self.shelf.look.get(tenant, &offer::DECL, name.as_str()).is_some();
        let users = tenants(&*self.shelf.look).into_iter().filter(|t| t != tenant && !hidden(t));
        users.filter_map(|t| user_in(&*self.shelf.look, &t, name).map(|s| told(&format!(" of {t}"), &s))).next()
    }
}

fn user_in(look: &dyn Look, tenant: &Name, offer: &Name) -> Option<String> {
    let mut found = None;
    look.view(tenant, &service::DECL).each(None, &mut |document| {
        let lives = document.fields.choice(&service::STATE) != Some(service::TERMINATED);
        let uses = document.fields.text(&service::OFFER).is_some_and(|text| **text == *offer.as_str());
        if lives && uses {
            found = document.name().map(|n| n.to_string());
        }
        found.is_none()
    });
    found
}

/// Every tenant there is, the gateway's own two among them.
pub(crate) fn tenants(look: &dyn Look) -> Vec<Name> {
    let mut all: Vec<Name> = [OPERATOR, SHARED].into_iter().filter_map(|n| Name::new(n).ok()).collect();
    if let Some(operator) = all.first().cloned() {
        look.view(&operator, &tenant::DECL).each(None, &mut |document| {
            all.extend(document.name().filter(|name| !matches!(name.as_str(), OPERATOR | SHARED)));
            true
        });
    }
    all
}

/// Whether an offer can be ordered.
pub(crate) fn orderable(offer: &Document) -> bool {
    matches!(offer.fields.get(&offer::STATE), Some(Value::Enum(state)) if offer::ORDERABLE.contains(state))
}
