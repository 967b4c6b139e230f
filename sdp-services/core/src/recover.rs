//! What comes before the first request: what was left by the last run is looked at, taken up, or cleared away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use strowger_kinds::{order, resource, service};
use strowger_primitive::{
    CommitError, Deadline, DocKey, Document, Expect, Fault, Found, FoundState, Id, Name, Op, OwnKey, Provider,
    Revision, StepId, Value, common,
};

use crate::Core;
use crate::catalogue::tenants;
use crate::deaths::not_stored;
use crate::orders::has_ended;
use crate::owners::provider_of;
use crate::saga::{JOURNALS, Journal, Plan, Saga, plan_key, write_receipt};

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Parts that run on for their services.
    pub adopted: usize,
    /// Parts that ended while nobody looked.
    pub dead: usize,
    /// Parts that belonged to nobody and are undone.
    pub reaped: usize,
    /// Orders that go on.
    pub resumed: usize,
    /// Providers that could not be looked at, or where what was found could not be stored; it is tried again.
    pub unseen: usize,
}

/// Providers that must be looked at again.
#[derive(Default)]
pub(crate) struct Unseen(Mutex<BTreeSet<Name>>);

impl Unseen {
    fn all(&self) -> Vec<Name> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn note(&self, provider: &Name, unseen: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if unseen {
            all.insert(provider.clone());
        } else {
            all.remove(provider);
        }
    }
}

/// A resource, whose it is, and what it is called.
struct Held {
    tenant: Name,
    resource: Arc<Document>,
}

/// Journals read at once.
const PAGE: usize = 256;

impl Core {
    /// Makes the providers' documents, looks at what runs, and takes up every order in flight. A store that takes no
    /// changes just now does not keep a gateway from its reads: what was found is written down later.
    ///
    /// # Errors
    /// The store's, where it cannot be read or a provider is new.
    pub async fn recover(self: &Arc<Self>) -> Result<Recovered, Fault> {
        self.own_all();
        let mut found = Recovered::default();
        for provider in self.providers.all() {
            self.survey(provider, &mut found).await;
        }
        if let Err(fault) = self.settle_providers().await {
            if self.providers.any_new() {
                return Err(fault);
            }
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(error, "the documents of the providers stay as they are until the next start");
        }
        found.resumed = self.resume()?;
        Ok(found)
    }

    /// Looks at providers that could not be looked at before.
    pub(crate) async fn look_again(&self) {
        for provider in self.unseen.all().iter().filter_map(|name| self.providers.named(name)) {
            self.survey(provider, &mut Recovered::default()).await;
        }
    }

    /// Learns from the resources whose every step is.
    fn own_all(&self) {
        for tenant in tenants(&*self.shelf.look) {
            self.shelf.look.view(&tenant, &resource::DECL).each(None, &mut |resource| {
                if let Some(name) = resource.name() {
                    self.own(&tenant, &StepId(name));
                }
                true
            });
        }
    }

