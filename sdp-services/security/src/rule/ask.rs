//! What is asked of the policies.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use strowger_primitive::{ActionDecl, Attributes, Class, KindDecl, Origin, Principal, Relation, Verb};

/// What is asked of the policies.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The verb.
    pub verb: Verb,
    /// Of what kind.
    pub kind: &'static KindDecl,
    /// The action of an invocation.
    pub action: Option<&'static ActionDecl>,
    /// How the principal stands to the target; without one, to the tenant that is spoken of: `Tenant` where it is its
    /// own, which is then narrowed to `Own` where policy gives no more.
    pub relation: Relation,
    /// The target; `None` for what is about to be made and for lists.
    pub target: Option<&'a Attributes>,
    /// Where the request came from.
    pub origin: &'a Origin,
    /// How pressing it is.
    pub class: Class,
}

impl Asked<'_> {
    /// The verb's or action's word.
    pub(crate) fn word(&self) -> &'static str {
        self.action.map_or(self.verb.word(), |action| action.name)
    }
}

/// A question of the decision table: nothing else decides what it may answer.
#[derive(Clone, Debug)]
pub(super) struct Question {
    who: Arc<Principal>,
    kind: u16,
    verb: Verb,
    action: u16,
    relation: Relation,
    confidential: bool,
    class: Class,
}

impl Question {
    pub(super) fn new(who: &Arc<Principal>, asked: &Asked<'_>, relation: Relation) -> Self {
        Self {
            who: Arc::clone(who),
            kind: asked.kind.number,
            verb: asked.verb,
            action: asked.action.map_or(0, |action| action.number),
            relation,
            confidential: asked.origin.confidential(),
            class: asked.class,
        }
    }

    fn what(&self) -> (u16, Verb, u16, Relation, bool, Class) {
        (self.kind, self.verb, self.action, self.relation, self.confidential, self.class)
    }
}

impl PartialEq for Question {
    /// Two proofs of a principal are one where nothing of it was changed between: its roles are those of its revision.
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Principal, b: &Principal| a.revision == b.revision && a.name == b.name && a.tenant == b.tenant;
        self.what() == other.what() && (Arc::ptr_eq(&self.who, &other.who) || same(&self.who, &other.who))
    }
}

impl Eq for Question {}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.what().hash(state);
        self.who.revision.hash(state);
        self.who.name.hash(state);
        self.who.tenant.hash(state);
    }
}
