//! Idempotency: a repeated request is known by its key, which is stored in the same commit as what it did.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use strowger_primitive::{
    DocKey, Document, Expect, Fault, FaultKind, Fnv, Key, KeyScope, Look, Name, Op, Operation, Outcome, OwnKey,
    Principal, Schema, Shown, Store, Text, Time,
};
use strowger_security::Blind;

/// A key is remembered for so long.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a request with a key is remembered, and what it must be like.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    place: OwnKey,
    fingerprint: u64,
    blind: Blind,
    /// Who made what such a request makes.
    by: Text,
}

impl Recall {
    /// The request is the same only where it is about the same tenant, whichever way its door learnt that.
    pub(super) fn new(key: &Key, principal: &Principal, about: &Name, blind: &Blind) -> Self {
        let (tenant, name) = (principal.tenant.as_str().as_bytes(), principal.name.as_str().as_bytes());
        let place = match key.scope {
            KeyScope::Principal => OwnKey::new("recall", &[tenant, name, &key.bytes]),
        };
        let mut fingerprint = Fnv(key.fingerprint);
        fingerprint.add(about.as_str().as_bytes());
        Self { place, fingerprint: fingerprint.0, blind: blind.clone(), by: principal.maker(about) }
    }

    /// What remembers the request: to be committed with what it did.
    pub(super) fn op(&self, about: Option<&DocKey>, now: Time) -> Op {
        // A request may hold a secret, and what it is hashed to would tell which one, to whoever has the disk.
        let fingerprint = self.blind.of(self.fingerprint);
        let value = about.map_or_else(
            || fingerprint.to_vec(),
            |DocKey { kind, tenant, name }| {
                let (tenant, name) = (tenant.as_str().as_bytes(), name.as_str().as_bytes());
                [&fingerprint[..], &kind.to_be_bytes(), tenant, &[0], name].concat()
            },
        );
        Op::Keep {
            key: self.place.clone(),
            expect: Expect::Absent,
            value: value.into(),
            expires: Some(now.plus(REMEMBERED)),
        }
    }

    /// The answer of the same request, where it was done before; `None`: it was not.
    pub(super) async fn answer(
        &self,
        store: &dyn Store,
        look: &dyn Look,
        schema: &Schema,
        asked: &Asked,
    ) -> Result<Option<Outcome>, Fault> {
        let Some((revision, kept)) = store.kept(&self.place).map_err(Fault::from)? else { return Ok(None) };
        let (fingerprint, about) = read(&kept).ok_or_else(|| Fault::internal("a kept key cannot be read"))?;
        if !self.blind.is_of(&fingerprint, self.fingerprint) {
            let text = "this idempotency key was used for another request; choose a new one";
            return Err(Fault::new(FaultKind::Conflict, "key-reused", text));
        }
        let shown = || {
            let about = about.as_ref()?;
            look.get(&about.tenant, schema.numbered(about.kind)?, about.name.as_str())
        };
        let mut document = shown();
        if about.is_some() && document.as_ref().is_none_or(|document| document.revision() < revision) {
            // The key can be read a moment before the views show its commit: behind an empty one they do.
            store.commit(Vec::new()).await?;
            document = shown();
        }
        // What has the name of what was made may be another's by now, and is not to be shown.
        let own = |document: &Arc<Document>| document.created_by().is_some_and(|by| *by == self.by);
        asked.again(document.filter(|document| !matches!(asked.sort, Sort::Create) || own(document))).map(Some)
    }
}

