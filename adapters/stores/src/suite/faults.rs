//! A full or broken engine, a full queue, and what the sealer sees of it.

use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use strowger_primitive::{CommitError, Expect, Kept, Log, Sealed, Sealer, Store as _, Time};

use super::gate::Gated;
use super::*;
use crate::Trouble;
use crate::embedded::Held;

/// Writes down what it is told, and keeps the number of records.
#[derive(Clone, Default)]
pub(super) struct Notes(pub(super) Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Sealer for Notes {
    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.note(format!("resume {:?}", kept(&own("sealed"))));
        Ok(())
    }

    fn add(&mut self, log: Log, sequence: u64, stored: &[u8]) {
        assert_eq!(stored.first(), Some(&0xA2), "a map of two fields");
        self.note(format!("add {} {sequence}", log.0));
    }

    fn seal(&mut self, _now: Time) -> Vec<Sealed> {
        self.note("seal".to_owned());
        vec![Sealed { key: own("sealed"), value: Bytes::from_static(b"head") }]
    }

    fn undo(&mut self) {
        self.note("undo".to_owned());
    }
}

fn gated() -> (Arc<Gated>, Arc<Embedded>, Notes) {
    let (engine, notes) = (Arc::new(Gated::default()), Notes::default());
    let sealer = Box::new(notes.clone());
    let store = Embedded::start(Arc::clone(&engine) as _, Held::default(), sealer, Clock::new()).unwrap();
    (engine, store, notes)
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_still_reads() {
    let (engine, store, notes) = gated();
    store.commit(vec![put("a", Expect::Absent), append("one")]).await.unwrap();
    engine.full.store(true, Ordering::Relaxed);
    let refused = store.commit(vec![put("b", Expect::Absent), append("two")]).await;
    assert!(matches!(refused, Err(CommitError::Full)), "{refused:?}");
    assert_eq!(store.status().trouble, Some(Trouble::Full));
    assert_eq!((names(&*services(&store)), store.log_end(Log::AUDIT)), (vec!["a".to_owned()], 1));
    engine.full.store(false, Ordering::Relaxed);
    let done = store.commit(vec![put("b", Expect::Absent), append("two")]).await.unwrap();
    assert_eq!((done.sequences, done.revision.0, store.status().trouble), (vec![1], 2, None));
    assert_eq!(
        *notes.0.lock().unwrap(),
        ["resume None", "add 1 0", "seal", "add 1 1", "seal", "undo", "add 1 1", "seal"]
    );
    assert_eq!(store.kept(&own("sealed")).unwrap().unwrap().1, "head");
}

#[tokio::test]
async fn a_broken_disk_fails_all_of_the_batch() {
    let (engine, store, _) = gated();
    engine.broken.store(true, Ordering::Relaxed);
    let commits: Vec<_> = (0..10).map(|_| store.commit(vec![put("a", Expect::Absent)])).collect();
    for commit in commits {
        assert!(matches!(commit.await, Err(CommitError::Failed(_))));
    }
    assert_eq!(store.status().trouble, Some(Trouble::Failed));
    engine.broken.store(false, Ordering::Relaxed);
    store.commit(vec![put("a", Expect::Absent)]).await.unwrap();
}

#[test]
fn a_head_that_cannot_be_read_is_not_taken_for_none() {
    let engine = Arc::new(Gated::default());
    engine.unreadable.store(true, Ordering::Relaxed);
    let start = || Embedded::start(Arc::clone(&engine) as _, Held::default(), Box::<Notes>::default(), Clock::new());
    assert!(matches!(start(), Err(crate::Error::Seals(_))));
    engine.unreadable.store(false, Ordering::Relaxed);
    assert!(start().is_ok());
}

#[tokio::test]
async fn a_store_that_could_not_be_read_is_made_ready_before_a_commit_looks_into_it() {
    let (engine, store, _) = gated();
    let look = |key| vec![keep(key, Expect::Absent, "v", None)];
    engine.unreadable.store(true, Ordering::Relaxed);
    assert!(matches!(store.commit(look("a")).await, Err(CommitError::Failed(_))));
    engine.mends.store(true, Ordering::Relaxed);
    store.commit(look("a")).await.unwrap();
}

#[tokio::test]
async fn as_much_is_forgotten_as_expires_under_load() {
    let (engine, clock) = (Arc::new(Gated::default()), Clock::new());
    let sealer = Box::new(crate::NoSeal);
    let store = Embedded::start(Arc::clone(&engine) as _, Held::default(), sealer, Arc::clone(&clock) as _).unwrap();
    let soon = Some(Time(clock.wall().0 + 1_000));
    for batch in 0..2 {
        engine.shut(true);
        let keep = |n| store.commit(vec![keep(&format!("{batch}-{n}"), Expect::Absent, "v", soon)]);
        let all: Vec<_> = (0..500).map(keep).collect();
        engine.shut(false);
        for one in all {
            one.await.unwrap();
        }
    }
    clock.turn(5_000);
    engine.shut(true);
    let later: Vec<_> =
        (0..1_001).map(|n| store.commit(vec![keep(&format!("l{n}"), Expect::Absent, "v", None)])).collect();
    engine.shut(false);
    for one in later {
        one.await.unwrap();
    }
    assert_eq!(store.held_under(&own("")), 1_001, "nothing that expired is left");
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let (engine, store, _) = gated();
    engine.shut(true);
    // One batch is at the gate, however many it took; then the queue fills.
    let mut waiting = Vec::new();
    let mut busy = 0;
    for i in 0..3 * crate::writer::QUEUE {
        let mut commit = store.commit(vec![put(&format!("n{i}"), Expect::Absent)]);
        match futures_poll(&mut commit) {
            Some(Err(CommitError::Busy)) => busy += 1,
            Some(other) => panic!("{other:?}"),
            None => waiting.push(commit),
        }
    }
    assert!(busy >= crate::writer::QUEUE, "{busy}");
    assert!(store.status().queued > 0 && store.status().refused == busy as u64);
    engine.shut(false);
    let stored = waiting.len();
    for commit in waiting {
        commit.await.unwrap();
    }
    assert_eq!(services(&store).len(), stored);
    let status = store.status();
    assert!(status.batches < 10 && status.largest_batch > 1_000, "what waited was written at once: {status:?}");
}

/// Looks once whether it is done.
fn futures_poll<T>(future: &mut BoxFuture<'static, T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => Some(done),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_disk_that_is_full_by_its_reserve_still_reads() {
    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    let store = on_disk(folder.path(), &clock);
    store.commit(vec![put("a", Expect::Absent), keep("k", Expect::Absent, "v", None), append("x")]).await.unwrap();
    drop(store);
    let options = Options { reserve: u64::MAX, ..options(folder.path()) };
    let store = Embedded::open(&options, strowger_kinds::all(), Box::new(NoSeal), clock).unwrap();
    let refused = store.commit(vec![put("b", Expect::Absent)]).await;
    assert!(matches!(refused, Err(CommitError::Full)), "{refused:?}");
    assert_eq!(names(&*services(&store)), ["a"]);
    assert!(store.kept(&own("k")).unwrap().is_some());
    assert_eq!(store.read_log(Log::AUDIT, 0, 9).unwrap().len(), 1);
}
