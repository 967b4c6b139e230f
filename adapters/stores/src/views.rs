//! Views: a persistent map for each tenant and kind. Changing one copies only the way to the changed leaf, so a reader
//! keeps the old root as long as it likes.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use equivalent::{Comparable, Equivalent};
use imbl::OrdMap;
use strowger_primitive::{DocKey, Document, Name, View};

/// All views as of one batch. Cloning copies nothing.
#[derive(Clone, Default)]
pub(crate) struct Roots(OrdMap<Name, OrdMap<u16, Arc<Root>>>);

impl Roots {
    /// The view of that kind in that tenant; `None`: there was never anything.
    pub(crate) fn view(&self, tenant: &Name, kind: u16) -> Option<Arc<Root>> {
        self.0.get(tenant).and_then(|kinds| kinds.get(&kind)).cloned()
    }

    /// The document there.
    pub(crate) fn get(&self, key: &DocKey) -> Option<&Arc<Document>> {
        self.named(&key.tenant, key.kind, key.name.as_str())
    }

    /// The document of that kind and name in that tenant.
    pub(crate) fn named(&self, tenant: &Name, kind: u16, name: &str) -> Option<&Arc<Document>> {
        self.0.get(tenant)?.get(&kind)?.0.get(&Said(name))
    }

    /// Puts a document there, or removes it. Returns what was there.
    pub(crate) fn put(&mut self, key: &DocKey, document: Option<Arc<Document>>) -> Option<Arc<Document>> {
        let kinds = self.0.entry(key.tenant.clone()).or_default();
        let root = Arc::make_mut(kinds.entry(key.kind).or_default());
        match document {
            Some(document) => root.0.insert(key.name.clone(), document),
            None => root.0.remove(&key.name),
        }
    }
}

/// The things of one kind in one tenant.
#[derive(Clone, Default)]
pub(crate) struct Root(OrdMap<Name, Arc<Document>>);

impl View for Root {
    fn get(&self, name: &str) -> Option<Arc<Document>> {
        self.0.get(&Said(name)).cloned()
    }

    fn each(&self, after: Option<&Name>, show: &mut dyn FnMut(&Arc<Document>) -> bool) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (_, document) in self.0.range::<_, Name>((from, Bound::Unbounded)) {
            if !show(document) {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A name as somebody said it, which may be none, compared as names are: by length, then octets.
struct Said<'a>(&'a str);

impl Equivalent<Name> for Said<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        self.0 == name.as_str()
    }
}

impl Comparable<Name> for Said<'_> {
    fn compare(&self, name: &Name) -> Ordering {
        let name = name.as_str();
        self.0.len().cmp(&name.len()).then_with(|| self.0.as_bytes().cmp(name.as_bytes()))
    }
}
