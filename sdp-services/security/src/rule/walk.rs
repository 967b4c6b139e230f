//! A walk through a policy: what it asks, and whether the decision table can answer for it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::language::{KEYED, Language};

/// What a policy asks.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// It asks more than the table is keyed by: what, as `context.protocol`.
    pub(super) live: BTreeSet<String>,
    /// Single things of a kind it names. What is asked for has no name here, so it would never hold.
    pub(super) named: BTreeSet<String>,
}

/// Walks through the JSON form of a policy.
pub(super) fn walk(policy: &Value, language: &Language) -> Seen {
    let mut seen = Seen::default();
    step(policy, language, &mut seen);
    seen
}

fn step(at: &Value, language: &Language, seen: &mut Seen) {
    match at {
        Value::Object(map) => {
            if let Some(access) = map.get(".").or_else(|| map.get("has"))
                && let Some(variable) = access.pointer("/left/Var").and_then(Value::as_str)
                && let Some(attribute) = access.get("attr").and_then(Value::as_str)
            {
                let keyed = match variable {
                    "context" => KEYED.contains(&attribute),
                    "resource" => false,
                    _ => true,
                };
                if !keyed {
                    seen.live.insert(format!("{variable}.{attribute}"));
                }
                return;
            }
            if let Some(variable) = map.get("Var").and_then(Value::as_str) {
                if matches!(variable, "context" | "resource") {
                    seen.live.insert(variable.to_owned());
                }
                return;
            }
            // `resource is Order` asks what the action says already.
            if let Some(is) = map.get("is") {
                if is.pointer("/left/Var").and_then(Value::as_str) != Some("resource") || is.get("in").is_some() {
                    step(is, language, seen);
                }
                return;
            }
            let named = (map.get("type").and_then(Value::as_str), map.get("id").and_then(Value::as_str));
            if let (Some(ty), Some(id)) = named
                && language.kind_of(ty).is_some()
            {
                seen.named.insert(format!("{ty}::{id:?}"));
            }
            map.values().for_each(|inner| step(inner, language, seen));
        }
        Value::Array(list) => list.iter().for_each(|inner| step(inner, language, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
