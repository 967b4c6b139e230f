//! The whole way of a request, over the real rooms and a store in memory.

use std::net::SocketAddr;

use strowger_core::Core;
use strowger_driver::System;
use strowger_kinds::record::Scribe;
use strowger_kinds::{offer, order, policy, principal, record, service, tenant};
use strowger_primitive::{
    Claim, Deadline, Document, Fields, Key, KeyScope, KindDecl, Log, Origin, Patch, Path, Query, Secret, Text, Trace,
    Transport, Value, authorities, common,
};
use strowger_records::{Origin as LogOrigin, Records, Seal};
use strowger_stores::Embedded;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::*;

const SECRET: &str = "operator-secret";

/// A gateway without doors.
struct House {
    pipeline: Pipeline,
    store: Arc<Embedded>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let world: Arc<dyn World> = Arc::new(System);
        let schema = strowger_kinds::all();
        let key = Arc::new(strowger_records::Key::generate().unwrap());
        let seal = Seal::new(Arc::clone(&key), "test", &[Log::AUDIT]).unwrap();
        let store = Embedded::in_memory(schema.clone(), Box::new(seal), Arc::clone(&world));
        let (kept, look): (Arc<dyn Store>, Arc<dyn Look>) = (Arc::clone(&store) as _, Arc::clone(&store) as _);
        let scribe = Scribe::new("test", world.mono(), 1);
        let both = authorities();
        let mut options = strowger_security::Options {
            operator_secret_file: Some(secret),
            master_key_file: Some(folder.path().join("master.key")),
            ..Default::default()
        };
        options.argon2.memory = 64;
        options.argon2.passes = 1;
        let security = Security::open(
            &options,
            both.security,
            schema.clone(),
            Arc::clone(&kept),
            Arc::clone(&look),
            Arc::clone(&world),
        )
        .unwrap();
        assert!(security.first_start().await.unwrap().is_none());
        let core = Core::new(
            strowger_core::Options::default(),
            schema.clone(),
            Arc::clone(&kept),
            Arc::clone(&look),
            Arc::clone(&world),
            scribe.clone(),
            Vec::new(),
        );
        core.recover().await.unwrap();
        let verifier = key.verifier(&LogOrigin::new("test", Log::AUDIT).unwrap());
        let records = Arc::new(Records::new(Arc::clone(&kept), Arc::clone(&world), verifier));
        let recorder = Arc::new(Recorder::new(scribe, Arc::clone(&world), Arc::clone(&kept)));
        let pipeline = Pipeline::new(Parts {
            authority: both.pipeline,
            schema,
            keepers: vec![core as _, Arc::clone(&security) as _, records as _],
            security,
            recorder,
            store: kept,
            look,
            world,
            gate: gate::Options::default(),
            admit: admit::Options::default(),
        });
        let house = Self { pipeline, store, _folder: folder };
        for name in ["acme", "other"] {
            let made = house.ask(house.request(Operation::Create(named(&tenant::DECL, name)))).await;
            assert!(matches!(made, Ok(Outcome::Created(_))), "{made:?}");
        }
        let mut shared = house.request(Operation::Create(named(&offer::DECL, "plain")));
        shared.tenant = Name::new(strowger_primitive::SHARED).ok();
        assert!(house.ask(shared).await.is_ok());
        house
    }

    fn request(&self, operation: Operation) -> Request {
        let now = self.pipeline.now();
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let peer = Peer { address, listener: "test".into(), transport: Transport::Tcp };
        Request {
            id: self.pipeline.new_id(self.pipeline.now()),
            trace: Trace::default(),
            origin: Origin { protocol: "test", peer, transport: Transport::Tcp },
            claim: Claim::Password { principal: "operator".into(), secret: Secret::new(SECRET) },
            tenant: None,
            key: None,
            deadline: Deadline(now.mono + Duration::from_secs(30)),
            patience: Duration::ZERO,
            unlike: None,
            permit: Permit::default(),
            operation,
        }
    }

    async fn ask(&self, request: Request) -> Result<Outcome, Fault> {
        self.pipeline.ask(request).last().await
    }

    fn order(&self, name: &str, key: Option<(&str, u64)>) -> Request {
        let mut document = named(&order::DECL, name);
        document.fields.set_text(&order::OFFER, "plain");
        let mut request = self.request(Operation::Create(document));
        let of = |(bytes, fingerprint): (&str, u64)| Key {
            scope: KeyScope::Principal,
            bytes: bytes.as_bytes().into(),
            fingerprint,
        };
        request.key = key.map(of);
        request
    }

    fn orders(&self) -> usize {
        self.store.view(&Name::new("operator").unwrap(), &order::DECL).len()
    }
}

