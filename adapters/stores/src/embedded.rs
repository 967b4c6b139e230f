//! The engine as its users see it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use bytes::Bytes;
use crossbeam_channel::{Sender, TrySendError, bounded};
use strowger_primitive::{
    BoxFuture, CommitError, Committed, DocKey, Document, KindDecl, Log, Look, Name, Op, OwnKey, Revision, Schema,
    Sealer, Store, View, Watch, World,
};
use tokio::sync::oneshot;

use crate::disk::Disk;
use crate::engine::{Closed, Engine, Failure};
use crate::memory::Memory;
use crate::status::{Counters, Status, Trouble};
use crate::texts::Texts;
use crate::views::{Root, Roots};
use crate::watches::Watches;
use crate::writer::{Job, QUEUE, Shown, Writer};
use crate::{Error, Options};

/// The embedded store. Dropping it closes it.
pub struct Embedded {
    engine: Arc<dyn Engine>,
    shown: Arc<Shown>,
    world: Arc<dyn World>,
    empty: Arc<Root>,
    queue: RwLock<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What an engine held when it was opened.
#[derive(Default)]
pub(crate) struct Held {
    /// The number of the last commit.
    pub(crate) commit: u64,
    /// All documents.
    pub(crate) roots: Roots,
    /// The sequence the next record of each log gets.
    pub(crate) ends: BTreeMap<Log, u64>,
    /// The texts the documents share.
    pub(crate) texts: Texts,
}

impl Embedded {
    /// Opens the store in the folder of `options`, or makes it. Waits at most ten seconds for a process that still
    /// has it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(
        options: &Options,
        schema: Schema,
        sealer: Box<dyn Sealer>,
        world: Arc<dyn World>,
    ) -> Result<Arc<Self>, Error> {
        let (disk, held) = Disk::open(options, &schema)?;
        Self::start(Arc::new(disk), held, sealer, world)
    }

    /// A store that forgets everything when it is dropped; in all else like the other. Where the system gives no
    /// thread for its writer, or the sealer refuses, it is closed from the start.
    #[must_use]
    pub fn in_memory(_schema: Schema, sealer: Box<dyn Sealer>, world: Arc<dyn World>) -> Arc<Self> {
        let engine: Arc<dyn Engine> = Arc::new(Memory::default());
        let closed = Self::new(&engine, Held::default(), &world);
        Self::start(engine, Held::default(), sealer, world).unwrap_or_else(|error| {
            tracing::error!(%error, "the store in memory does not start");
            Arc::new(closed)
        })
    }