/// What of a request decides how its repetition is answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    sort: Sort,
    hidden: Arc<[u16]>,
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
    pub(super) fn new(operation: &Operation, hidden: Arc<[u16]>) -> Option<Self> {
        let sort = match operation {
            Operation::Create(_) => Sort::Create,
            Operation::Update(..) => Sort::Update,
            Operation::Delete(..) => Sort::Delete,
            Operation::Invoke(_, action, _) => Sort::Invoke { output: !action.output.is_empty() },
            Operation::Read(_) | Operation::List(_) | Operation::Cancel(_) | Operation::Prove => return None,
        };
        Some(Self { sort, hidden })
    }

    fn again(&self, document: Option<Arc<Document>>) -> Result<Outcome, Fault> {
        let shown = document.map(|document| Shown { document, hidden: Arc::clone(&self.hidden) });
        match (self.sort, shown) {
            (Sort::Create, Some(shown)) if under_way(&shown.document) => Ok(Outcome::Accepted(shown)),
            (Sort::Create, Some(shown)) => Ok(Outcome::Created(shown)),
            (Sort::Delete, Some(shown)) if under_way(&shown.document) => Ok(Outcome::Accepted(shown)),
            (Sort::Delete, None) => Ok(Outcome::Done),
            (Sort::Delete, Some(_)) => {
                let text = "this was asked before, and what it was to remove is there: still or again; read it, and \
                            ask with a new idempotency key";
                Err(Fault::new(FaultKind::Conflict, "still-there", text))
            }
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

fn read(kept: &Bytes) -> Option<([u8; 8], Option<DocKey>)> {
    let (fingerprint, rest) = kept.split_first_chunk::<8>()?;
    if rest.is_empty() {
        return Some((*fingerprint, None));
    }
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (tenant, name) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
    let (tenant, name) = (Name::new(tenant).ok()?, Name::new(name).ok()?);
    Some((*fingerprint, Some(DocKey { tenant, kind: u16::from_be_bytes(*kind), name })))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use strowger_kinds::service;
    use strowger_primitive::{BoxFuture, CommitError, Committed, KindDecl, Log, Revision, Value, View, Watch, common};

    fn blind() -> Blind {
        Blind::new(&[[7; 32]]).unwrap()
    }

    #[test]
    fn what_is_kept_reads_back() {
        let named = |n| Name::new(n).unwrap();
        let principal = Principal {
            tenant: named("acme"),
            name: named("alice"),
            roles: [].into(),
            revision: Revision(1),
            method: "",
            until: None,
        };
        let key = Key { scope: KeyScope::Principal, bytes: b"7d1f".as_slice().into(), fingerprint: 7 };
        let new = |about| Recall::new(&key, &principal, &named(about), &blind());
        let recall = new("acme");
        assert_ne!(recall.fingerprint, new("other").fingerprint);
        let about = DocKey { tenant: named("acme"), kind: 15, name: named("demo-1") };
        for about in [Some(about), None] {
            let Op::Keep { value, expires, .. } = recall.op(about.as_ref(), Time(0)) else { panic!("it keeps") };
            assert_eq!(read(&value), Some((blind().of(recall.fingerprint), about)));
            assert_eq!(expires, Some(Time(86_400_000)));
        }
        assert_eq!(read(&Bytes::from_static(b"short")), None);
    }

    fn service(state: u32, revision: u64) -> Document {
        let mut service = Document::new(&service::DECL);
        service.fields.set_text(&common::NAME, "demo-1");
        service.fields.set(&common::REVISION, Value::Uint(revision));
        service.fields.set_text(&common::CREATED_BY, "alice");
        service.fields.set(&service::STATE, Value::Enum(state));
        service
    }

    fn asked(sort: Sort) -> Asked {
        Asked { sort, hidden: [].into() }
    }

    #[test]
    fn what_was_to_go_and_is_there_is_not_said_to_be_gone() {
        let again = |document: Option<Document>| asked(Sort::Delete).again(document.map(Arc::new));
        assert!(matches!(again(None), Ok(Outcome::Done)));
        assert!(matches!(again(Some(service(service::INACTIVE, 1))), Ok(Outcome::Accepted(_))));
        let fault = again(Some(service(service::ACTIVE, 1))).unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Conflict, "still-there"));
    }

    /// Its key can be read; its document only behind the next commit.
    struct Late(Bytes, Mutex<Vec<Arc<Document>>>);

    impl Store for Late {
        fn commit(&self, ops: Vec<Op>) -> BoxFuture<'static, Result<Committed, CommitError>> {
            assert!(ops.is_empty());
            *self.1.lock().unwrap() = vec![Arc::new(service(service::RESERVED, 9))];
            Box::pin(std::future::ready(Ok(Committed::default())))
        }

        fn kept(&self, _: &OwnKey) -> Result<Option<(Revision, Bytes)>, CommitError> {
            Ok(Some((Revision(9), self.0.clone())))
        }

        fn kept_under(
            &self,
            _: &OwnKey,
            _: Option<&OwnKey>,
            _: usize,
        ) -> Result<Vec<(OwnKey, Revision, Bytes)>, CommitError> {
            Ok(Vec::new())
        }

        fn read_log(&self, _: Log, _: u64, _: usize) -> Result<Vec<(u64, Bytes)>, CommitError> {
            Ok(Vec::new())
        }

        fn log_end(&self, _: Log) -> u64 {
            0
        }
    }

    impl Look for Late {
        fn view(&self, _: &Name, _: &'static KindDecl) -> Arc<dyn View> {
            let named = |d: &Arc<Document>| Some((d.name()?, Arc::clone(d)));
            Arc::new(self.1.lock().unwrap().iter().filter_map(named).collect::<std::collections::BTreeMap<_, _>>())
        }

        fn watch(&self, _: &DocKey) -> Watch {
            Watch::new(tokio::sync::watch::channel(None).1)
        }
    }

    #[tokio::test]
    async fn a_key_that_is_seen_before_its_document_waits_for_it() {
        let tenant = Name::new("acme").unwrap();
        let about = DocKey { tenant, kind: service::DECL.number, name: Name::new("demo-1").unwrap() };
        let (place, by) = (OwnKey::new("recall", &[]), "alice".into());
        let recall = Recall { place, fingerprint: 7, blind: blind(), by };
        let Op::Keep { value, .. } = recall.op(Some(&about), Time(0)) else { panic!("it keeps") };
        for before in [vec![], vec![Arc::new(service(service::TERMINATED, 3))]] {
            let late = Late(value.clone(), Mutex::new(before));
            let again = recall.answer(&late, &late, &strowger_kinds::all(), &asked(Sort::Create)).await;
            let Ok(Some(Outcome::Accepted(shown))) = again else { panic!("{again:?}") };
            assert_eq!(shown.document.revision(), Revision(9));
        }
    }
}
