//! Commits: all or nothing, expectations, numbers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use strowger_forms::cbor;
use strowger_kinds::{record, service};
use strowger_primitive::{CommitError, Expect, Log, Op, Revision, Store as _, common};

use super::*;

over_each_engine! {
    a_commit_is_done_whole_or_not_at_all;
    who_reads_sees_whole_batches;
    expectations_hold_for_documents;
    expectations_hold_for_what_is_kept;
    a_commit_sees_what_it_did_itself;
    of_two_in_one_batch_one_is_refused;
    revisions_are_numbers_of_commits;
    logs_have_no_gap;
    many_write_at_once;
    what_closes_has_stored_all_that_waited;
    a_key_without_end_is_refused;
}

async fn a_commit_is_done_whole_or_not_at_all(store: &Embedded, _: &Clock) {
    let ops = vec![
        put("a", Expect::Absent),
        keep("k", Expect::Absent, "v", None),
        append("never"),
        put("b", Expect::Revision(Revision(99))),
    ];
    assert_eq!(conflict(store.commit(ops).await), (3, None));
    assert!(services(store).is_empty());
    assert_eq!(store.kept(&own("k")).unwrap(), None);
    assert_eq!(store.log_end(Log::AUDIT), 0);
    assert!(store.read_log(Log::AUDIT, 0, 9).unwrap().is_empty());
    let done = store.commit(vec![put("a", Expect::Absent), append("first")]).await.unwrap();
    assert_eq!((done.sequences, store.log_end(Log::AUDIT)), (vec![0], 1));
}

async fn who_reads_sees_whole_batches(store: &Embedded, _: &Clock) {
    let middle: Vec<String> = (0..300).map(|no| format!("k{no:03}")).collect();
    let ops = || -> Vec<Op> {
        let names = std::iter::once("a").chain(middle.iter().map(String::as_str)).chain(["z"]);
        names.map(|name| keep(name, Expect::Any, "v", None)).chain([append("whole")]).collect()
    };
    let (over, runtime) = (AtomicBool::new(false), tokio::runtime::Handle::current());
    let of = |name: &str| store.kept(&own(name)).unwrap().map(|(revision, _)| revision);
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let first = of("a");
                    let (last, records) = (of("z"), store.read_log(Log::AUDIT, 0, 999).unwrap().len() as u64);
                    assert!(last >= first, "the first key of {first:?} is seen, the last is of {last:?}");
                    assert!(first.is_none_or(|first| records >= first.0), "{records} records at {first:?}");
                }
            });
            for _ in 0..200 {
                runtime.block_on(store.commit(ops())).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
    });
}

async fn expectations_hold_for_documents(store: &Embedded, _: &Clock) {
    let first = store.commit(vec![put("a", Expect::Absent)]).await.unwrap().revision;
    assert_eq!(conflict(store.commit(vec![put("a", Expect::Absent)]).await), (0, Some(first)));
    let stale = Expect::Revision(Revision(first.0 + 7));
    assert_eq!(conflict(store.commit(vec![remove("a", stale)]).await), (0, Some(first)));
    let second = store.commit(vec![put("a", Expect::Revision(first))]).await.unwrap().revision;
    assert!(second > first);
    assert_eq!(conflict(store.commit(vec![put("a", Expect::Revision(first))]).await), (0, Some(second)));
    store.commit(vec![remove("a", Expect::Revision(second))]).await.unwrap();
    assert_eq!(conflict(store.commit(vec![put("a", Expect::Revision(second))]).await), (0, None));
    store.commit(vec![remove("a", Expect::Any), remove("a", Expect::Absent)]).await.unwrap();
    assert!(services(store).is_empty());
}

async fn expectations_hold_for_what_is_kept(store: &Embedded, _: &Clock) {
    let first = store.commit(vec![keep("k", Expect::Absent, "1", None)]).await.unwrap().revision;
    assert_eq!(conflict(store.commit(vec![keep("k", Expect::Absent, "2", None)]).await), (0, Some(first)));
    let second = store.commit(vec![keep("k", Expect::Revision(first), "2", None)]).await.unwrap().revision;
    assert_eq!(store.kept(&own("k")).unwrap(), Some((second, Bytes::from_static(b"2"))));
    let forget = |expect| vec![Op::Forget { key: own("k"), expect }];
    assert_eq!(conflict(store.commit(forget(Expect::Revision(first))).await), (0, Some(second)));
    store.commit(forget(Expect::Revision(second))).await.unwrap();
    assert_eq!(store.kept(&own("k")).unwrap(), None);
}

async fn a_commit_sees_what_it_did_itself(store: &Embedded, _: &Clock) {
    let twice = vec![put("a", Expect::Absent), put("a", Expect::Absent)];
    assert!(matches!(conflict(store.commit(twice).await), (1, Some(_))));
    assert!(services(store).is_empty());
    let kept_twice = vec![keep("k", Expect::Absent, "1", None), keep("k", Expect::Absent, "2", None)];
    assert!(matches!(conflict(store.commit(kept_twice).await), (1, Some(_))));
    store.commit(vec![put("a", Expect::Absent), remove("a", Expect::Any), put("a", Expect::Absent)]).await.unwrap();
    assert_eq!(names(&*services(store)), ["a"]);
}

