//! Whose each step at a provider is. A provider's word of a death names the step alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use strowger_kinds::resource;
use strowger_primitive::{Document, Name, StepId};
use tokio::sync::Notify;

use crate::Core;

/// All steps that belong to somebody, in memory; the resources say the same in the store.
#[derive(Default)]
pub(crate) struct Owners {
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    steps: BTreeMap<Name, Owner>,
    running: BTreeMap<Name, u32>,
}

#[derive(Clone)]
struct Owner {
    tenant: Name,
    provider: Name,
    running: bool,
}

impl Owners {
    /// The step belongs to a service of that tenant from now on, and runs or does not.
    fn set(&self, step: &StepId, tenant: &Name, provider: &Name, running: bool) {
        let mut known = self.lock();
        let fresh = Owner { tenant: tenant.clone(), provider: provider.clone(), running };
        let before = known.steps.insert(step.0.clone(), fresh.clone());
        let told = known.recount(before.as_ref(), Some(&fresh));
        drop(known);
        self.tell(told);
    }

    /// It belongs to nobody any more.
    fn remove(&self, step: &StepId) {
        let mut known = self.lock();
        let before = known.steps.remove(&step.0);
        let told = known.recount(before.as_ref(), None);
        drop(known);
        self.tell(told);
    }

    /// The tenant it belongs to.
    pub(crate) fn tenant(&self, step: &StepId) -> Option<Name> {
        self.lock().steps.get(&step.0).map(|owner| owner.tenant.clone())
    }

    /// Resources that provider runs.
    pub(crate) fn running(&self, provider: &Name) -> u32 {
        self.lock().running.get(provider).copied().unwrap_or(0)
    }

    /// Waits until some provider's count has changed since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn tell(&self, told: bool) {
        if told {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Learns from the step's resource, as it is now, whose it is and whether it runs.
    pub(crate) fn own(&self, tenant: &Name, step: &StepId) {
        let resource = self.shelf.look.get(tenant, &resource::DECL, step.0.as_str());
        match resource.as_deref().and_then(|r| Some((provider_of(r)?, runs(r)))) {
            Some((provider, runs)) => self.owners.set(step, tenant, &provider, runs),
            None => self.owners.remove(step),
        }
    }
}

pub(crate) fn provider_of(resource: &Document) -> Option<Name> {
    resource.fields.text(&resource::PROVIDER).and_then(|name| Name::of_text(name).ok())
}

fn runs(resource: &Document) -> bool {
    let disabled = resource.fields.choice(&resource::OPERATIONAL_STATE) == Some(resource::DISABLE);
    let given = resource.fields.choice(&resource::STATUS) == Some(resource::AVAILABLE)
        || resource.fields.get(&resource::PID).is_some();
    given && !disabled
}

impl Known {
    fn recount(&mut self, before: Option<&Owner>, after: Option<&Owner>) -> bool {
        let runs = |owner: Option<&Owner>| owner.filter(|o| o.running).map(|o| o.provider.clone());
        let (before, after) = (runs(before), runs(after));
        if before == after {
            return false;
        }
        if let Some(count) = before.and_then(|provider| self.running.get_mut(&provider)) {
            *count = count.saturating_sub(1);
        }
        if let Some(provider) = after {
            *self.running.entry(provider).or_default() += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_counted_once() {
        let name = |n: &str| Name::new(n).unwrap();
        let (owners, step) = (Owners::default(), StepId(name("s-1")));
        owners.set(&step, &name("acme"), &name("a"), false);
        assert_eq!(owners.running(&name("a")), 0);
        owners.set(&step, &name("acme"), &name("a"), true);
        owners.set(&step, &name("acme"), &name("a"), true);
        assert_eq!((owners.running(&name("a")), owners.tenant(&step)), (1, Some(name("acme"))));
        owners.remove(&step);
        owners.remove(&step);
        assert_eq!((owners.running(&name("a")), owners.tenant(&step)), (0, None));
    }
}
