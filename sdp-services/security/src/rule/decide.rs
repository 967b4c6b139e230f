//! Deciding: from the table where it can, by Cedar where it must.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet, Request,
    RestrictedExpression,
};
use strowger_kinds::principal::ROLE_NAMES;
use strowger_primitive::{Principal, Relation};

use super::ask::{Asked, Question};
use super::language::{action_id, class_word};
use super::load::Rules;
use crate::recent::Recent;

/// Decisions by question.
pub(super) type Decisions = Recent<Question, Verdict>;

/// What the policies say.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It is permitted.
    Permitted {
        /// By these.
        by: Arc<[Arc<str>]>,
        /// Fields that each of them hides.
        hidden: Arc<[u16]>,
    },
    /// It is forbidden, whatever permits it.
    Forbidden {
        /// By these.
        by: Arc<[Arc<str>]>,
    },
    /// Nothing permits it.
    Nothing,
}

/// A question could not be put to Cedar: a name is none of its language.
#[derive(Debug, thiserror::Error)]
#[error("the policies cannot be asked")]
pub(crate) struct Mute(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Rules {
    /// What the policies say of `asked` when the principal stands to it in `relation`.
    pub(crate) fn decide(&self, who: &Arc<Principal>, asked: &Asked<'_>, relation: Relation) -> Result<Verdict, Mute> {
        let question = Question::new(who, asked, relation);
        let kept = match self.table.get(&question) {
            Some(verdict) => verdict,
            None => {
                let verdict = self.evaluate(&self.plain, who, asked, relation)?;
                self.table.put(question, verdict.clone());
                verdict
            }
        };
        if self.live.is_empty() || matches!(kept, Verdict::Forbidden { .. }) {
            return Ok(kept);
        }
        Ok(kept.joined(self.evaluate(&self.live, who, asked, relation)?))
    }

    fn evaluate(
        &self,
        policies: &PolicySet,
        who: &Principal,
        asked: &Asked<'_>,
        relation: Relation,
    ) -> Result<Verdict, Mute> {
        let (request, entities) = put(who, asked, relation)?;
        let response = self.authorizer.is_authorized(&request, policies, &entities);
        let names = |ids: &mut dyn Iterator<Item = &PolicyId>| -> BTreeSet<Arc<str>> {
            ids.map(|id| Arc::from(AsRef::<str>::as_ref(id))).collect()
        };
        let by = names(&mut response.diagnostics().reason());
        // A policy that failed to run may have forbidden it. Validated ones fail only where a number overflows.
        let failed = names(&mut response.diagnostics().errors().map(|error| match error {
            cedar_policy::AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
        }));
        Ok(match response.decision() {
            _ if !failed.is_empty() => Verdict::Forbidden { by: failed.into_iter().collect() },
            Decision::Allow => {
                let hidden = self.hidden(&by, asked.kind.number);
                Verdict::Permitted { by: by.into_iter().collect(), hidden }
            }
            Decision::Deny if by.is_empty() => Verdict::Nothing,
            Decision::Deny => Verdict::Forbidden { by: by.into_iter().collect() },
        })
    }

    /// What all of the permits hide: one that shows a field is enough to see it.
    fn hidden(&self, permits: &BTreeSet<Arc<str>>, kind: u16) -> Arc<[u16]> {
        let each = permits.iter().map(|policy| self.hidden_by(policy, kind).collect::<BTreeSet<u16>>());
        each.reduce(|a, b| &a & &b).unwrap_or_default().into_iter().collect()
    }
}

impl Verdict {
    /// What two sets of policies say together.
    fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Permitted { by: a, hidden: x }, Self::Permitted { by: b, hidden: y }) => Self::Permitted {
                by: a.iter().chain(b.iter()).cloned().collect(),
                hidden: x.iter().copied().filter(|field| y.contains(field)).collect(),
            },
            (forbidden @ Self::Forbidden { .. }, _) | (_, forbidden @ Self::Forbidden { .. }) => forbidden,
            (permitted @ Self::Permitted { .. }, Self::Nothing)
            | (Self::Nothing, permitted @ Self::Permitted { .. }) => permitted,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// The question in Cedar's terms.
fn put(who: &Principal, asked: &Asked<'_>, relation: Relation) -> Result<(Request, Entities), Mute> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let caller = uid("Caller", &format!("{}/{}", who.tenant, who.name))?;
    let roles: HashSet<EntityUid> = who
        .roles
        .iter()
        .filter_map(|number| ROLE_NAMES.name_of(*number))
        .map(|role| uid("Role", role))
        .collect::<Result<_, _>>()?;
    let facts = [("name", text(who.name.as_str())), ("tenant", text(who.tenant.as_str()))];
    let asks = Entity::new(caller.clone(), facts.map(|(k, v)| (k.to_owned(), v)).into(), roles).map_err(mute)?;

    let resource = uid(&asked.kind.type_name(), "")?;
    let tenant = asked.target.map(|target| ("tenant", text(target.tenant.as_str())));
    let owner = asked.target.and_then(|target| target.owner.as_deref()).map(|owner| ("owner", text(owner)));
    let facts = tenant.into_iter().chain(owner).map(|(k, v)| (k.to_owned(), v)).collect();
    let thing = Entity::new(resource.clone(), facts, HashSet::new()).map_err(mute)?;

    let context = Context::from_pairs(
        [
            ("relation", RestrictedExpression::new_entity_uid(uid("Relation", relation.word())?)),
            ("confidential", RestrictedExpression::new_bool(asked.origin.confidential())),
            ("class", RestrictedExpression::new_entity_uid(uid("Class", class_word(asked.class))?)),
            ("protocol", text(asked.origin.protocol)),
        ]
        .map(|(k, v)| (k.to_owned(), v)),
    )
    .map_err(mute)?;
    // The group is all that a policy can ask of an action; the roles are the caller's own, and hold nothing.
    let action = uid("Action", &action_id(asked.kind, asked.word()))?;
    let done = Entity::new_no_attrs(action.clone(), [uid("Action", asked.verb.word())?].into());
    let request = Request::new(caller, action, resource, context, None).map_err(mute)?;
    let entities = Entities::from_entities([asks, thing, done], None).map_err(mute)?;
    Ok((request, entities))
}

fn uid(ty: &str, id: &str) -> Result<EntityUid, Mute> {
    let ty: EntityTypeName = ty.parse().map_err(mute)?;
    Ok(EntityUid::from_type_name_and_id(ty, EntityId::new(id)))
}

fn mute(why: impl std::error::Error + Send + Sync + 'static) -> Mute {
    Mute(Box::new(why))
}
