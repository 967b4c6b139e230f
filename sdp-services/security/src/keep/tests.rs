use std::sync::Arc;

use strowger_kinds::{credential, order, policy, principal, tenant};
use strowger_primitive::{
    DocKey, Expect, FaultKind, Keeper as _, Op, Operation, OwnKey, Query, Revision, Store as _, Transport, Value,
};

use crate::derive::Scheme;
use crate::ring::{Lock, Owner, Ring};
use crate::scene::{Scene, code, credential as made, delete, document, from, invoke, name, target, update};

fn principal(fields: &[(&str, &str)]) -> Operation {
    Operation::Create(document(&principal::DECL, fields))
}

fn list(kind: &'static strowger_primitive::KindDecl) -> Operation {
    Operation::List(Query::all(kind))
}

#[tokio::test]
async fn a_secret_becomes_verifiers_and_is_kept_nowhere() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let document = scene.stored("acme", &credential::DECL, "alice").unwrap();
    assert_eq!(document.fields.get(&credential::SECRET), None);
    assert_eq!(document.fields.choice(&credential::STATE), Some(credential::ACTIVE));
    for (_, _, octets) in scene.store.kept_under(&OwnKey::new("", &[]), None, 100).unwrap() {
        assert!(!octets.windows(13).any(|w| w == b"a good secret"));
    }

    let phone = made("alice", &[("name", "phone"), ("type", "device")]);
    scene.ask(scene.operator().await, "acme", Operation::Create(phone)).await.unwrap();
    scene.ask(scene.operator().await, "acme", invoke(&credential::DECL, "phone", "rotate")).await.unwrap();
    let (acme, alice) = (name("acme"), name("alice"));
    let (ring, _) = Ring::of(&*scene.store, &acme, &alice).unwrap();
    let of = |which: &str| -> Vec<(Scheme, String)> {
        ring.verifiers(&name(which)).iter().map(|v| (v.scheme, v.realm.clone())).collect()
    };
    let plain = |scheme| (scheme, String::new());
    let scrams = [plain(Scheme::ScramSha1), plain(Scheme::ScramSha256)];
    assert_eq!(of("alice"), [&[plain(Scheme::Argon2id)][..], &scrams].concat());
    let realm = |scheme| ["acme", "strowger"].map(|realm| (scheme, realm.to_owned()));
    let mut device = of("phone");
    device.sort();
    let engine = scene.options.engine_id.clone();
    let usm = [(Scheme::UsmSha1, engine.clone()), (Scheme::UsmSha256, engine)];
    assert_eq!(device, [&scrams[..], &realm(Scheme::DigestMd5), &realm(Scheme::DigestSha256), &usm].concat());
    for verifier in ring.verifiers(&name("phone")) {
        assert!(matches!(verifier.lock, Lock::Sealed(_)), "{:?} would open by itself", verifier.scheme);
    }
    let verifier = ring.verifiers(&name("phone")).first().unwrap();
    let (phone, other) = (name("phone"), name("other"));
    let owner = |credential| Owner { tenant: &acme, principal: &alice, credential };
    assert!(verifier.open(&scene.security.seal, owner(&phone)).is_ok());
    assert!(verifier.open(&scene.security.seal, owner(&other)).is_err(), "sealed for its place");
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_told() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let create = async |fields: &[(&str, &str)]| {
        scene.ask(scene.operator().await, "acme", Operation::Create(made("alice", fields))).await
    };
    assert_eq!(code(create(&[("name", "a"), ("secret", "short")]).await), "invalid-fields");
    assert_eq!(code(create(&[("name", "a"), ("secret", &"x".repeat(129))]).await), "invalid-fields");
    assert_eq!(code(create(&[("name", "a"), ("type", "device"), ("secret", "long enough")]).await), "invalid-fields");
    assert_eq!(code(create(&[("name", "alice"), ("secret", "long enough")]).await), "name-taken");
    let far = from([192, 0, 2, 1], Transport::Tcp);
    let secret = Operation::Create(made("alice", &[("name", "a"), ("secret", "long enough")]));
    let fault = scene.ask_from(scene.operator().await, "acme", secret, far.clone()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Forbidden, "confidential-origin-needed"));
    let secret = update(&credential::DECL, "alice", &[("secret", "long enough")]);
    assert_eq!(
        code(scene.ask_from(scene.operator().await, "acme", secret, far.clone()).await),
        "confidential-origin-needed"
    );
    let label = update(&credential::DECL, "alice", &[("label", "hers")]);
    scene.ask_from(scene.operator().await, "acme", label, far).await.unwrap();
    scene.log_in("alice@acme", "a good secret").await.unwrap();

    create(&[("name", "later")]).await.unwrap();
    assert_eq!(
        scene.stored("acme", &credential::DECL, "later").unwrap().fields.choice(&credential::STATE),
        Some(credential::PENDING)
    );
    let set = update(&credential::DECL, "later", &[("secret", "set by and by")]);
    scene.ask(scene.operator().await, "acme", set).await.unwrap();
    scene.log_in("alice@acme", "set by and by").await.unwrap();
    scene.log_in("alice@acme", "a good secret").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_made_at_once_all_count_up_to_the_bound() {
    let scene = Arc::new(Scene::open().await);
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let all: Vec<_> = (0..8)
        .map(|n| {
            let scene = Arc::clone(&scene);
            let one = made("alice", &[("name", &format!("c{n}")), ("secret", &format!("secret no {n}"))]);
            tokio::runtime::Handle::current()
                .spawn(async move { scene.ask(scene.operator().await, "acme", Operation::Create(one)).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    for n in 0..8 {
        scene.log_in("alice@acme", &format!("secret no {n}")).await.unwrap();
    }
    for n in 8..Ring::MOST - 1 {
        let one = made("alice", &[("name", &format!("c{n}"))]);
        scene.ask(scene.operator().await, "acme", Operation::Create(one)).await.unwrap();
    }
    let one = made("alice", &[("name", "too-many")]);
    assert_eq!(code(scene.ask(scene.operator().await, "acme", Operation::Create(one)).await), "too-many-credentials");
}

#[tokio::test]
async fn a_principal_goes_with_its_credentials() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let bob = scene.principal("acme", "bob", "user").await;
    let session = scene.security.session(&bob);
    let gone = delete(&principal::DECL, "alice");
    scene.ask(scene.operator().await, "acme", gone).await.unwrap();
    assert!(scene.stored("acme", &principal::DECL, "alice").is_none());
    assert!(scene.stored("acme", &credential::DECL, "alice").is_none());
    assert_eq!(code(scene.log_in("alice@acme", "a good secret").await), "not-proven");
    let kept = scene.store.kept_under(&OwnKey::new("security.ring", &[b"acme"]), None, 10).unwrap();
    assert_eq!(kept.len(), 1, "bob's alone");
    scene.principal("acme", "alice", "user").await;
    let flow = strowger_primitive::Claim::Session(session);
    scene.security.authenticate(&flow, &crate::scene::near()).await.unwrap();
}

#[tokio::test]
async fn a_tenant_goes_when_it_is_empty() {
    let scene = Scene::open().await;
    let operator = async |operation| scene.ask(scene.operator().await, "operator", operation).await;
    let long = "x".repeat(33);
    let create = |name: &str| Operation::Create(document(&tenant::DECL, &[("name", name)]));
    assert_eq!(code(operator(create(&long)).await), "invalid-fields");
    operator(create(&long[1..])).await.unwrap();
    operator(create("acme")).await.unwrap();
    assert_eq!(code(operator(create("acme")).await), "name-taken");
    scene.principal("acme", "alice", "user").await;
    let fault = operator(delete(&tenant::DECL, "acme")).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Conflict, "tenant-not-empty"));
    assert!(fault.public.contains("1 principal, 1 credential;"), "{}", fault.public);
    scene.ask(scene.operator().await, "acme", delete(&principal::DECL, "alice")).await.unwrap();
    for (which, state) in [("over", order::COMPLETED), ("open", order::IN_PROGRESS)] {
        let mut order = document(&order::DECL, &[("name", which)]);
        order.fields.set(&order::STATE, Value::Enum(state));
        let key = DocKey { tenant: name("acme"), kind: order::DECL.number, name: name(which) };
        scene.store.commit(vec![Op::Put { key, expect: Expect::Absent, document: order }]).await.unwrap();
    }
    let fault = operator(delete(&tenant::DECL, "acme")).await.unwrap_err();
    assert!(fault.public.contains("holds 1 order;"), "{}", fault.public);
    let key = DocKey { tenant: name("acme"), kind: order::DECL.number, name: name("open") };
    scene.store.commit(vec![Op::Remove { key, expect: Expect::Any }]).await.unwrap();
    operator(delete(&tenant::DECL, "acme")).await.unwrap();
    assert!(scene.stored("acme", &order::DECL, "over").is_none(), "ended orders go with it");
    for name in ["operator", "shared"] {
        assert_eq!(code(operator(delete(&tenant::DECL, name)).await), "built-in");
    }
    assert_eq!(code(operator(update(&tenant::DECL, "operator", &[("state", "suspended")])).await), "built-in");
}

#[tokio::test]
async fn tenants_and_policies_live_with_the_operators_only() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    for made in [
        document(&tenant::DECL, &[("name", "inner")]),
        document(&policy::DECL, &[("name", "mine"), ("cedar", "permit(principal, action, resource);")]),
    ] {
        let fault = scene.ask(scene.operator().await, "acme", Operation::Create(made)).await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::NotAllowed, "operators-only"));
    }
    let fault = scene.ask(scene.operator().await, "acme", principal(&[("name", "x"), ("roles", "operator")])).await;
    assert_eq!(code(fault), "operators-only");
    let fault = scene.ask(scene.operator().await, "shared", principal(&[("name", "x")])).await;
    assert_eq!(code(fault), "nobody-here");
}