async fn of_two_in_one_batch_one_is_refused(store: &Embedded, _: &Clock) {
    for round in 0..20 {
        let at = format!("r{round}");
        let (one, two) = (store.commit(vec![put(&at, Expect::Absent)]), store.commit(vec![put(&at, Expect::Absent)]));
        assert_eq!((one.await.is_ok(), conflict(two.await).0), (true, 0));
    }
}

async fn revisions_are_numbers_of_commits(store: &Embedded, _: &Clock) {
    let mut last = Revision(0);
    for text in ["a", "b", "a"] {
        let done = store.commit(vec![put(text, Expect::Any)]).await.unwrap();
        assert!(done.revision > last);
        last = done.revision;
        let seen = services(store).get(text).unwrap();
        assert_eq!((done.documents[0].revision(), seen.revision()), (last, last));
        assert!(Arc::ptr_eq(&done.documents[0], &seen));
    }
    let nothing = store.commit(Vec::new()).await.unwrap();
    assert_eq!(nothing.revision, last);
}

async fn logs_have_no_gap(store: &Embedded, _: &Clock) {
    let other = Log(7);
    for i in 0..10_u64 {
        let refused = vec![append("refused"), put("b", Expect::Revision(Revision(99)))];
        let waits = store.commit(refused);
        let message = format!("m{i}");
        let mut ops = vec![append(&message), append("second")];
        ops.push(Op::Append { log: other, record: strowger_primitive::Document::new(&record::DECL) });
        let done = store.commit(ops).await.unwrap();
        conflict(waits.await);
        assert_eq!(done.sequences, [i * 2, i * 2 + 1, i]);
    }
    let read = store.read_log(Log::AUDIT, 0, 1_000).unwrap();
    assert_eq!(read.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    let third = cbor::read(&record::DECL, &read[2].1).unwrap();
    assert_eq!(third.fields.uint(&common::SEQUENCE), Some(2));
    assert_eq!(third.fields.text(&record::MESSAGE).map(|t| &**t), Some("m1"));
    assert_eq!(store.read_log(Log::AUDIT, 18, 1).unwrap().len(), 1);
    assert_eq!((store.log_end(Log::AUDIT), store.log_end(other), store.log_end(Log(9))), (20, 10, 0));
}

async fn many_write_at_once(store: &Embedded, _: &Clock) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..64 {
        let commits: Vec<_> = (0..20)
            .map(|i| {
                let at = format!("w{writer}-{i}");
                store.commit(vec![put(&at, Expect::Absent), append("x"), put("shared", Expect::Any)])
            })
            .collect();
        writers.spawn(async move {
            let mut done = Vec::new();
            for commit in commits {
                done.push(commit.await.unwrap());
            }
            done
        });
    }
    let (mut revisions, mut sequences) = (BTreeSet::new(), BTreeSet::new());
    for done in writers.join_all().await.into_iter().flatten() {
        revisions.insert(done.revision);
        sequences.extend(done.sequences);
    }
    assert_eq!((revisions.len(), sequences.len()), (1_280, 1_280));
    assert_eq!(sequences, (0..1_280).collect());
    assert_eq!(services(store).len(), 1_281);
    assert_eq!(Some(&services(store).get("shared").unwrap().revision()), revisions.last());
    let status = store.status();
    assert_eq!((status.commits, status.trouble, status.queued), (1_280, None, 0));
    assert!(status.batches <= 1_280 && status.largest_batch >= status.last_batch, "{status:?}");
}

async fn what_closes_has_stored_all_that_waited(store: &Embedded, _: &Clock) {
    let commits: Vec<_> = (0..100).map(|i| store.commit(vec![put(&format!("c{i}"), Expect::Absent)])).collect();
    let mut watch = store.watch(&key("c0"));
    store.close();
    for commit in commits {
        assert!(commit.await.is_ok());
    }
    assert_eq!(services(store).len(), 100);
    assert!(matches!(store.commit(vec![put("late", Expect::Any)]).await, Err(CommitError::Failed(_))));
    while watch.changed().await {}
    assert!(!store.watch(&key("c1")).changed().await);
    assert_eq!(store.view(&name("acme"), &service::DECL).len(), 100);
}

async fn a_key_without_end_is_refused(store: &Embedded, _: &Clock) {
    let long = "x".repeat(70_000);
    let refused = store.commit(vec![keep(&long, Expect::Any, "v", None)]).await;
    assert!(matches!(refused, Err(CommitError::Failed(_))), "{refused:?}");
    store.commit(vec![keep("short", Expect::Any, "v", None)]).await.unwrap();
}