    async fn survey(&self, provider: &Arc<dyn Provider>, found: &mut Recovered) {
        let name = &provider.card().name;
        let now = self.shelf.world.mono();
        let by = now.checked_add(self.options.step_deadline()).map_or(Deadline(now), Deadline);
        // What was held before the look: an order that is accepted during it may start what the look cannot know.
        let held = self.held_at(name);
        let all = match provider.survey(by).await {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!(provider = %name, %error, "what this provider runs cannot be seen now");
                self.unseen.note(name, true);
                found.unseen += 1;
                return;
            }
        };
        let mut stored = true;
        let seen: BTreeSet<StepId> = all.iter().map(|one| one.receipt.step.clone()).collect();
        for one in all {
            let step = one.receipt.step.clone();
            if self.owners.tenant(&step).is_none() {
                self.orphans.add(name, &step);
                continue;
            }
            let Some(held) = held.get(&step) else { continue };
            if self.in_hand(held) {
                continue;
            }
            let told = match one.state {
                FoundState::Running => {
                    found.adopted += 1;
                    self.adopt(held, &one).await
                }
                FoundState::Ended(status) => self.bury(&step, None, status).await.map(|news| {
                    found.dead += usize::from(news);
                }),
            };
            stored &= told.inspect_err(|error| not_stored(&step, error)).is_ok();
        }
        for (step, _) in held.iter().filter(|(step, held)| !seen.contains(*step) && !self.in_hand(held)) {
            let told = self.bury(step, None, None).await.map(|news| found.dead += usize::from(news));
            stored &= told.inspect_err(|error| not_stored(step, error)).is_ok();
        }
        self.unseen.note(name, !stored);
        found.unseen += usize::from(!stored);
        found.reaped += self.reap().await;
    }

    /// An order is making it or ending it: that knows best, and is about to ask for it again.
    fn in_hand(&self, held: &Held) -> bool {
        let service = held.resource.fields.text(&resource::SERVICE);
        let service = service.and_then(|name| self.shelf.look.get(&held.tenant, &service::DECL, name));
        let in_use = service.is_some_and(|s| s.fields.choice(&service::STATE) == Some(service::ACTIVE));
        !in_use || held.resource.fields.choice(&resource::STATUS) == Some(resource::RESERVED)
    }

    fn held_at(&self, provider: &Name) -> BTreeMap<StepId, Held> {
        let mut held = BTreeMap::new();
        for tenant in tenants(&*self.shelf.look) {
            self.shelf.look.view(&tenant, &resource::DECL).each(None, &mut |resource| {
                if let Some(name) = resource.name().filter(|_| provider_of(resource).as_ref() == Some(provider)) {
                    let one = Held { tenant: tenant.clone(), resource: Arc::clone(resource) };
                    held.insert(StepId(name), one);
                }
                true
            });
        }
        held
    }

    /// Brings a resource that runs on up to date, and its service where that was thought to be down for it.
    async fn adopt(&self, held: &Held, found: &Found) -> Result<(), CommitError> {
        let before = &held.resource;
        let mut after = Document::clone(before);
        write_receipt(&mut after.fields, &found.receipt);
        after.fields.set(&resource::STATUS, Value::Enum(resource::AVAILABLE));
        after.fields.set(&resource::OPERATIONAL_STATE, Value::Enum(resource::ENABLE));
        if after == **before {
            return Ok(());
        }
        let now = Value::Time(self.shelf.world.now().wall);
        after.fields.set(&common::UPDATED_AT, now.clone());
        let key =
            DocKey { tenant: held.tenant.clone(), kind: resource::DECL.number, name: found.receipt.step.0.clone() };
        let mut ops = vec![Op::Put { key, expect: Expect::Revision(before.revision()), document: after }];
        ops.extend(self.raised(held, &now));
        self.store.commit(ops).await?;
        self.own(&held.tenant, &found.receipt.step);
        Ok(())
    }

    /// The service of a resource that works again, where no other of its resources is down.
    fn raised(&self, held: &Held, now: &Value) -> Option<Op> {
        let name = held.resource.fields.text(&resource::SERVICE).and_then(|name| Name::of_text(name).ok())?;
        let before = self.shelf.look.get(&held.tenant, &service::DECL, name.as_str())?;
        let down = before.fields.choice(&service::STATE) == Some(service::ACTIVE)
            && before.fields.choice(&service::HEALTH) == Some(service::DOWN);
        let resources = self.shelf.look.view(&held.tenant, &resource::DECL);
        let own = held.resource.name();
        let others = siblings(&held.resource).filter(|sibling| own.as_ref().is_none_or(|own| own.as_str() != sibling));
        let others = others.filter_map(|sibling| resources.get(&sibling));
        let mut works = others.map(|r| r.fields.choice(&resource::OPERATIONAL_STATE) != Some(resource::DISABLE));
        if !down || !works.all(|works| works) {
            return None;
        }
        let mut document = Document::clone(&before);
        document.fields.set(&service::HEALTH, Value::Enum(service::UP));
        document.fields.set(&service::HEALTH_SINCE, now.clone());
        document.fields.remove(service::MESSAGE.number);
        document.fields.set(&common::UPDATED_AT, now.clone());
        let key = DocKey { tenant: held.tenant.clone(), kind: service::DECL.number, name };
        Some(Op::Put { key, expect: Expect::Revision(before.revision()), document })
    }

    /// Takes up every order whose journal is there.
    pub(crate) fn resume(&self) -> Result<usize, Fault> {
        let prefix = OwnKey::new(JOURNALS, &[b""]);
        let mut after: Option<OwnKey> = None;
        let mut resumed = 0;
        loop {
            let page = self.store.kept_under(&prefix, after.as_ref(), PAGE)?;
            let Some((last, ..)) = page.last() else { return Ok(resumed) };
            after = Some(last.clone());
            for (_, fence, kept) in &page {
                let journal = match Journal::read(kept) {
                    Ok(journal) => journal,
                    Err(error) => {
                        tracing::error!(%error, "an order in flight stays where it is");
                        continue;
                    }
                };
                resumed += usize::from(self.resume_one(*fence, journal)?);
            }
        }
    }

    fn resume_one(&self, fence: Revision, journal: Journal) -> Result<bool, Fault> {
        let key = journal.order;
        let Some(order) = self.shelf.look.get(&key.tenant, &order::DECL, key.name.as_str()) else {
            tracing::error!(order = %key.name, "a journal speaks of an order that is not there");
            return Ok(false);
        };
        let Some(id) = order.id().filter(|_| !has_ended(&order)) else { return Ok(false) };
        let Some(claim) = self.flight.claim(id) else { return Ok(false) };
        let course = journal.course;
        // There may be more than may be in flight now: they wait for their turn, and nothing is held for them until then.
        self.detach("order", move |core| async move {
            let Some(seat) = core.flight.await_seat(claim).await else { return };
            match core.plan_of(id) {
                Ok(plan) => {
                    let plan = Arc::new(plan);
                    core.carry_out(Saga { id, order: key, plan, course, fence, seat, again: BTreeMap::new() });
                }
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::error!(order = %key.name, error, "an order in flight stays where it is");
                }
            }
        });
        Ok(true)
    }

    fn plan_of(&self, order: Id) -> Result<Plan, Fault> {
        let kept = self.store.kept(&plan_key(order))?;
        let (_, kept) = kept.ok_or_else(|| Fault::internal("its plan is not there"))?;
        Plan::read(&kept).map_err(Fault::internal)
    }
}

/// The names of all resources of the same item.
fn siblings(resource: &Document) -> impl Iterator<Item = String> + use<> {
    let stem = resource.name().and_then(|name| name.as_str().rsplit_once('-').map(|(stem, _)| stem.to_owned()));
    stem.into_iter().flat_map(|stem| (1..=8).map(move |position| format!("{stem}-{position}")))
}