    /// A store over `engine` and its thread.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        mut held: Held,
        mut sealer: Box<dyn Sealer>,
        world: Arc<dyn World>,
    ) -> Result<Arc<Self>, Error> {
        // What cannot be read is not what is not there: a log would begin anew.
        let unread = std::cell::Cell::new(None);
        let kept = |key: &OwnKey| match engine.kept(&key.0) {
            Ok(stored) => stored.map(|stored| stored.value),
            Err(failure) => {
                unread.set(Some(failure));
                None
            }
        };
        let resumed = sealer.resume(&kept);
        if let Some(failure) = unread.take() {
            return Err(Error::Seals(Box::new(CommitError::from(failure))));
        }
        resumed.map_err(Error::Seals)?;
        let (commit, texts) = (held.commit, std::mem::take(&mut held.texts));
        let this = Self::new(&engine, held, &world);
        let writer = Writer { engine, shown: Arc::clone(&this.shown), sealer, world, texts, commit };
        let (sender, receiver) = bounded(QUEUE);
        let thread = std::thread::Builder::new().name("strowger:store".to_owned());
        let thread = thread.spawn(move || writer.run(&receiver)).map_err(Error::Thread)?;
        *this.queue.write().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        *this.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(Arc::new(this))
    }

    fn new(engine: &Arc<dyn Engine>, held: Held, world: &Arc<dyn World>) -> Self {
        let shown = Arc::new(Shown {
            roots: ArcSwap::from_pointee(held.roots),
            ends: ArcSwap::from_pointee(held.ends),
            watches: Watches::default(),
            counters: Counters::default(),
        });
        let (engine, world) = (Arc::clone(engine), Arc::clone(world));
        let (queue, thread) = (RwLock::new(None), Mutex::new(None));
        Self { engine, shown, world, empty: Arc::default(), queue, thread }
    }

    /// Takes nothing more, stores what waits, and ends the thread. Views and logs can still be read.
    pub fn close(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread had ended by itself");
            self.shown.counters.failed(Trouble::Failed);
        }
    }

    /// How it does.
    pub fn status(&self) -> Status {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        self.shown.counters.status(queue.as_ref().map_or(0, Sender::len))
    }

    fn enqueue(&self, job: Job) -> Result<(), CommitError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = queue.as_ref() else { return Err(Failure::because(Closed).into()) };
        sender.try_send(job).map_err(|unsent| match unsent {
            TrySendError::Full(_) => {
                self.shown.counters.refused();
                CommitError::Busy
            }
            TrySendError::Disconnected(_) => {
                self.shown.counters.failed(Trouble::Failed);
                Failure::because(Closed).into()
            }
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for Embedded {
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'static, Result<Committed, CommitError>> {
        let (reply, outcome) = oneshot::channel();
        let sent = self.enqueue(Job { ops, reply });
        Box::pin(async move {
            sent?;
            outcome.await.unwrap_or_else(|_| Err(Failure::because(Closed).into()))
        })
    }

    fn kept(&self, key: &OwnKey) -> Result<Option<(Revision, Bytes)>, CommitError> {
        let stored = self.engine.kept(&key.0)?;
        let now = self.world.now().wall;
        Ok(stored.filter(|stored| stored.lives(now)).map(|stored| (stored.revision, stored.value)))
    }

    fn kept_under(
        &self,
        prefix: &OwnKey,
        after: Option<&OwnKey>,
        limit: usize,
    ) -> Result<Vec<(OwnKey, Revision, Bytes)>, CommitError> {
        let now = self.world.now().wall;
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        self.engine.kept_under(&prefix.0, after.map(|after| &*after.0), &mut |key, stored| {
            if stored.lives(now) {
                found.push((OwnKey(Bytes::copy_from_slice(key)), stored.revision, stored.value));
            }
            found.len() < limit
        })?;
        Ok(found)
    }

    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, CommitError> {
        Ok(self.engine.read_log(log, from, limit)?)
    }

    fn log_end(&self, log: Log) -> u64 {
        self.shown.ends.load().get(&log).copied().unwrap_or(0)
    }
}

impl Look for Embedded {
    fn view(&self, tenant: &Name, kind: &'static KindDecl) -> Arc<dyn View> {
        self.shown.roots.load().view(tenant, kind.number).unwrap_or_else(|| Arc::clone(&self.empty))
    }

    fn get(&self, tenant: &Name, kind: &'static KindDecl, name: &str) -> Option<Arc<Document>> {
        self.shown.roots.load().named(tenant, kind.number, name).cloned()
    }

    fn peek(&self, tenant: &Name, kind: &'static KindDecl, name: &str, see: &mut dyn FnMut(&Document)) {
        if let Some(document) = self.shown.roots.load().named(tenant, kind.number, name) {
            see(document);
        }
    }

    fn watch(&self, key: &DocKey) -> Watch {
        self.shown.watches.watch(key, || self.shown.roots.load().get(key).cloned())
    }
}

#[cfg(test)]
impl Embedded {
    /// How many keys the engine holds under `prefix`, expired or not.
    pub(crate) fn held_under(&self, prefix: &OwnKey) -> usize {
        let mut held = 0;
        let shown = self.engine.kept_under(&prefix.0, None, &mut |_, _| {
            held += 1;
            true
        });
        shown.map_or(0, |()| held)
    }
}
