//! Checking a policy before it counts: grammar, types, annotations, and whether it is live.

use cedar_policy::{ActionConstraint, Effect, Policy, PolicyId, PolicySet, ValidationMode, Validator};
use strowger_primitive::Schema;

use super::language::Language;
use super::walk::walk;

/// What was found out about a text of policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFacts {
    /// How many policies it holds.
    pub policies: usize,
    /// Those that ask more than the decision table keeps, so that they run for each request, and what they ask.
    pub live: Vec<String>,
}

/// Checks a text of policies against the schema.
///
/// # Errors
/// All that is wrong with it.
pub fn check_policy(text: &str, schema: &Schema) -> Result<PolicyFacts, Vec<String>> {
    let language = Language::new(schema.clone()).map_err(|e| vec![e.to_string()])?;
    check(text, &language)
}

/// Checks a text of policies.
pub(crate) fn check(text: &str, language: &Language) -> Result<PolicyFacts, Vec<String>> {
    let set: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
        errors.iter().map(|error| in_words(error, text)).collect::<Vec<_>>()
    })?;
    let mut wrong = Vec::new();
    if set.templates().next().is_some() {
        wrong.push("templates have no use here: write policies without ?principal and ?resource".to_owned());
    }
    let result = Validator::new(language.cedar.clone()).validate(&set, ValidationMode::Strict);
    wrong.extend(result.validation_errors().map(ToString::to_string));
    let mut facts = PolicyFacts { policies: set.policies().count(), live: Vec::new() };
    if facts.policies == 0 && wrong.is_empty() {
        wrong.push("it holds no policy".to_owned());
    }
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| place(policy.id()));
    for policy in policies {
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        if let ActionConstraint::Eq(action) = policy.action_constraint()
            && !action.id().unescaped().contains('.')
        {
            // Cedar takes it: a group is an action, too, but nobody ever asks for one.
            wrong.push(format!(
                "policy {name}: action == {action} is never true, since that is a group of actions: write action in \
                 {action}, or one action as Action::\"service.delete\""
            ));
        }
        match policy.to_json() {
            Ok(json) => {
                let seen = walk(&json, language);
                wrong.extend(
                    seen.named
                        .iter()
                        .map(|one| format!("policy {name}: {one}: policies speak of kinds, not of single things")),
                );
                if !seen.live.is_empty() {
                    let asks: Vec<_> = seen.live.into_iter().collect();
                    facts.live.push(format!("{name} asks {}", asks.join(", ")));
                }
            }
            Err(error) => wrong.push(format!("policy {name}: {error}")),
        }
        match hidden(policy, language) {
            Ok(hidden) if !hidden.is_empty() && policy.effect() == Effect::Forbid => {
                wrong.push(format!("policy {name}: @hide stands on permits only"));
            }
            Ok(_) => {}
            Err(unknown) => wrong.push(format!("policy {name}: @hide: there is no field {unknown:?}")),
        }
    }
    if wrong.is_empty() { Ok(facts) } else { Err(wrong) }
}

/// Whether it is live, by its JSON form. What cannot be told is.
pub(super) fn live(policy: &Policy, language: &Language) -> bool {
    policy.to_json().map_or(true, |json| !walk(&json, language).live.is_empty())
}

/// The fields that `@hide("service.endpoint, service.message")` names, by kind and number; else the one that is none.
pub(super) fn hidden(policy: &Policy, language: &Language) -> Result<Vec<(u16, u16)>, String> {
    let words = policy.annotation("hide").unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty());
    words
        .map(|word| {
            let (kind, field) = word.split_once('.').ok_or(word)?;
            let kind = language.schema.kinds().find(|k| k.name == kind).ok_or(word)?;
            let field = kind.fields().find(|f| f.name == field).ok_or(word)?;
            Ok((kind.number, field.number))
        })
        .collect::<Result<_, &str>>()
        .map_err(str::to_owned)
}

/// Cedar numbers policies in their order: `policy0`, `policy1`.
pub(super) fn place(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    id.strip_prefix("policy").and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}

/// A mistake of grammar with its line.
fn in_words(error: &cedar_policy::ParseError, text: &str) -> String {
    use miette::Diagnostic as _;
    let line = error
        .labels()
        .and_then(|mut labels| labels.next())
        .and_then(|label| text.get(..label.offset()))
        .map(|before| before.matches('\n').count() + 1);
    match line {
        Some(line) => format!("line {line}: {error}"),
        None => error.to_string(),
    }
}
