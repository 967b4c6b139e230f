//! What every engine must do, run over memory and over the disk; and what only a disk must.

mod commits;
mod faults;
mod gate;
mod reads;
mod reopen;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use strowger_kinds::{all, record, service};
use strowger_primitive::{
    BoxFuture, CommitError, DocKey, Document, Expect, Log, Look as _, Name, Now, Op, OwnKey, Revision, Time, View,
    World, common,
};

use crate::{Embedded, NoSeal, Options};

/// Runs tests over each engine, with a world whose clock they turn.
macro_rules! over_each_engine {
    ($($(#[$meta:meta])* $test:ident;)*) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$meta])*
                async fn $test() {
                    let clock = super::Clock::new();
                    super::$test(&super::in_memory(&clock), &clock).await;
                }
            )*
        }
        mod disk {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$meta])*
                async fn $test() {
                    let (clock, folder) = (super::Clock::new(), tempfile::tempdir().unwrap());
                    super::$test(&super::on_disk(folder.path(), &clock), &clock).await;
                }
            )*
        }
    };
}
use over_each_engine;

/// A world whose wall clock stands until it is turned.
struct Clock(AtomicI64);

impl Clock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_000_000)))
    }

    fn turn(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn wall(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }
}

impl World for Clock {
    #[expect(clippy::disallowed_methods, reason = "nothing here looks at the monotonic clock")]
    fn now(&self) -> Now {
        Now { wall: self.wall(), mono: Instant::now() }
    }

    fn sleep(&self, _time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn random(&self, octets: &mut [u8]) {
        octets.fill(7);
    }

    fn spawn(&self, _name: &'static str, _work: BoxFuture<'static, ()>) {}

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

fn in_memory(clock: &Arc<Clock>) -> Arc<Embedded> {
    Embedded::in_memory(all(), Box::new(NoSeal), Arc::clone(clock) as Arc<dyn World>)
}

fn options(folder: &Path) -> Options {
    Options { directory: folder.join("store"), ..Options::default() }
}

fn on_disk(folder: &Path, clock: &Arc<Clock>) -> Arc<Embedded> {
    let world = Arc::clone(clock) as Arc<dyn World>;
    Embedded::open(&options(folder), all(), Box::new(NoSeal), world).unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn key(text: &str) -> DocKey {
    DocKey { tenant: name("acme"), kind: service::DECL.number, name: name(text) }
}

fn document(text: &str, message: &str) -> Document {
    let mut document = Document::new(&service::DECL);
    document.fields.set_text(&common::NAME, text);
    document.fields.set_text(&service::OFFER, "hello");
    document.fields.set_text(&service::MESSAGE, message);
    document
}

fn put(text: &str, expect: Expect) -> Op {
    Op::Put { key: key(text), expect, document: document(text, "as it was put") }
}

fn remove(text: &str, expect: Expect) -> Op {
    Op::Remove { key: key(text), expect }
}

fn own(text: &str) -> OwnKey {
    OwnKey::new("suite", &[text.as_bytes()])
}

fn keep(text: &str, expect: Expect, value: &'static str, expires: Option<Time>) -> Op {
    Op::Keep { key: own(text), expect, value: Bytes::from_static(value.as_bytes()), expires }
}

fn append(message: &str) -> Op {
    let mut one = Document::new(&record::DECL);
    one.fields.set_text(&record::MESSAGE, message);
    Op::Append { log: Log::AUDIT, record: one }
}

fn conflict(refused: Result<strowger_primitive::Committed, CommitError>) -> (usize, Option<Revision>) {
    match refused {
        Err(CommitError::Conflict { op, found }) => (op, found),
        other => panic!("no conflict: {other:?}"),
    }
}

fn names(view: &dyn View) -> Vec<String> {
    let mut names = Vec::new();
    view.each(None, &mut |document| {
        names.push(document.name().unwrap().to_string());
        true
    });
    names
}

fn services(store: &Embedded) -> Arc<dyn View> {
    store.view(&name("acme"), &service::DECL)
}
