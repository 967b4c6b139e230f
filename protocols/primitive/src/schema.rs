//! All kinds of a gateway.

use std::sync::Arc;

use crate::{KindDecl, case::same_word};

/// The kinds a gateway knows, by number. Cheap to clone; every door is generated from it.
#[derive(Clone, Debug)]
pub struct Schema(Arc<[&'static KindDecl]>);

impl Schema {
    /// The newest schema version: the largest `since` of any kind or field.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.kinds().flat_map(|k| k.fields().map(|f| f.since).chain([k.since])).max().unwrap_or(1)
    }

    /// All kinds, by number.
    pub fn kinds(&self) -> impl Iterator<Item = &'static KindDecl> + '_ {
        self.0.iter().copied()
    }

    /// The kind of that number.
    #[must_use]
    pub fn numbered(&self, number: u16) -> Option<&'static KindDecl> {
        self.0.binary_search_by_key(&number, |k| k.number).ok().and_then(|i| self.0.get(i)).copied()
    }

    /// The kind somebody named, in the singular; hyphens, underscores and case do not matter.
    #[must_use]
    pub fn named(&self, said: &str) -> Option<&'static KindDecl> {
        self.kinds().find(|k| same_word(said, k.name))
    }

    /// The kind of a REST path.
    #[must_use]
    pub fn plural(&self, said: &str) -> Option<&'static KindDecl> {
        self.kinds().find(|k| k.plural == said)
    }
}

impl FromIterator<&'static KindDecl> for Schema {
    fn from_iter<I: IntoIterator<Item = &'static KindDecl>>(iter: I) -> Self {
        let mut kinds: Vec<_> = iter.into_iter().collect();
        kinds.sort_by_key(|k| k.number);
        Self(kinds.into())
    }
}