#[tokio::test]
async fn the_name_of_a_policy_is_taken_once() {
    let scene = Scene::open().await;
    let stored = scene.stored("operator", &policy::DECL, "reader").unwrap();
    for cedar in ["permit(principal, action, resource);", &**stored.fields.text(&policy::CEDAR).unwrap()] {
        let again = document(&policy::DECL, &[("name", "reader"), ("cedar", cedar)]);
        assert_eq!(code(scene.ask(scene.operator().await, "operator", Operation::Create(again)).await), "name-taken");
    }
}

#[tokio::test]
async fn nobody_gives_more_than_he_may_or_touches_who_has_more() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "root", "administrator").await;
    scene.principal("operator", "clerk", "administrator").await;
    let as_root =
        async |operation| scene.ask(scene.log_in("root@acme", "a good secret").await.unwrap(), "acme", operation).await;
    let as_clerk =
        async |operation| scene.ask(scene.log_in("clerk", "a good secret").await.unwrap(), "operator", operation).await;
    as_root(principal(&[("name", "second"), ("roles", "administrator user")])).await.unwrap();
    assert_eq!(code(as_root(principal(&[("name", "x"), ("roles", "operator")])).await), "operators-only");
    as_root(update(&principal::DECL, "second", &[("roles", "reader")])).await.unwrap();
    as_root(Operation::Create(made("second", &[("name", "s"), ("secret", "long enough")]))).await.unwrap();

    assert_eq!(code(as_clerk(principal(&[("name", "x"), ("roles", "operator")])).await), "forbidden");
    let own = update(&principal::DECL, "clerk", &[("roles", "operator administrator")]);
    assert_eq!(code(as_clerk(own).await), "forbidden");
    for operation in [
        update(&principal::DECL, "operator", &[("label", "x")]),
        delete(&principal::DECL, "operator"),
        invoke(&principal::DECL, "operator", "unlock"),
        update(&credential::DECL, "operator", &[("secret", "taken over")]),
        delete(&credential::DECL, "operator"),
        Operation::Create(made("operator", &[("name", "mine"), ("secret", "taken over")])),
    ] {
        let what = format!("{operation:?}");
        assert_eq!(code(as_clerk(operation).await), "forbidden", "{what}");
    }
    as_clerk(principal(&[("name", "help"), ("roles", "reader")])).await.unwrap();
}

