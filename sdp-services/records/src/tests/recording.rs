//! Counts and refusals on their way to the log.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::{record, service};
use strowger_primitive::{CommitError, Document, Operation, Stop, Stopper, World};

use super::bare::Bare;
use super::clock::Clock;
use super::drafts::{assert_well_formed, forbidden, name, principal, read, recorder, request, request_from};
use crate::{Draft, End, Recorder};

struct Running {
    world: Arc<Clock>,
    store: Arc<Bare>,
    recorder: Arc<Recorder>,
    stopper: Stopper,
    task: std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

impl Running {
    fn new() -> Self {
        let (world, store) = (Clock::new(), Bare::new(&super::key()));
        let recorder = recorder(&world, &store);
        let (stopper, stop) = Stop::new();
        let task = Box::pin(Arc::clone(&recorder).run(stop));
        Self { world, store, recorder, stopper, task }
    }

    /// Lets it do what it can now; whether it has ended.
    fn go(&mut self) -> bool {
        let waker = std::task::Waker::noop();
        self.task.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready()
    }

    fn pass(&mut self, seconds: u64) {
        self.world.pass(Duration::from_secs(seconds));
        self.go();
    }

    fn counted(&self, who: &str, operation: Operation, end: End<'_>) {
        let mut draft = Draft::new(&request(&self.world, operation), self.world.mono());
        draft.proven(&principal("acme", who), self.world.mono());
        self.recorder.counted(&draft, end);
    }

    fn refused(&self, from: &str) {
        let draft = Draft::new(&request_from(&self.world, read(&service::DECL, "a"), from), self.world.mono());
        self.recorder.refused(&draft, &forbidden());
    }

    fn refuse(&self, error: Option<fn() -> CommitError>) {
        self.store.inside().refuse = error;
    }

    fn records(&self) -> Vec<Document> {
        let records = self.store.documents();
        records.iter().for_each(assert_well_formed);
        records
    }
}

fn count(record: &Document) -> u64 {
    record.fields.uint(&record::COUNT).unwrap_or(0)
}

fn said(record: &Document, field: &strowger_primitive::FieldDecl) -> String {
    record.fields.text(field).map(|t| t.to_string()).unwrap_or_default()
}

#[test]
fn reads_are_one_record_per_principal_kind_verb_outcome_and_minute() {
    let mut running = Running::new();
    running.go();
    for _ in 0..1_000 {
        running.counted("alice", read(&service::DECL, "a"), End::Done);
        running.counted("bob", read(&service::DECL, "a"), End::Done);
    }
    running.counted("alice", read(&service::DECL, "b"), End::Fault(&forbidden()));
    assert!(running.records().is_empty());
    running.pass(60);
    let records = running.records();
    let shown: Vec<_> = records
        .iter()
        .map(|r| (said(r, &record::PRINCIPAL), said(r, &record::OPERATION), said(r, &record::OUTCOME), count(r)))
        .collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown.contains(&("alice".into(), "read".into(), "done".into(), 1_000)));
    assert!(shown.contains(&("bob".into(), "read".into(), "done".into(), 1_000)));
    assert!(shown.contains(&("alice".into(), "read".into(), "forbidden".into(), 1)));
    assert_eq!(records[0].fields.uint(&record::ENDED_AFTER), Some(60_000_000));
    running.pass(60);
    assert_eq!(running.records().len(), 3, "a quiet minute leaves nothing");
}

#[test]
fn counts_are_kept_while_the_disk_is_full_and_tell_how_long_it_was() {
    let mut running = Running::new();
    running.go();
    running.refuse(Some(|| CommitError::Full));
    for _ in 0..5 {
        running.counted("alice", read(&service::DECL, "a"), End::Done);
        running.pass(60);
    }
    assert!(running.records().is_empty());
    running.refuse(None);
    running.pass(60);
    let records = running.records();
    assert_eq!((records.len(), count(&records[0])), (1, 5));
    assert_eq!(said(&records[0], &record::MESSAGE), "records could not be stored: this counts 360 s");
}

#[test]
fn more_principals_than_can_be_told_apart_are_counted_together() {
    let mut running = Running::new();
    running.go();
    let draft = Draft::new(&request(&running.world, read(&service::DECL, "a")), running.world.mono());
    for n in 0..100_000 {
        let mut draft = draft.clone();
        draft.proven(&principal("acme", &format!("p{n}")), running.world.mono());
        running.recorder.counted(&draft, End::Done);
    }
    running.pass(60);
    let records = running.store.documents();
    assert!(records.len() <= 16 * 4_097, "{}", records.len());
    assert_eq!(records.iter().map(count).sum::<u64>(), 100_000, "none is lost");
    assert!(records.iter().any(|r| r.fields.get(&record::PRINCIPAL).is_none() && count(r) > 1));
}

