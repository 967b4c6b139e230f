use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use strowger_kinds::{credential, principal, tenant};
use strowger_primitive::{Claim, FaultKind, Operation, Outcome, Session, Transport, Type, World as _};

use crate::scene::{Scene, code, credential as made, delete, from, invoke, near, password, target, update};

const FAR: [u8; 4] = [192, 0, 2, 7];

#[tokio::test]
async fn a_right_secret_proves_and_every_other_answer_is_the_same() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    let alice = scene.principal("acme", "alice", "user").await;
    let who = alice.principal();
    assert_eq!((who.tenant.as_str(), who.name.as_str(), who.method), ("acme", "alice", "password"));
    assert_eq!(*who.roles, [3]);
    assert_eq!(scene.operator().await.principal().tenant.as_str(), "operator", "the default tenant");

    let mut answers = Vec::new();
    for (who, secret) in [
        ("alice@acme", "another secret"),
        ("nobody@acme", "a good secret"),
        ("alice@nowhere", "a good secret"),
        ("alice", "a good secret"),
        ("No Name", "a good secret"),
        ("", ""),
    ] {
        let before = scene.world.jobs();
        let fault = scene.log_in(who, secret).await.unwrap_err();
        assert_eq!(scene.world.jobs() - before, 1, "{who} costs what everybody costs");
        assert_eq!(&*fault.challenge.unwrap().realm, "strowger");
        answers.push((fault.kind, fault.code, fault.public));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].1, "not-proven");

    let fault = scene.security.authenticate(&Claim::Anonymous, &near()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Unauthenticated, "credentials-needed"));
    assert!(fault.challenge.is_some());
}

#[tokio::test]
async fn a_proof_is_remembered_for_a_minute_and_no_longer() {
    let scene = Scene::open().await;
    scene.operator().await;
    let jobs = scene.world.jobs();
    scene.world.pass(Duration::from_secs(59));
    scene.operator().await;
    assert_eq!(scene.world.jobs(), jobs, "remembered");
    scene.world.pass(Duration::from_secs(2));
    scene.operator().await;
    assert_eq!(scene.world.jobs(), jobs + 1, "verified anew");
}

#[tokio::test]
async fn a_proof_is_forgotten_when_what_it_hangs_on_changes() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let log_in = async || scene.log_in("alice@acme", "a good secret").await;
    let operator = async |operation| scene.ask(scene.operator().await, "acme", operation).await.unwrap();

    operator(update(&principal::DECL, "alice", &[("roles", "reader")])).await;
    assert_eq!(*log_in().await.unwrap().principal().roles, [4], "a changed role counts at once");

    operator(update(&credential::DECL, "alice", &[("secret", "a better secret")])).await;
    assert_eq!(code(log_in().await), "not-proven", "the old secret opens no more");
    operator(update(&credential::DECL, "alice", &[("secret", "a good secret")])).await;
    log_in().await.unwrap();

    let soon = scene.world.now().wall.plus(Duration::from_secs(5)).to_string();
    operator(update(&credential::DECL, "alice", &[("expires-at", &soon)])).await;
    log_in().await.unwrap();
    scene.world.pass(Duration::from_secs(6));
    assert_eq!(code(log_in().await), "not-proven", "it has expired");

    operator(delete(&credential::DECL, "alice")).await;
    operator(Operation::Create(made("alice", &[("name", "new"), ("secret", "a good secret")]))).await;
    log_in().await.unwrap();
    operator(delete(&credential::DECL, "new")).await;
    assert_eq!(code(log_in().await), "not-proven", "the credential is gone");
}

#[tokio::test]
async fn who_is_suspended_stays_out() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    let session = scene.security.session(&scene.principal("acme", "alice", "user").await);
    let flow = async || scene.security.authenticate(&Claim::Session(session.clone()), &near()).await;
    let jobs = scene.world.jobs();
    assert_eq!(flow().await.unwrap().principal().name.as_str(), "alice");
    assert_eq!(scene.world.jobs(), jobs, "a session costs no proof");

    let suspend = async |tenant, kind, which, state| {
        scene.ask(scene.operator().await, tenant, update(kind, which, &[("state", state)])).await.unwrap();
    };
    suspend("operator", &tenant::DECL, "acme", "suspended").await;
    assert_eq!(code(flow().await), "session-ended");
    assert_eq!(code(scene.log_in("alice@acme", "a good secret").await), "not-proven");
    suspend("operator", &tenant::DECL, "acme", "active").await;
    scene.log_in("alice@acme", "a good secret").await.unwrap();
    flow().await.unwrap();
    suspend("acme", &principal::DECL, "alice", "suspended").await;
    assert_eq!(code(flow().await), "session-ended");
    assert_eq!(code(scene.log_in("alice@acme", "a good secret").await), "not-proven");
    suspend("acme", &principal::DECL, "alice", "active").await;
    scene.log_in("alice@acme", "a good secret").await.unwrap();
    assert_eq!(code(flow().await), "session-ended", "it was changed since");
}