#[tokio::test]
async fn a_user_changes_his_own_credentials_and_nobody_elses() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    scene.principal("acme", "bob", "user").await;
    let alice = async |secret: &str, operation| {
        scene.ask(scene.log_in("alice@acme", secret).await.unwrap(), "acme", operation).await
    };
    let change = |which| update(&credential::DECL, which, &[("secret", "a new secret")]);
    assert_eq!(code(alice("a good secret", change("bob")).await), "forbidden");
    let other = made("bob", &[("name", "mine"), ("secret", "taken over")]);
    assert_eq!(code(alice("a good secret", Operation::Create(other)).await), "forbidden");
    assert_eq!(code(alice("a good secret", principal(&[("name", "x")])).await), "forbidden");
    let roles = update(&principal::DECL, "alice", &[("roles", "administrator")]);
    assert_eq!(code(alice("a good secret", roles).await), "forbidden");
    alice("a good secret", change("alice")).await.unwrap();
    let own = made("alice", &[("name", "second"), ("secret", "one more secret")]);
    alice("a new secret", Operation::Create(own)).await.unwrap();
    scene.log_in("alice@acme", "one more secret").await.unwrap();
    let shown = alice("a new secret", list(&credential::DECL)).await.unwrap();
    let strowger_primitive::Outcome::Page(page) = shown else { panic!("{shown:?}") };
    let names: Vec<_> = page.documents.iter().filter_map(|d| d.name()).collect();
    assert_eq!(names, [name("alice"), name("second")], "his own only");
    alice("a new secret", delete(&credential::DECL, "second")).await.unwrap();
}

