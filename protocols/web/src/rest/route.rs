//! Paths: `/v1/{plural}`, `/v1/{plural}/{name}`, `/v1/{plural}/{name}/{action}`.

use std::borrow::Cow;

use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use strowger_primitive::{ActionDecl, Fault, FaultKind, Index, Indexed, KindDecl, Name, Ref, Schema, Verb};

use super::call::Call;
use super::params::decode;
use crate::problem::{Problem, Reply};
use crate::respond::allowed;

/// What a path speaks of.
#[derive(Debug)]
pub(super) enum Place {
    All(&'static KindDecl),
    One(Ref),
    Action(Ref, &'static ActionDecl),
}

/// Finds what a path speaks of.
pub(super) fn find(schema: &Schema, path: &str) -> Result<Place, Problem> {
    let nothing = || Problem::new(StatusCode::NOT_FOUND, "no-such-path", "nothing is here; / says where things are");
    let mut parts = path.strip_prefix("/v1/").ok_or_else(nothing)?.split('/');
    let kind = parts.next().and_then(|plural| schema.plural(plural)).ok_or_else(nothing)?;
    let (index, action, more) = (parts.next(), parts.next(), parts.next());
    if more.is_some() {
        return Err(nothing());
    }
    let Some(index) = index else { return Ok(Place::All(kind)) };
    let action = match action {
        None => None,
        Some(name) => Some(kind.actions.iter().find(|action| action.name == name).ok_or_else(nothing)?),
    };
    let target = Ref { kind, index: index_of(kind, index)? };
    Ok(match action {
        None => Place::One(target),
        Some(action) => Place::Action(target, action),
    })
}

/// What is no name or number is the name of nothing.
fn index_of(kind: &'static KindDecl, said: &str) -> Result<Index, Problem> {
    let said = decode(said).unwrap_or(Cow::Borrowed(""));
    let index = match kind.indexed {
        Indexed::Name => Name::new(&said).ok().map(Index::Name),
        Indexed::Sequence => said.parse().ok().map(Index::Sequence),
    };
    index.ok_or_else(|| {
        let public = format!("no {} can have that name", kind.name);
        Problem::of(&Fault::new(FaultKind::NotFound, kind.missing, public), &[])
    })
}

impl Place {
    /// What a method asks for here.
    pub(super) fn call(&self, method: &Method) -> Result<Call, Problem> {
        let read = *method == Method::GET || *method == Method::HEAD;
        let call = match self {
            Self::All(kind) if read && kind.has(Verb::List) => Some(Call::List(kind)),
            Self::All(kind) if *method == Method::POST && kind.has(Verb::Create) => Some(Call::Create(kind)),
            Self::One(target) if read && target.kind.has(Verb::Read) => Some(Call::Read(target.clone())),
            Self::One(target) if *method == Method::PATCH && target.kind.has(Verb::Update) => {
                Some(Call::Update(target.clone()))
            }
            Self::One(target) if *method == Method::DELETE && target.kind.has(Verb::Delete) => {
                Some(Call::Delete(target.clone()))
            }
            Self::Action(target, action) if *method == Method::POST => Some(Call::Invoke(target.clone(), action)),
            Self::All(_) | Self::One(_) | Self::Action(..) => None,
        };
        call.ok_or_else(|| {
            let detail = format!("{} is not allowed here", method.as_str());
            self.allow(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail), method)
        })
    }

    /// Tells which methods are allowed beside the one refused.
    pub(super) fn allow(&self, problem: Problem, refused: &Method) -> Problem {
        let methods: Vec<_> = self.methods().filter(|method| *method != refused.as_str()).collect();
        problem.with(header::ALLOW, &methods.join(", "))
    }

    /// The answer to `OPTIONS` (RFC 9110 §9.3.7, RFC 5789 §3.1).
    pub(super) fn options(&self) -> Reply {
        let methods: Vec<_> = self.methods().collect();
        let mut reply = allowed(&methods.join(", "));
        if methods.contains(&"PATCH") {
            reply.headers_mut().insert("accept-patch", HeaderValue::from_static(super::media::PATCHES));
        }
        if methods.contains(&"POST") {
            reply.headers_mut().insert("accept-post", HeaderValue::from_static(super::media::JSON));
        }
        reply
    }

    fn methods(&self) -> impl Iterator<Item = &'static str> {
        let has = |kind: &'static KindDecl, verb, methods: &'static [&'static str]| {
            if kind.has(verb) { methods } else { &[] }
        };
        const READ: &[&str] = &["GET", "HEAD"];
        let parts = match self {
            Self::All(kind) => [has(kind, Verb::List, READ), has(kind, Verb::Create, &["POST"]), &[]],
            Self::One(Ref { kind, .. }) => {
                [has(kind, Verb::Read, READ), has(kind, Verb::Update, &["PATCH"]), has(kind, Verb::Delete, &["DELETE"])]
            }
            Self::Action(..) => [&["POST"][..], &[], &[]],
        };
        parts.into_iter().flatten().copied().chain(["OPTIONS"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_and_what_is_none_is_not() {
        let schema = strowger_kinds::all();
        let found = |path: &str| find(&schema, path).map_err(|problem| problem.status().as_u16());
        assert!(matches!(found("/v1/orders"), Ok(Place::All(kind)) if kind.name == "order"));
        assert!(matches!(found("/v1/orders/demo-1"), Ok(Place::One(_))));
        assert!(matches!(found("/v1/orders/demo%2D1/cancel"), Ok(Place::Action(_, action)) if action.name == "cancel"));
        assert!(matches!(found("/v1/records/7"), Ok(Place::One(Ref { index: Index::Sequence(7), .. }))));
        for nothing in [
            "/v1",
            "/v1/",
            "/v2/orders",
            "/v1/order",
            "/v1/orders/",
            "/v1/orders/a/none",
            "/v1/orders/a/cancel/b",
            "/v1/orders/a%2Fb",
            "/v1/orders/%zz",
            "/v1/orders/A",
            "/v1/records/x",
            "/v1//orders",
            "//v1/orders",
            "",
        ] {
            assert!(matches!(found(nothing), Err(404)), "{nothing}");
        }
    }
}
