//! Reading: views, watches, what is kept and when it is forgotten.

use strowger_kinds::{offer, service};
use strowger_primitive::{Expect, Look as _, Store as _, Time};

use super::*;

over_each_engine! {
    views_are_in_the_order_of_snmp;
    a_view_stays_as_it_was;
    views_are_apart_by_tenant_and_kind;
    a_watch_tells_of_changes;
    a_watch_nobody_holds_is_forgotten;
    what_expired_counts_as_absent;
    what_expired_is_forgotten_when_nothing_happens;
    kept_pages_by_prefix;
}

async fn views_are_in_the_order_of_snmp(store: &Embedded, _: &Clock) {
    for text in ["svc-10", "svc-2", "b", "aa", "z.z"] {
        store.commit(vec![put(text, Expect::Absent)]).await.unwrap();
    }
    let view = services(store);
    assert_eq!(names(&*view), ["b", "aa", "z.z", "svc-2", "svc-10"]);
    let mut behind = Vec::new();
    view.each(Some(&name("c")), &mut |document| {
        behind.push(document.name().unwrap().to_string());
        behind.len() < 2
    });
    assert_eq!(behind, ["aa", "z.z"]);
    assert!(view.get("svc-2").is_some());
    assert!(view.get("svc").is_none() && view.get("no name").is_none() && view.get("").is_none());
}

async fn a_view_stays_as_it_was(store: &Embedded, _: &Clock) {
    store.commit(vec![put("a", Expect::Absent)]).await.unwrap();
    let before = services(store);
    store.commit(vec![remove("a", Expect::Any), put("b", Expect::Absent)]).await.unwrap();
    assert_eq!((names(&*before), names(&*services(store))), (vec!["a".to_owned()], vec!["b".to_owned()]));
}

async fn views_are_apart_by_tenant_and_kind(store: &Embedded, _: &Clock) {
    store.commit(vec![put("a", Expect::Absent)]).await.unwrap();
    assert!(store.view(&name("other"), &service::DECL).is_empty());
    assert!(store.view(&name("acme"), &offer::DECL).is_empty());
    assert_eq!(store.view(&name("acme"), &service::DECL).len(), 1);
}

async fn a_watch_tells_of_changes(store: &Embedded, _: &Clock) {
    let mut watch = store.watch(&key("a"));
    assert!(watch.now().is_none());
    let first = store.commit(vec![put("a", Expect::Absent)]).await.unwrap();
    assert!(watch.changed().await);
    assert_eq!(watch.now().unwrap().revision(), first.revision);
    let mut second = store.watch(&key("a"));
    assert_eq!(second.now().unwrap().revision(), first.revision);
    store.commit(vec![put("b", Expect::Absent), remove("a", Expect::Any)]).await.unwrap();
    assert!(watch.changed().await && second.changed().await);
    assert!(watch.now().is_none() && second.now().is_none());
}

async fn a_watch_nobody_holds_is_forgotten(store: &Embedded, _: &Clock) {
    for i in 0..1_000 {
        drop(store.watch(&key(&format!("w{i}"))));
    }
    store.commit(vec![put("w1", Expect::Absent)]).await.unwrap();
    let mut watch = store.watch(&key("w1"));
    assert!(watch.now().is_some());
}

async fn what_expired_counts_as_absent(store: &Embedded, clock: &Clock) {
    let soon = Some(Time(clock.wall().0 + 1_000));
    store.commit(vec![keep("k", Expect::Absent, "1", soon), keep("l", Expect::Absent, "1", None)]).await.unwrap();
    assert!(store.kept(&own("k")).unwrap().is_some());
    conflict(store.commit(vec![keep("k", Expect::Absent, "2", soon)]).await);
    clock.turn(1_000);
    assert_eq!(store.kept(&own("k")).unwrap(), None);
    assert_eq!(store.kept_under(&own(""), None, 9).unwrap().len(), 1);
    let later = Some(Time(clock.wall().0 + 9_000));
    let second = store.commit(vec![keep("k", Expect::Absent, "2", later)]).await.unwrap().revision;
    assert_eq!(store.kept(&own("k")).unwrap(), Some((second, Bytes::from_static(b"2"))));
    clock.turn(1_000);
    store.commit(vec![put("a", Expect::Any)]).await.unwrap();
    assert!(store.kept(&own("k")).unwrap().is_some(), "the sweep knows the newer expiry");
}

async fn what_expired_is_forgotten_when_nothing_happens(store: &Embedded, clock: &Clock) {
    let ops = (0..100).map(|i| keep(&format!("k{i}"), Expect::Absent, "1", Some(Time(clock.wall().0 + 1))));
    store.commit(ops.collect()).await.unwrap();
    assert_eq!(store.held_under(&own("")), 100);
    clock.turn(10);
    store.commit(vec![put("a", Expect::Any)]).await.unwrap();
    let left = store.held_under(&own(""));
    assert!(left < 100, "a batch takes some along");
    let done = tokio::time::timeout(Duration::from_secs(20), async {
        while store.held_under(&own("")) > 0 {
            tokio::task::yield_now().await;
        }
    });
    done.await.unwrap();
}

async fn kept_pages_by_prefix(store: &Embedded, _: &Clock) {
    let texts = ["a", "b", "b\0x", "c"];
    store.commit(texts.iter().map(|t| keep(t, Expect::Absent, "v", None)).collect()).await.unwrap();
    let page = |prefix: &str, after: Option<&str>, limit| -> Vec<OwnKey> {
        let kept = store.kept_under(&own(prefix), after.map(own).as_ref(), limit).unwrap();
        kept.into_iter().map(|(key, ..)| key).collect()
    };
    assert_eq!(page("", None, 9), texts.map(own));
    assert_eq!(page("", None, 2), [own("a"), own("b")]);
    assert_eq!(page("", Some("b"), 2), [own("b\0x"), own("c")]);
    assert_eq!(page("b", None, 9), [own("b"), own("b\0x")]);
    assert_eq!(page("b", Some("a"), 9), [own("b"), own("b\0x")]);
    assert!(page("b", Some("c"), 9).is_empty() && page("", None, 0).is_empty() && page("d", None, 9).is_empty());
    assert!(store.kept_under(&OwnKey::new("suit", &[b""]), None, 9).unwrap().is_empty());
}
