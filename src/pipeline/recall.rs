//! Idempotency: a repeated request is known by its key, which is stored in the same commit as what it did.

use std::time::Duration;

use bytes::Bytes;
use strowger_primitive::{
    DocKey, Document, Expect, Fault, FaultKind, Key, KeyScope, Look, Name, Op, Operation, Outcome, OwnKey, Principal,
    Schema, Shown, Store, Time,
};

/// A key is remembered for so long.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a request with a key is remembered, and what it must be like.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    place: OwnKey,
    fingerprint: u64,
}

impl Recall {
    pub(super) fn new(key: &Key, principal: &Principal) -> Self {
        let (tenant, name) = (principal.tenant.as_str().as_bytes(), principal.name.as_str().as_bytes());
        match key.scope {
            KeyScope::Principal => {
                Self { place: OwnKey::new("recall", &[tenant, name, &key.bytes]), fingerprint: key.fingerprint }
            }
        }
    }

    /// What remembers the request: to be committed with what it did.
    pub(super) fn op(&self, about: Option<&DocKey>, now: Time) -> Op {
        let mut value = self.fingerprint.to_be_bytes().to_vec();
        if let Some(about) = about {
            value.extend_from_slice(&about.kind.to_be_bytes());
            value.extend_from_slice(about.tenant.as_str().as_bytes());
            value.push(0);
            value.extend_from_slice(about.name.as_str().as_bytes());
        }
        Op::Keep {
            key: self.place.clone(),
            expect: Expect::Absent,
            value: value.into(),
            expires: Some(now.plus(REMEMBERED)),
        }
    }

    /// The answer of the same request, where it was done before; `None`: it was not.
    pub(super) fn answer(
        &self,
        store: &dyn Store,
        look: &dyn Look,
        schema: &Schema,
        asked: &Asked,
    ) -> Result<Option<Outcome>, Fault> {
        let Some((_, kept)) = store.kept(&self.place).map_err(Fault::from)? else { return Ok(None) };
        let (fingerprint, about) = read(&kept).ok_or_else(|| Fault::internal("a kept key cannot be read"))?;
        if fingerprint != self.fingerprint {
            let text = "this idempotency key was used for another request; choose a new one";
            return Err(Fault::new(FaultKind::Conflict, "key-reused", text));
        }
        let document = about.as_ref().and_then(|about| {
            schema.numbered(about.kind).and_then(|kind| look.view(&about.tenant, kind).get(about.name.as_str()))
        });
        asked.again(document).map(Some)
    }
}

/// What of a request decides how its repetition is answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    sort: Sort,
    hidden: std::sync::Arc<[u16]>,
}

#[derive(Clone, Copy, Debug)]
enum Sort {
    Create,
    Update,
    Delete,
    /// With output that is shown once.
    Invoke {
        output: bool,
    },
}

impl Asked {
    pub(super) fn new(operation: &Operation, hidden: std::sync::Arc<[u16]>) -> Option<Self> {
        let sort = match operation {
            Operation::Create(_) => Sort::Create,
            Operation::Update(..) => Sort::Update,
            Operation::Delete(..) => Sort::Delete,
            Operation::Invoke(_, action, _) => Sort::Invoke { output: !action.output.is_empty() },
            Operation::Read(_) | Operation::List(_) | Operation::Cancel(_) | Operation::Prove => return None,
        };
        Some(Self { sort, hidden })
    }

    fn again(&self, document: Option<std::sync::Arc<Document>>) -> Result<Outcome, Fault> {
        let shown = document.map(|document| Shown { document, hidden: std::sync::Arc::clone(&self.hidden) });
        match (self.sort, shown) {
            (Sort::Create, Some(shown)) if under_way(&shown.document) => Ok(Outcome::Accepted(shown)),
            (Sort::Create, Some(shown)) => Ok(Outcome::Created(shown)),
            (Sort::Delete, Some(shown)) if under_way(&shown.document) => Ok(Outcome::Accepted(shown)),
            (Sort::Delete, _) => Ok(Outcome::Done),
            (Sort::Invoke { output: true }, _) => {
                let text = "this was done before, and its answer was shown only then; ask with a new idempotency key";
                Err(Fault::new(FaultKind::Gone, "answer-not-kept", text))
            }
            (Sort::Update | Sort::Invoke { output: false }, Some(shown)) => Ok(Outcome::Document(shown)),
            (Sort::Create | Sort::Update | Sort::Invoke { output: false }, None) => {
                let text = "this was done before, and what it made or changed is there no more";
                Err(Fault::new(FaultKind::Gone, "no-longer-there", text))
            }
        }
    }
}

/// Whether what was asked for goes on: an order that has not ended, a service that is being made or ended.
pub(super) fn under_way(document: &Document) -> bool {
    use strowger_kinds::{order, service};
    let state = |field| document.fields.choice(field);
    if document.kind == &order::DECL {
        state(&order::STATE).is_some_and(|state| !order::ended(state))
    } else {
        document.kind == &service::DECL && matches!(state(&service::STATE), Some(service::RESERVED | service::INACTIVE))
    }
}

fn read(kept: &Bytes) -> Option<(u64, Option<DocKey>)> {
    let (fingerprint, rest) = kept.split_first_chunk::<8>()?;
    let fingerprint = u64::from_be_bytes(*fingerprint);
    if rest.is_empty() {
        return Some((fingerprint, None));
    }
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (tenant, name) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
    let (tenant, name) = (Name::new(tenant).ok()?, Name::new(name).ok()?);
    Some((fingerprint, Some(DocKey { tenant, kind: u16::from_be_bytes(*kind), name })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::Revision;

    #[test]
    fn what_is_kept_reads_back() {
        let named = |n| Name::new(n).unwrap();
        let principal = Principal {
            tenant: named("acme"),
            name: named("alice"),
            roles: [].into(),
            revision: Revision(1),
            method: "",
        };
        let key = Key { scope: KeyScope::Principal, bytes: b"7d1f".as_slice().into(), fingerprint: 7 };
        let recall = Recall::new(&key, &principal);
        let about = DocKey { tenant: named("acme"), kind: 15, name: named("demo-1") };
        for about in [Some(about), None] {
            let Op::Keep { value, expires, .. } = recall.op(about.as_ref(), Time(0)) else { panic!("it keeps") };
            assert_eq!(read(&value), Some((7, about)));
            assert_eq!(expires, Some(Time(86_400_000)));
        }
        assert_eq!(read(&Bytes::from_static(b"short")), None);
    }
}