#[tokio::test]
async fn wrong_secrets_lock_a_name_whether_it_exists_or_not() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    scene.world.pass(Duration::from_secs(61));
    for who in ["alice@acme", "nobody@acme"] {
        for guess in 0..5 {
            assert_eq!(code(scene.log_in(who, &format!("guess {guess}")).await), "not-proven");
        }
        let jobs = scene.world.jobs();
        let fault = scene.log_in(who, "a good secret").await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Unauthenticated, "locked-out"));
        assert_eq!(fault.retry_after, Some(Duration::from_secs(11)));
        assert_eq!(scene.world.jobs(), jobs, "what is locked costs nothing");
    }
    scene.ask(scene.operator().await, "acme", invoke(&principal::DECL, "alice", "unlock")).await.unwrap();
    scene.log_in("alice@acme", "a good secret").await.unwrap();
    scene.world.pass(Duration::from_secs(11));
    assert_eq!(code(scene.log_in("nobody@acme", "x").await), "not-proven", "the lock ends by itself");
    assert_eq!(code(scene.log_in("nobody@acme", "x").await), "locked-out", "and comes back at once");
}

#[tokio::test]
async fn who_is_proven_already_is_not_locked_out_by_strangers() {
    let scene = Scene::open().await;
    scene.operator().await;
    for guess in 0..6 {
        let claim = password("operator", &format!("guess {guess}"));
        let refused = scene.security.authenticate(&claim, &from(FAR, Transport::Tls)).await;
        assert_eq!(refused.unwrap_err().kind, FaultKind::Unauthenticated);
    }
    assert_eq!(code(scene.log_in("operator", "guess").await), "locked-out");
    scene.operator().await;
}

#[tokio::test]
async fn an_address_that_guesses_is_locked() {
    let scene = Scene::with(|options| options.lock_out.source_failures = 3).await;
    let far = from(FAR, Transport::Tls);
    for guess in 0..3 {
        let claim = password(&format!("name-{guess}"), "guess");
        assert_eq!(code(scene.security.authenticate(&claim, &far).await), "not-proven");
    }
    let claim = password("operator", &scene.secret);
    assert_eq!(code(scene.security.authenticate(&claim, &far).await), "locked-out");
    scene.operator().await;
}

#[tokio::test]
async fn a_secret_that_others_could_read_is_refused() {
    let scene = Scene::open().await;
    let claim = password("operator", &scene.secret);
    let plain = from(FAR, Transport::Tcp);
    let fault = scene.security.authenticate(&claim, &plain).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Forbidden, "confidential-origin-needed"));
    scene.security.authenticate(&claim, &from(FAR, Transport::Tls)).await.unwrap();
    let open = Scene::with(|options| options.allow_plain = true).await;
    open.security.authenticate(&password("operator", &open.secret), &plain).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_claim_at_once_is_proven_once() {
    let scene = Arc::new(Scene::open().await);
    let jobs = scene.world.jobs();
    let all: Vec<_> = (0..64)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::runtime::Handle::current().spawn(async move { scene.operator().await })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(scene.world.jobs(), jobs + 1);
}

