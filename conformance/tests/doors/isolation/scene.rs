//! Two tenants with the same furniture, and a little more in the other.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use strowger_conformance::{Gateway, Http, Place, hello, tenant};
use strowger_forms::json as form;
use strowger_kinds::{all, credential, order, policy};
use strowger_primitive::{Document, KindDecl, Type, Value as Field, Verb, common};

/// The asker's tenant, and the one nothing is ever seen of.
pub(super) const OWN: &str = "acme";
pub(super) const OTHER: &str = "other";
/// In the names of what only the other tenant has.
pub(super) const HIDDEN: &str = "only-other";

/// Where the things of a kind live, if not in every tenant.
pub(crate) fn home(kind: &'static KindDecl) -> Option<&'static str> {
    ["tenant", "policy", "provider"].contains(&kind.name).then_some("operator")
}

/// A document that can be made: what its kind requires, by its types. A principal is spoken of as `whose`.
pub(crate) fn document(kind: &'static KindDecl, name: &str, whose: &str) -> Document {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::NAME, name);
    for field in kind.fields().filter(|field| field.creatable() && field.required) {
        document.fields.set(field, example(&field.ty, whose));
    }
    match kind.name {
        "order" => document.fields.set_text(&order::OFFER, "plain"),
        "policy" => document.fields.set_text(&policy::CEDAR, "forbid (principal, action, resource) when { false };"),
        // Only a device's can be rotated.
        "credential" => document.fields.set(&credential::TYPE, Field::Enum(credential::DEVICE)),
        _ => {}
    }
    document
}

fn example(ty: &Type, whose: &str) -> Field {
    match ty {
        Type::Bool => Field::Bool(true),
        Type::Enum(decl) => Field::Enum(decl.values.first().map_or(1, |choice| choice.number)),
        Type::I32 { min, .. } => Field::Int(*min),
        Type::U32 { min, .. } => Field::Uint(u64::from(*min)),
        Type::U64 { .. } | Type::Duration { .. } => Field::Uint(1),
        Type::Decimal { .. } => Field::Decimal(1),
        Type::Bytes { .. } => Field::Bytes([1].into()),
        Type::Time => Field::Time(strowger_primitive::Time(0)),
        Type::Ref("principal") => Field::Text(whose.into()),
        Type::Ref("offer") => Field::Text("plain".into()),
        Type::Ref(kind) => Field::Text(format!("{kind}-thing").into()),
        Type::Text { .. } => Field::Text("x".into()),
        Type::Secret { .. } => Field::Secret(strowger_primitive::Secret::new("12345678")),
        Type::List { .. } => Field::List(Vec::new()),
        Type::Rows { .. } => Field::Rows([].into()),
        Type::Map { .. } => Field::Map([].into()),
        Type::Any { .. } => Field::Any(Box::new(strowger_primitive::Any::Null)),
    }
}

/// A document as HTTP takes it.
pub(super) fn written(document: &Document) -> Result<Value> {
    let mut body = Vec::new();
    form::write_document(document, &std::sync::Arc::from([]), None, &mut body);
    Ok(serde_json::from_slice(&body)?)
}

/// A gateway with both tenants: of each kind that can be made a `KIND-thing` in both and a `KIND-only-other` in the
/// other; a service with a process in each.
pub(super) fn furnished() -> Result<Gateway> {
    let gateway = Place::new()?.start()?;
    let mut operator = gateway.operator()?;
    operator.keep()?;
    for name in [OWN, OTHER] {
        tenant(&mut operator, name)?;
        operator.make(&format!("/v1/offers?tenant={name}"), &json!({ "name": "plain" }))?;
        operator.make(&format!("/v1/offers?tenant={name}"), &hello())?;
        let service = if name == OWN { "runs".to_owned() } else { format!("runs-{HIDDEN}") };
        operator.make(&format!("/v1/services?tenant={name}"), &json!({ "name": service, "offer": "hello" }))?;
    }
    for kind in all().kinds().filter(|kind| kind.has(Verb::Create)) {
        let mut make = |tenant: &str, name: &str| {
            let body = written(&document(kind, name, "reader"))?;
            operator.make(&format!("/v1/{}?tenant={tenant}", kind.plural), &body).map(drop)
        };
        let thing = format!("{}-thing", kind.name);
        match home(kind) {
            Some(home) => make(home, &thing)?,
            None => {
                make(OWN, &thing)?;
                make(OTHER, &thing)?;
                make(OTHER, &format!("{}-{HIDDEN}", kind.name))?;
            }
        }
    }
    Ok(gateway)
}

/// One that the tenant has and no other: a name or a number.
pub(super) fn only_in(operator: &mut Http, kind: &'static KindDecl, tenant: &str, not_in: &str) -> Result<String> {
    let mut of = |tenant: &str| -> Result<Vec<String>> {
        let all = operator.get(&format!("/v1/{}?limit=1000&tenant={tenant}", kind.plural))?.json()?;
        let items = all["items"].as_array().context("no items")?;
        let index = |item: &Value| match item.get("sequence") {
            Some(sequence) => sequence.to_string().trim_matches('"').to_owned(),
            None => item["name"].as_str().unwrap_or_default().to_owned(),
        };
        Ok(items.iter().map(index).collect())
    };
    let others = of(not_in)?;
    let found = of(tenant)?.into_iter().find(|one| !others.contains(one));
    found.with_context(|| format!("no {} that only {tenant} has", kind.name))
}