#[tokio::test]
async fn the_last_operator_stays() {
    let scene = Scene::open().await;
    let operator = async |operation| scene.ask(scene.operator().await, "operator", operation).await;
    for operation in [
        delete(&principal::DECL, "operator"),
        update(&principal::DECL, "operator", &[("state", "suspended")]),
        update(&principal::DECL, "operator", &[("roles", "user")]),
    ] {
        assert_eq!(code(operator(operation).await), "last-operator");
    }
    for operation in [
        delete(&credential::DECL, "operator"),
        update(&credential::DECL, "operator", &[("expires-at", "2030-01-01T00:00:00.000Z")]),
    ] {
        assert_eq!(code(operator(operation).await), "last-operator", "nobody could come in any more");
    }
    operator(principal(&[("name", "bare"), ("roles", "operator")])).await.unwrap();
    assert_eq!(code(operator(delete(&principal::DECL, "operator")).await), "last-operator", "he has no credential");
    operator(delete(&principal::DECL, "bare")).await.unwrap();
    scene.principal("operator", "second", "operator").await;
    operator(update(&credential::DECL, "operator", &[("expires-at", "2030-01-01T00:00:00.000Z")])).await.unwrap();
    assert_eq!(code(operator(delete(&credential::DECL, "second")).await), "last-operator", "the other one ends");
    operator(delete(&principal::DECL, "operator")).await.unwrap();
    assert_eq!(code(scene.log_in("operator", &scene.secret).await), "not-proven");
}

#[tokio::test]
async fn two_operators_do_not_take_each_other_away() {
    let off = [("state", "suspended")];
    for [one, two] in [
        [update(&principal::DECL, "operator", &off), update(&principal::DECL, "second", &off)],
        [delete(&credential::DECL, "operator"), update(&principal::DECL, "second", &off)],
        [delete(&principal::DECL, "second"), delete(&credential::DECL, "operator")],
    ] {
        let scene = Scene::open().await;
        scene.principal("operator", "second", "operator").await;
        let (known, other) = (scene.operator().await, scene.operator().await);
        let ask = |known, operation| scene.ask(known, "operator", operation);
        let (one, two) = tokio::join!(ask(known, one), ask(other, two));
        assert!(one.is_ok(), "{one:?}");
        assert_eq!(code(two), "last-operator");
    }
}

#[tokio::test]
async fn another_tenants_things_are_not_found_and_revisions_hold() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.tenant("beta").await;
    scene.principal("beta", "bob", "user").await;
    let target = target(&principal::DECL, "bob");
    assert_eq!(code(scene.security.find(&name("acme"), &target)), "principal-not-found");
    let found = scene.security.find(&name("beta"), &target).unwrap();
    assert_eq!(found.owner.as_deref(), Some("bob"), "a principal is its own");
    let stale = Operation::Delete(target, Some(Revision(1)));
    assert_eq!(code(scene.ask(scene.operator().await, "beta", stale).await), "revision-changed");
    let bob = scene.stored("beta", &principal::DECL, "bob").unwrap();
    assert_eq!(bob.fields.list(&principal::ROLES), [Value::Enum(3)]);
}