#[test]
fn refusals_are_recorded_each_without_waiting_for_the_minute() {
    let mut running = Running::new();
    running.refused("192.0.2.1:1");
    running.refused("192.0.2.2:1");
    running.go();
    let records = running.records();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (said(&records[0], &record::OUTCOME), said(&records[0], &record::FAULT)),
        ("forbidden".into(), "forbidden".into())
    );
    assert_eq!(said(&records[1], &record::PEER), "192.0.2.2:1");
    assert!(records[0].fields.uint(&record::COUNT).is_none());
}

#[test]
fn a_source_that_is_refused_all_the_time_is_counted() {
    let mut running = Running::new();
    for _ in 0..500 {
        running.refused("192.0.2.1:1");
    }
    running.refused("192.0.2.2:1");
    running.go();
    assert_eq!(running.records().len(), 20 + 1, "a burst, and the other source's");
    running.world.pass(Duration::from_millis(200));
    running.refused("192.0.2.1:2");
    running.go();
    assert_eq!(running.records().last().map(count), Some(480));
    for _ in 0..30 {
        running.refused("192.0.2.1:3");
    }
    running.pass(60);
    let last = running.records().pop().unwrap();
    assert_eq!((count(&last), said(&last, &record::PEER)), (30, "192.0.2.1".into()), "those with no next one");
    running.pass(60);
    assert_eq!(running.records().iter().map(|r| count(r).max(1)).sum::<u64>(), 22 + 480 + 30 - 1);
}

#[test]
fn a_network_of_version_six_is_one_source() {
    let mut running = Running::new();
    for n in 0..100 {
        running.refused(&format!("[2001:db8::{n:x}]:1"));
    }
    running.go();
    assert_eq!(running.records().len(), 20);
}

#[test]
fn refusals_wait_while_the_disk_is_full_and_what_finds_no_room_is_counted() {
    let mut running = Running::new();
    running.refuse(Some(|| CommitError::Full));
    let mut sources = (0..2_000u32).map(|n| format!("10.0.{}.{}:1", n / 250, n % 250));
    for source in sources.by_ref().take(300) {
        running.refused(&source);
    }
    running.go();
    for source in sources {
        running.refused(&source);
    }
    assert!(running.records().is_empty());
    running.refuse(None);
    running.pass(1);
    let stored = running.records().len();
    assert!((1_024..1_300).contains(&stored), "{stored}");
    running.pass(60);
    let records = running.records();
    assert_eq!(records.iter().map(|r| count(r).max(1)).sum::<u64>(), 2_000, "none is lost");
}

#[test]
fn a_flood_of_sources_stays_bounded() {
    let mut running = Running::new();
    running.go();
    let draft = Draft::new(&request(&running.world, Operation::Prove), running.world.mono());
    for n in 0..60_000u32 {
        let mut draft = draft.clone();
        draft.peer = std::net::SocketAddr::from((n.to_be_bytes(), 1));
        running.recorder.refused(&draft, &forbidden());
    }
    running.go();
    running.pass(60);
    let records = running.store.documents();
    assert!(records.len() < 16 * 1_025 + 1_300, "{}", records.len());
    assert_eq!(records.iter().map(|r| count(r).max(1)).sum::<u64>(), 60_000, "none is lost");
}

#[test]
fn what_is_left_is_stored_when_the_gateway_stops() {
    let mut running = Running::new();
    assert!(!running.go());
    running.counted("alice", read(&service::DECL, "a"), End::Done);
    running.refused("192.0.2.1:1");
    running.refuse(Some(|| CommitError::Busy));
    running.stopper.pull();
    assert!(!running.go(), "it tries again");
    running.refuse(None);
    running.world.pass(Duration::from_secs(1));
    assert!(running.go());
    assert_eq!(running.records().len(), 2);
}

#[test]
fn a_store_that_never_takes_anything_does_not_keep_the_gateway_from_stopping() {
    let mut running = Running::new();
    running.counted("alice", read(&service::DECL, "a"), End::Done);
    running.refuse(Some(|| CommitError::Full));
    running.stopper.pull();
    let ended = (0..10).any(|_| {
        running.world.pass(Duration::from_secs(1));
        running.go()
    });
    assert!(ended);
}

#[test]
fn a_target_in_another_tenant_is_what_the_count_is_about() {
    let mut running = Running::new();
    running.go();
    let mut draft = Draft::new(&request(&running.world, read(&service::DECL, "a")), running.world.mono());
    draft.proven(&principal("operator", "root"), running.world.mono());
    draft.found(&name("acme"));
    running.recorder.counted(&draft, End::Done);
    running.pass(60);
    let records = running.records();
    assert_eq!(
        (said(&records[0], &record::TENANT_NAME), said(&records[0], &record::ABOUT_TENANT)),
        ("operator".into(), "acme".into())
    );
}