fn named(kind: &'static KindDecl, name: &str) -> Document {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::NAME, name);
    document
}

fn target(kind: &'static KindDecl, name: &str) -> Ref {
    Ref { kind, index: Index::Name(Name::new(name).unwrap()) }
}

fn label(text: &str) -> Patch {
    let value = Value::Text(Text::from(text));
    Patch(vec![(Path::whole(common::LABEL.number), strowger_primitive::Change::Set(value))])
}

#[tokio::test]
async fn a_request_that_is_repeated_is_done_once() {
    let house = House::new().await;
    let first = house.ask(house.order("one", Some(("k", 1)))).await.unwrap();
    let again = house.ask(house.order("one", Some(("k", 1)))).await.unwrap();
    let id = |outcome: &Outcome| outcome.document().and_then(|d| d.id());
    assert!(matches!(again, Outcome::Created(_)));
    assert_eq!(id(&first), id(&again));
    let other = house.ask(house.order("two", Some(("k", 2)))).await.unwrap_err();
    assert_eq!((other.kind, other.code), (FaultKind::Conflict, "key-reused"));
    let taken = house.ask(house.order("one", None)).await.unwrap_err();
    assert_eq!(taken.kind, FaultKind::Conflict, "without the key it is another request");
    assert_eq!(house.orders(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_that_come_together_are_one() {
    let house = House::new().await;
    for round in 0..20 {
        let name = format!("twin-{round}");
        let twin = |_| house.pipeline.ask(house.order(&name, Some((&name, 7)))).last();
        let twins: JoinSet<_> = (0..4).map(twin).collect();
        let mut ids = Vec::new();
        for end in twins.join_all().await {
            match end {
                Ok(outcome) => ids.push(outcome.document().and_then(|d| d.id())),
                Err(fault) => assert_eq!(fault.code, "same-request-under-way"),
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "round {round}");
    }
    assert_eq!(house.orders(), 20);
}

/// The request under the key `k`.
fn keyed(mut request: Request) -> Request {
    request.key = Some(Key { scope: KeyScope::Principal, bytes: b"k".as_slice().into(), fingerprint: 1 });
    request
}

#[tokio::test]
async fn what_was_removed_is_removed_when_it_is_asked_again() {
    let house = House::new().await;
    house.ask(house.request(Operation::Create(named(&offer::DECL, "gone")))).await.unwrap();
    let delete = || house.request(Operation::Delete(target(&offer::DECL, "gone"), None));
    for _ in 0..2 {
        let done = house.ask(keyed(delete())).await;
        assert!(matches!(done, Ok(Outcome::Done)), "{done:?}");
    }
    assert_eq!(house.ask(delete()).await.unwrap_err().kind, FaultKind::NotFound, "without the key it is another");
}

#[tokio::test]
async fn a_key_is_good_for_one_tenant() {
    let house = House::new().await;
    let of = |tenant, operation| {
        let mut request = house.request(operation);
        request.tenant = Name::new(tenant).ok();
        request
    };
    for tenant in ["acme", "other"] {
        house.ask(of(tenant, Operation::Create(named(&offer::DECL, "both")))).await.unwrap();
    }
    let delete = |tenant| house.ask(keyed(of(tenant, Operation::Delete(target(&offer::DECL, "both"), None))));
    assert!(matches!(delete("acme").await, Ok(Outcome::Done)));
    assert_eq!(delete("other").await.unwrap_err().code, "key-reused", "it is still there");
}

#[tokio::test]
async fn a_key_is_known_again_where_nothing_is_changed_or_the_request_fails() {
    let house = House::new().await;
    let made = house.ask(keyed(house.request(Operation::Create(named(&offer::DECL, "one"))))).await.unwrap();
    let other = |operation| {
        let mut other = keyed(house.request(operation));
        other.key.as_mut().unwrap().fingerprint = 2;
        house.ask(other)
    };
    let update = |patch| Operation::Update(target(&offer::DECL, "one"), None, patch);
    for operation in [update(Patch::default()), update(label("\u{1}")), Operation::Create(named(&order::DECL, "bad"))] {
        assert_eq!(other(operation).await.unwrap_err().code, "key-reused");
    }
    let read = house.ask(house.request(Operation::Read(target(&offer::DECL, "one")))).await.unwrap();
    assert_eq!(read.document().map(|d| d.revision()), made.document().map(|d| d.revision()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twin_is_not_told_that_the_revision_changed() {
    let house = House::new().await;
    for round in 0..20 {
        let name = format!("offer-{round}");
        let made = house.ask(house.request(Operation::Create(named(&offer::DECL, &name)))).await.unwrap();
        let held = made.document().map(|d| d.revision());
        let twin = || {
            let mut twin = house.request(Operation::Update(target(&offer::DECL, &name), held, label("new")));
            twin.key = Some(Key { scope: KeyScope::Principal, bytes: name.as_bytes().into(), fingerprint: 1 });
            house.pipeline.ask(twin).last()
        };
        let twins: JoinSet<_> = (0..4).map(|_| twin()).collect();
        for end in twins.join_all().await {
            assert!(matches!(end, Ok(Outcome::Document(_))), "round {round}: {end:?}");
        }
    }
}

#[tokio::test]
async fn what_is_settled_gives_its_place_back_though_it_waits_on() {
    use strowger_primitive::Settle as _;
    let house = House::new().await;
    let inner = &house.pipeline.0;
    let request = house.order("one", None);
    let leaves = Arc::new(Semaphore::new(1));
    let mut settling = Settling {
        store: Arc::clone(&inner.store),
        world: Arc::clone(&inner.world),
        recorder: Arc::clone(&inner.recorder),
        draft: Draft::new(&request, inner.world.mono()),
        recall: None,
        turn: Arc::default(),
        permit: Arc::clone(&leaves).try_acquire_owned().unwrap().into(),
    };
    assert_eq!(leaves.available_permits(), 0);
    settling.settle(Vec::new(), None).await.unwrap();
    assert_eq!(leaves.available_permits(), 1);
}

#[tokio::test]
async fn a_change_and_its_record_are_one_commit() {
    let house = House::new().await;
    let before = house.store.log_end(Log::AUDIT);
    house.ask(house.order("one", None)).await.unwrap();
    assert_eq!(house.store.log_end(Log::AUDIT), before + 1);
}

#[tokio::test]
async fn a_peer_that_leaves_stops_nothing() {
    let house = House::new().await;
    drop(house.pipeline.ask(house.order("one", None)));
    let name = Name::new("operator").unwrap();
    let mut watch =
        house.store.watch(&DocKey { tenant: name.clone(), kind: order::DECL.number, name: Name::new("one").unwrap() });
    while watch.now().is_none() {
        assert!(watch.changed().await);
    }
}

#[tokio::test]
async fn what_is_late_is_not_begun() {
    let house = House::new().await;
    let mut late = house.order("late", None);
    late.deadline = Deadline(house.pipeline.now().mono);
    assert_eq!(house.ask(late).await.unwrap_err().kind, FaultKind::Expired);
    assert_eq!(house.orders(), 0);
}

#[tokio::test]
async fn a_long_poll_ends_with_the_change() {
    let house = House::new().await;
    house.ask(house.order("one", None)).await.unwrap();
    let service = || target(&service::DECL, "one");
    let seen = house.ask(house.request(Operation::Read(service()))).await.unwrap();
    let held = seen.document().unwrap().revision();
    let mut poll = house.request(Operation::Read(service()));
    poll.unlike = Some(held);
    poll.patience = Duration::from_secs(20);
    let change = house.request(Operation::Update(service(), None, label("new")));
    let (polled, changed) = tokio::join!(house.ask(poll), house.ask(change));
    let (polled, changed) = (polled.unwrap(), changed.unwrap());
    assert_eq!(polled.document().unwrap().revision(), changed.document().unwrap().revision());
    assert!(polled.document().unwrap().revision() > held);

    let mut quiet = house.request(Operation::Read(service()));
    quiet.unlike = Some(polled.document().unwrap().revision());
    quiet.patience = Duration::from_millis(1);
    let same = house.ask(quiet).await.unwrap();
    assert_eq!(same.document().unwrap().revision(), polled.document().unwrap().revision());
}

#[tokio::test]
async fn a_long_poll_is_in_nobodys_way_and_shows_nothing_to_who_may_see_it_no_more() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    let acme = |operation| {
        let mut request = house.request(operation);
        request.tenant = Name::new("acme").ok();
        request
    };
    let made = house.ask(acme(Operation::Create(named(&offer::DECL, "seen")))).await.unwrap();
    let mut poll = acme(Operation::Read(target(&offer::DECL, "seen")));
    poll.claim = alice;
    poll.unlike = made.document().map(|document| document.revision());
    poll.patience = Duration::from_secs(20);
    let leaves = Arc::new(Semaphore::new(1));
    poll.permit = Arc::clone(&leaves).try_acquire_owned().unwrap().into();
    let meanwhile = async {
        let _given_back = leaves.acquire().await.unwrap();
        house.ask(acme(Operation::Delete(target(&principal::DECL, "alice"), None))).await.unwrap();
        house.ask(acme(Operation::Update(target(&offer::DECL, "seen"), None, label("new")))).await.unwrap();
    };
    let (polled, ()) = tokio::join!(house.ask(poll), meanwhile);
    assert_eq!(polled.unwrap_err().kind, FaultKind::Unauthenticated);
}

#[test]
fn who_lets_his_proof_go_leaves_a_record() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let house = House::new().await;
        let guess = |no| {
            let mut guess = house.request(Operation::List(Query::all(&order::DECL)));
            let secret = Secret::new(format!("a wrong guess {no}"));
            guess.claim = Claim::Password { principal: "operator".into(), secret };
            Box::pin(house.ask(guess))
        };
        // The one thread that proves is held up.
        let (go_on, held) = std::sync::mpsc::channel::<()>();
        let holds = tokio::task::spawn_blocking(move || held.recv().is_err());
        let mut answers: Vec<_> = (0..16).map(guess).collect();
        for answer in &mut answers {
            let poll = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await;
            assert!(poll.is_pending(), "it waits for its proof, or for its turn to be proven");
        }
        drop(answers);
        drop(go_on);
        assert!(holds.await.unwrap());
        let (stopper, stop) = Stop::new();
        stopper.pull();
        let before = house.store.log_end(Log::AUDIT);
        Arc::clone(&house.pipeline.0.recorder).run(stop).await;
        let left = house.store.read_log(Log::AUDIT, before, 32).unwrap().into_iter().filter(|(_, octets)| {
            let record = strowger_records::read_record(octets).unwrap();
            record.fields.text(&record::FAULT).is_some_and(|code| **code == *"left-unproven")
        });
        assert!(left.count() > 0);
    });
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_not_found_and_nothing_is_made_in_it() {
    let house = House::new().await;
    let mut request = house.request(Operation::Create(named(&offer::DECL, "lost")));
    request.tenant = Name::new("nowhere").ok();
    let fault = house.ask(request).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::NotFound, "tenant-not-found"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_a_challenge() {
    let house = House::new().await;
    let mut request = house.request(Operation::Prove);
    request.claim = Claim::Password { principal: "operator".into(), secret: Secret::new("wrong-secret") };
    let fault = house.ask(request).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated);
    assert!(fault.challenge.is_some());
    assert!(matches!(house.ask(house.request(Operation::Prove)).await, Ok(Outcome::Session(_))));
}

#[tokio::test]
async fn nothing_is_cancelled_that_is_not_under_way() {
    let house = House::new().await;
    let fault = house.ask(house.request(Operation::Cancel(Id(7)))).await.unwrap_err();
    assert_eq!(fault.code, "request-not-found");
}

/// A principal of acme, who may do what users may.
async fn user(house: &House, name: &str) -> Claim {
    use strowger_kinds::{credential, principal};
    let mut made = named(&principal::DECL, name);
    made.fields.set(&principal::ROLES, Value::List(vec![Value::Enum(3)]));
    let mut opens = named(&credential::DECL, name);
    opens.fields.set_text(&credential::PRINCIPAL, name);
    opens.fields.set(&credential::SECRET, Value::Secret(Secret::new("a good secret")));
    for document in [made, opens] {
        let mut request = house.request(Operation::Create(document));
        request.tenant = Name::new("acme").ok();
        house.ask(request).await.unwrap();
    }
    Claim::Password { principal: format!("{name}@acme").into(), secret: Secret::new("a good secret") }
}

#[tokio::test]
async fn nobody_learns_what_another_tenant_has_beside_what_is_shared() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    let ask = async |tenant: &str| {
        let mut request = house.request(Operation::Read(target(&offer::DECL, "plain")));
        request.claim = alice.clone();
        request.tenant = Name::new(tenant).ok();
        house.ask(request).await.map(drop).map_err(|fault| (fault.code, fault.public))
    };
    assert_eq!(ask("acme").await, Ok(()));
    let before = ask("other").await;
    assert_eq!(before.as_ref().unwrap_err().0, "offer-not-found");
    let mut own = house.request(Operation::Create(named(&offer::DECL, "plain")));
    own.tenant = Name::new("other").ok();
    house.ask(own).await.unwrap();
    assert_eq!(ask("other").await, before);
    assert_eq!(ask("nowhere").await, before);
    let mut near = house.request(Operation::Read(target(&offer::DECL, "plai")));
    near.tenant = Name::new("other").ok();
    let fault = house.ask(near).await.unwrap_err();
    assert!(fault.public.ends_with("did you mean \"plain\"?"), "operators are told: {}", fault.public);
}

#[tokio::test]
async fn an_order_does_no_more_than_policy_permits() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    let orders = async |name: &str, ends: Option<&str>| {
        let mut row = Fields::default();
        match ends {
            Some(service) => {
                row.set(&order::item::ACTION, Value::Enum(order::DELETE));
                row.set_text(&order::item::SERVICE, service);
            }
            None => row.set_text(&order::item::OFFER, "plain"),
        }
        let mut document = named(&order::DECL, name);
        document.fields.set(&order::ITEMS, Value::Rows([(1, row)].into()));
        let mut request = house.request(Operation::Create(document));
        request.claim = alice.clone();
        house.ask(request).await
    };
    orders("one", None).await.unwrap();
    let mut forbids = named(&policy::DECL, "nobody-ends");
    let cedar = "forbid (principal in Role::\"user\", action in Action::\"delete\", resource is Service);";
    forbids.fields.set_text(&policy::CEDAR, cedar);
    house.ask(house.request(Operation::Create(forbids))).await.unwrap();
    assert_eq!(orders("end", Some("one")).await.unwrap_err().code, "forbidden");
    assert_eq!(orders("end", Some("two")).await.unwrap_err().code, "service-not-found");
    orders("two", None).await.unwrap();
}

#[tokio::test]
async fn who_sees_his_own_learns_nothing_of_what_others_have() {
    let house = House::new().await;
    let (alice, bob) = (user(&house, "alice").await, user(&house, "bob").await);
    let ask = async |claim: &Claim, operation| {
        let mut request = keyed(house.request(operation));
        request.claim = claim.clone();
        house.ask(request).await
    };
    let made = || {
        let mut made = named(&service::DECL, "one");
        made.fields.set_text(&service::OFFER, "plain");
        Operation::Create(made)
    };
    assert!(matches!(ask(&bob, made()).await, Ok(Outcome::Created(_))));
    let mut delete = house.request(Operation::Delete(target(&service::DECL, "one"), None));
    delete.claim = bob.clone();
    assert!(matches!(house.ask(delete).await, Ok(Outcome::Done)));
    assert!(matches!(ask(&alice, made()).await, Ok(Outcome::Created(_))));
    assert_eq!(ask(&bob, made()).await.unwrap_err().code, "no-longer-there", "it is hers now");
    let near = ask(&bob, Operation::Read(target(&service::DECL, "on"))).await.unwrap_err();
    assert_eq!((near.code, &*near.public), ("service-not-found", "no service \"on\" in acme"));
}

#[tokio::test]
async fn what_is_hidden_neither_chooses_nor_orders_a_list() {
    let house = House::new().await;
    let mut hides = named(&strowger_kinds::policy::DECL, "hides");
    let cedar = "@hide(\"order.label\") permit (principal in Role::\"user\", action, resource is Order);";
    hides.fields.set_text(&strowger_kinds::policy::CEDAR, cedar);
    house.ask(house.request(Operation::Create(hides))).await.unwrap();
    let off = Patch(vec![(
        Path::whole(strowger_kinds::policy::ENABLED.number),
        strowger_primitive::Change::Set(Value::Bool(false)),
    )]);
    let user_policy = target(&strowger_kinds::policy::DECL, "user");
    house.ask(house.request(Operation::Update(user_policy, None, off))).await.unwrap();
    let alice = user(&house, "alice").await;
    let ask = async |change: fn(&mut Query)| {
        let mut query = Query::all(&order::DECL);
        change(&mut query);
        let mut request = house.request(Operation::List(query));
        request.claim = alice.clone();
        house.ask(request).await.map(drop).map_err(|fault| fault.code)
    };
    assert_eq!(ask(|_| ()).await, Ok(()));
    let filtered = ask(|q| q.filters.push(strowger_primitive::Filter { field: &common::LABEL, value: None })).await;
    assert_eq!(filtered, Err("hidden-field"));
    let sorted = ask(|q| q.sort.push(strowger_primitive::Order { field: &common::LABEL, descending: true })).await;
    assert_eq!(sorted, Err("hidden-field"));
}
