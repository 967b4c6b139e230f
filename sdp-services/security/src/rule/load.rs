//! Loading the policies that count into rules ready to decide by.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use cedar_policy::{Authorizer, Effect, Policy, PolicyId, PolicySet, PolicySetError};
use strowger_kinds::policy;
use strowger_primitive::{Document, Look, Name, Revision, Text};

use super::check::{hidden, live, place};
use super::decide::Decisions;
use super::language::Language;
use crate::recent::Recent;

/// The policies that count, and the decisions made by them so far.
pub(crate) struct Rules {
    /// Which policies these are, and at what revision.
    pub(crate) seen: Vec<(Name, Revision)>,
    /// Those the table may answer for.
    pub(super) plain: PolicySet,
    /// Those that run for each request.
    pub(super) live: PolicySet,
    /// What permits hide, by policy: kind and field numbers.
    pub(super) hides: BTreeMap<String, Vec<(u16, u16)>>,
    /// Cedar's own.
    pub(super) authorizer: Authorizer,
    /// What was decided.
    pub(super) table: Decisions,
}

/// A stored text of policies.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) name: Name,
    pub(crate) revision: Revision,
    pub(crate) enabled: bool,
    pub(crate) cedar: Text,
}

/// A stored policy that cannot be used. It must not be left out: it may forbid something.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is no Cedar.
    #[error("policy {name}: {why}")]
    Unreadable {
        /// The document.
        name: Name,
        /// What is wrong with it.
        why: String,
    },
    /// Two policies have one name.
    #[error("policy {name}")]
    Twice {
        /// The document.
        name: Name,
        /// Which.
        #[source]
        why: Box<PolicySetError>,
    },
}

/// The stored policies.
pub(crate) fn written(look: &dyn Look) -> Vec<Written> {
    let mut all = Vec::new();
    look.view(Name::operator(), &policy::DECL).each(None, &mut |document| {
        all.extend(Written::of(document));
        true
    });
    all
}

impl Written {
    /// The text that a document of kind policy holds.
    pub(crate) fn of(document: &Document) -> Option<Self> {
        Some(Self {
            name: document.name()?,
            revision: document.revision(),
            enabled: document.fields.bool(&policy::ENABLED).unwrap_or(true),
            cedar: Arc::clone(document.fields.text(&policy::CEDAR)?),
        })
    }
}

impl Rules {
    /// The rules of stored policies, with a table of at most `decisions`.
    pub(crate) fn load(all: &[Written], language: &Language, decisions: usize) -> Result<Self, PolicyError> {
        let mut rules = Self {
            seen: all.iter().map(|written| (written.name.clone(), written.revision)).collect(),
            plain: PolicySet::new(),
            live: PolicySet::new(),
            hides: BTreeMap::new(),
            authorizer: Authorizer::new(),
            table: Recent::new(decisions),
        };
        for written in all.iter().filter(|written| written.enabled) {
            rules.add(written, language)?;
        }
        Ok(rules)
    }

    fn add(&mut self, written: &Written, language: &Language) -> Result<(), PolicyError> {
        let name = || written.name.clone();
        let set: PolicySet = written
            .cedar
            .parse()
            .map_err(|why: cedar_policy::ParseErrors| PolicyError::Unreadable { name: name(), why: why.to_string() })?;
        for policy in set.policies() {
            let id = id_of(&written.name, policy, set.num_of_policies());
            let policy = policy.new_id(PolicyId::new(&id));
            let hides = hidden(&policy, language)
                .map_err(|word| PolicyError::Unreadable { name: name(), why: format!("@hide: no field {word:?}") })?;
            if policy.effect() == Effect::Permit && !hides.is_empty() {
                self.hides.insert(id, hides);
            }
            let into = if live(&policy, language) { &mut self.live } else { &mut self.plain };
            into.add(policy).map_err(|why| PolicyError::Twice { name: name(), why: Box::new(why) })?;
        }
        Ok(())
    }

    /// The fields of a kind that a permit hides.
    pub(super) fn hidden_by(&self, policy: &str, kind: u16) -> impl Iterator<Item = u16> {
        let hides = self.hides.get(policy).map_or(&[][..], Vec::as_slice);
        hides.iter().filter(move |(of, _)| *of == kind).map(|(_, field)| *field)
    }
}

/// How records name a policy: its document, and which of several it is.
fn id_of(document: &Name, policy: &Policy, of: usize) -> String {
    let mut id = document.to_string();
    // Writing to a string cannot fail.
    let _ = match policy.annotation("id") {
        Some(word) => write!(id, "/{word}"),
        None if of > 1 => write!(id, "/{}", place(policy.id()).saturating_add(1)),
        None => Ok(()),
    };
    id
}
