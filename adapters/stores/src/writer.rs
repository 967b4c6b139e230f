//! The writer: the one thread that changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use strowger_primitive::{CommitError, Committed, Log, Op, Sealer, World};
use tokio::sync::oneshot;

use crate::batch::{Batch, Outcome};
use crate::engine::{Engine, Failure};
use crate::status::Counters;
use crate::texts::Texts;
use crate::views::Roots;
use crate::watches::Watches;

/// Most commits that wait for the writer, and most in one batch.
pub(crate) const QUEUE: usize = 4_096;
/// Octets at which a batch is closed: more would only make the first wait for the last.
const OCTETS: usize = 8 * 1024 * 1024;
/// Expired keys forgotten along with each batch beyond two for each of its commits, so that under load as many go as
/// come; and in one go when there is nothing else to do.
const FORGET: (usize, usize) = (16, 4_096);
/// How long nothing comes before what expired is looked for.
const IDLE: Duration = Duration::from_secs(1);

/// One commit that waits.
pub(crate) struct Job {
    pub(crate) ops: Vec<Op>,
    pub(crate) reply: Reply,
}

/// Where its outcome goes.
pub(crate) type Reply = oneshot::Sender<Result<Committed, CommitError>>;

/// What the writer shows to everybody.
pub(crate) struct Shown {
    pub(crate) roots: ArcSwap<Roots>,
    pub(crate) ends: ArcSwap<BTreeMap<Log, u64>>,
    pub(crate) watches: Watches,
    pub(crate) counters: Counters,
}

/// The writer's own.
pub(crate) struct Writer {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) shown: Arc<Shown>,
    pub(crate) sealer: Box<dyn Sealer>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) texts: Texts,
    pub(crate) commit: u64,
}

impl Writer {
    /// Writes what comes until nobody can send any more and all that waited is done.
    pub(crate) fn run(mut self, queue: &Receiver<Job>) {
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(job) => self.batch(job, queue),
                Err(RecvTimeoutError::Timeout) => self.sweep(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.shown.watches.close();
    }

    fn batch(&mut self, first: Job, queue: &Receiver<Job>) {
        let mut texts = std::mem::take(&mut self.texts);
        let engine = Arc::clone(&self.engine);
        let ready = engine.ready();
        let mut batch = self.begin(&*engine, &mut texts);
        let mut waiting: Vec<(Reply, Result<Committed, CommitError>)> = Vec::new();
        let mut next = Some(first);
        while let Some(Job { ops, reply }) = next {
            waiting.push((reply, batch.apply(ops)));
            let full = waiting.len() >= QUEUE || batch.octets() >= OCTETS;
            next = if full { None } else { queue.try_recv().ok() };
        }
        let writes = !batch.is_empty();
        if writes {
            batch.forget_expired(FORGET.0 + 2 * waiting.len());
        }
        let stored = ready.and_then(|()| self.store(batch));
        self.texts = texts;
        let commits = waiting.iter().filter(|(_, outcome)| outcome.is_ok()).count() as u64;
        match stored {
            Ok(()) => {
                if writes && self.shown.counters.stored(commits) {
                    tracing::info!("the store writes again");
                }
                for (reply, outcome) in waiting {
                    if matches!(outcome, Err(CommitError::Conflict { .. })) {
                        self.shown.counters.conflict();
                    }
                    // Who asked may have left; the commit stands.
                    let _left = reply.send(outcome);
                }
            }
            Err(failure) => {
                if self.shown.counters.failed(failure.trouble()) {
                    tracing::warn!(?failure, "the store writes nothing until this is over");
                }
                // A conflict may be with a commit of this very batch, which now is nowhere: it fails as well.
                for (reply, _) in waiting {
                    let _left = reply.send(Err(failure.clone().into()));
                }
            }
        }
    }

    /// Forgets what expired while nothing else is to be done.
    fn sweep(&mut self) {
        let mut texts = std::mem::take(&mut self.texts);
        let engine = Arc::clone(&self.engine);
        let mut batch = self.begin(&*engine, &mut texts);
        if batch.forget_expired(FORGET.1) > 0
            && let Err(failure) = engine.ready().and_then(|()| self.store(batch))
            && self.shown.counters.failed(failure.trouble())
        {
            tracing::warn!(?failure, "what expired cannot be forgotten");
        }
        self.texts = texts;
    }

    fn begin<'a>(&self, engine: &'a dyn Engine, texts: &'a mut Texts) -> Batch<'a> {
        let roots = Roots::clone(&self.shown.roots.load());
        let ends = self.shown.ends.load().as_ref().clone();
        Batch::new(engine, texts, roots, ends, self.commit, self.world.now().wall)
    }

    /// Seals, writes and shows a batch.
    fn store(&mut self, batch: Batch<'_>) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let sealing = !batch.records().is_empty();
        for record in batch.records() {
            self.sealer.add(record.log, record.sequence, &record.stored);
        }
        let sealed = if sealing { self.sealer.seal(self.world.now().wall) } else { Vec::new() };
        let Outcome { changes, roots, ends } = batch.finish(sealed);
        if let Err(failure) = self.engine.write(&changes) {
            if sealing {
                self.sealer.undo();
            }
            return Err(failure);
        }
        self.commit = changes.commit;
        self.shown.ends.store(Arc::new(ends));
        if !changes.documents.is_empty() {
            self.shown.roots.store(Arc::new(roots));
            self.shown.watches.tell(changes.documents.iter().map(|d| (&d.key, d.document.as_ref())));
        }
        Ok(())
    }
}