#[tokio::test]
async fn who_asks_and_goes_away_keeps_a_core_and_is_counted() {
    let scene = Scene::with(|options| options.lock_out.source_failures = 1).await;
    let cores = scene.security.cores.available_permits();
    let jobs = scene.world.jobs();
    let shut = scene.world.open.write().unwrap();
    {
        let asked = std::pin::pin!(scene.log_in("nobody", "guess"));
        assert!(asked.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(scene.world.jobs(), jobs + 1);
    assert_eq!(scene.security.cores.available_permits(), cores - 1, "what was begun is at work still");
    drop(shut);
    let all = u32::try_from(cores).unwrap();
    drop(tokio::time::timeout(Duration::from_secs(10), scene.security.cores.acquire_many(all)).await.unwrap());
    assert_eq!(code(scene.log_in("operator", &scene.secret).await), "locked-out", "the guess was counted");
}

#[tokio::test]
async fn a_device_gets_its_secret_once() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    scene.principal("acme", "alice", "user").await;
    let phone = made("alice", &[("name", "phone"), ("type", "device")]);
    let made = scene.ask(scene.operator().await, "acme", Operation::Create(phone)).await.unwrap();
    assert_eq!(made.document().unwrap().fields.choice(&credential::STATE), Some(credential::PENDING));

    let rotate = async || {
        let done = scene.ask(scene.operator().await, "acme", invoke(&credential::DECL, "phone", "rotate")).await;
        let Ok(Outcome::Reply(reply)) = done else { panic!("{done:?}") };
        reply.fields.text(&credential::ROTATED[0]).unwrap().to_string()
    };
    let first = rotate().await;
    assert_eq!(first.len(), 26, "128 bits in base 32");
    let known = scene.log_in("alice@acme", &first).await.unwrap();
    assert_eq!(known.principal().method, "device");
    assert_eq!(scene.log_in("alice@acme", "a good secret").await.unwrap().principal().method, "password");
    let second = rotate().await;
    assert_ne!(first, second);
    assert_eq!(code(scene.log_in("alice@acme", &first).await), "not-proven", "the old one opens no more");
    scene.log_in("alice@acme", &second).await.unwrap();

    let far = from(FAR, Transport::Tcp);
    let done = scene.ask_from(scene.operator().await, "acme", invoke(&credential::DECL, "phone", "rotate"), far).await;
    assert_eq!(code(done), "confidential-origin-needed");
    let done = scene.ask(scene.operator().await, "acme", invoke(&credential::DECL, "alice", "rotate")).await;
    assert_eq!(code(done), "not-a-device");
    let set = update(&credential::DECL, "phone", &[("secret", "of my own choice")]);
    assert_eq!(code(scene.ask(scene.operator().await, "acme", set).await), "invalid-fields");
    let shown = scene.ask(scene.operator().await, "acme", Operation::Read(target(&credential::DECL, "phone"))).await;
    let shown = shown.unwrap().document().unwrap().clone();
    assert!(!format!("{shown:?}").contains(&second));
    assert!(matches!(credential::SECRET.ty, Type::Secret { .. }) && shown.fields.get(&credential::SECRET).is_none());
}

#[tokio::test]
async fn who_came_in_by_a_secret_that_opens_no_more_is_out() {
    let scene = Scene::open().await;
    scene.tenant("acme").await;
    let known = scene.principal("acme", "alice", "user").await;
    let operator = async |operation| scene.ask(scene.operator().await, "acme", operation).await.unwrap();
    let mut session = scene.security.session(&known);
    let flow = async |session: &Session| {
        scene.security.authenticate(&Claim::Session(session.clone()), &near()).await.map(drop)
    };
    flow(&session).await.unwrap();
    operator(update(&credential::DECL, "alice", &[("label", "mine")])).await;
    flow(&session).await.unwrap();
    operator(update(&credential::DECL, "alice", &[("secret", "another secret")])).await;
    assert_eq!(code(flow(&session).await), "session-ended", "the secret was changed");
    session = scene.security.session(&scene.log_in("alice@acme", "another secret").await.unwrap());
    flow(&session).await.unwrap();
    let soon = scene.world.now().wall.plus(Duration::from_secs(5)).to_string();
    operator(update(&credential::DECL, "alice", &[("expires-at", &soon)])).await;
    assert_eq!(code(flow(&session).await), "session-ended", "its end was changed");
    session = scene.security.session(&scene.log_in("alice@acme", "another secret").await.unwrap());
    flow(&session).await.unwrap();
    scene.world.pass(Duration::from_secs(6));
    assert_eq!(code(flow(&session).await), "session-ended", "the credential has expired");
    let later = scene.world.now().wall.plus(Duration::from_secs(600)).to_string();
    operator(update(&credential::DECL, "alice", &[("expires-at", &later)])).await;
    session = scene.security.session(&scene.log_in("alice@acme", "another secret").await.unwrap());
    flow(&session).await.unwrap();
    operator(delete(&credential::DECL, "alice")).await;
    assert_eq!(code(flow(&session).await), "session-ended", "the credential is gone");
}
