//! The providers there are, and their documents in the tenant of the operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_kinds::{offer, provider};
use strowger_primitive::{CommitError, DocKey, Document, Expect, Fault, Look, Name, Op, Provider, Value, common};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Core;

/// All providers, in the order of the configuration.
pub(crate) struct Providers {
    all: Vec<Arc<dyn Provider>>,
    /// Of each: whose turn it is to be made there.
    turns: BTreeMap<Name, Semaphore>,
    look: Arc<dyn Look>,
}

impl Providers {
    pub(crate) fn new(all: Vec<Arc<dyn Provider>>, look: Arc<dyn Look>) -> Self {
        let cards = all.iter().map(|provider| provider.card());
        let turns = cards.map(|card| {
            let at_once = card.at_once.clamp(1, Semaphore::MAX_PERMITS);
            (card.name.clone(), Semaphore::new(at_once))
        });
        let turns = turns.collect();
        Self { all, turns, look }
    }

    /// Waits for one of the turns of that provider.
    pub(crate) async fn turn(&self, name: &Name) -> Option<SemaphorePermit<'_>> {
        self.turns.get(name)?.acquire().await.ok()
    }

    pub(crate) fn all(&self) -> &[Arc<dyn Provider>] {
        &self.all
    }

    pub(crate) fn named(&self, name: &Name) -> Option<&Arc<dyn Provider>> {
        self.all.iter().find(|provider| provider.card().name == *name)
    }

    /// Those that are given new work.
    pub(crate) fn enabled(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.all.iter().filter(|provider| {
            let document = self.document(&provider.card().name);
            document.is_none_or(|d| d.fields.choice(&provider::STATE).is_none_or(|state| state == provider::ENABLED))
        })
    }

    /// The number of the component type it runs.
    pub(crate) fn runs(provider: &dyn Provider) -> Option<u32> {
        offer::COMPONENT_TYPES.number_of(provider.card().runs)
    }

    /// Whether one of them has no document yet.
    pub(crate) fn any_new(&self) -> bool {
        self.all.iter().any(|provider| self.document(&provider.card().name).is_none())
    }

    fn document(&self, name: &Name) -> Option<Arc<Document>> {
        self.look.get(Name::operator(), &provider::DECL, name.as_str())
    }
}

impl Core {
    /// Makes the documents of new providers, brings those that are there up to date, removes those of providers that
    /// are not configured any more.
    pub(crate) async fn settle_providers(&self) -> Result<(), Fault> {
        let operator = Name::operator();
        let mut ops = Vec::new();
        for provider in self.providers.all() {
            let card = provider.card();
            let key = DocKey { tenant: operator.clone(), kind: provider::DECL.number, name: card.name.clone() };
            let running = Value::Uint(self.owners.running(&card.name).into());
            let runs = Providers::runs(&**provider).map_or(Value::Text("".into()), Value::Enum);
            let before = self.providers.document(&card.name);
            let mut document = match &before {
                Some(there) => Document::clone(there),
                None => {
                    let mut fresh = Document::new(&provider::DECL);
                    fresh.fields.set(&common::NAME, Value::Text(card.name.text()));
                    fresh.fields.set(&provider::STATE, Value::Enum(provider::ENABLED));
                    self.shelf.stamp(operator, operator.text(), fresh)?.1
                }
            };
            document.fields.set(&provider::RUNS, runs);
            document.fields.set(&provider::RUNNING, running);
            let expect = before.as_ref().map_or(Expect::Absent, |there| Expect::Revision(there.revision()));
            if before.is_none_or(|before| *before != document) {
                document.fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
                ops.push(Op::Put { key, expect, document });
            }
        }
        let configured = |name: &Name| self.providers.named(name).is_some();
        self.shelf.look.view(operator, &provider::DECL).each(None, &mut |document| {
            if let Some(name) = document.name().filter(|name| !configured(name)) {
                let key = DocKey { tenant: operator.clone(), kind: provider::DECL.number, name };
                ops.push(Op::Remove { key, expect: Expect::Any });
            }
            true
        });
        if !ops.is_empty() {
            self.store.commit(ops).await?;
        }
        Ok(())
    }

    /// Writes down how many resources each provider runs, where that has changed.
    pub(crate) async fn count_running(&self) -> Result<(), CommitError> {
        let operator = Name::operator();
        let mut ops = Vec::new();
        for provider in self.providers.all() {
            let name = &provider.card().name;
            let running = u64::from(self.owners.running(name));
            let Some(before) = self.providers.document(name) else { continue };
            if before.fields.uint(&provider::RUNNING) == Some(running) {
                continue;
            }
            let mut document = Document::clone(&before);
            document.fields.set(&provider::RUNNING, Value::Uint(running));
            document.fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
            let key = DocKey { tenant: operator.clone(), kind: provider::DECL.number, name: name.clone() };
            ops.push(Op::Put { key, expect: Expect::Revision(before.revision()), document });
        }
        if ops.is_empty() { Ok(()) } else { self.store.commit(ops).await.map(drop) }
    }
}
