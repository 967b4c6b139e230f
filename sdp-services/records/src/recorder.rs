//! The pipeline's pen: makes records of drafts, counts, and brings to the log what no change carries there.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use strowger_kinds::record::{self, Scribe};
use strowger_primitive::{BoxFuture, CommitError, Document, Fault, Log, Op, Stop, Store, Value, World};
use tokio::sync::mpsc;

use crate::counted::{self, Counts, lock};
use crate::draft::{Draft, End};
use crate::refused::Sources;

/// Refusals that wait to be stored.
const WAITING: usize = 1_024;
/// Records stored in one commit.
const AT_ONCE: usize = 256;
const MINUTE: Duration = Duration::from_secs(60);
/// How long to wait after the store refused.
const AGAIN: Duration = Duration::from_secs(1);
/// How often the last records are tried when the gateway stops.
const TRIES: u32 = 5;

/// Makes the records of one node.
pub struct Recorder {
    scribe: Scribe,
    world: Arc<dyn World>,
    store: Arc<dyn Store>,
    counts: Counts,
    sources: Sources,
    queue: mpsc::Sender<Document>,
    waiting: Mutex<Option<mpsc::Receiver<Document>>>,
    /// The store took nothing when it was last asked.
    kept_waiting: AtomicBool,
}

enum Woken {
    Stopped,
    Minute,
    Refusals,
}

impl Recorder {
    /// The recorder of a node; [`run`](Self::run) must run beside it.
    #[must_use]
    pub fn new(scribe: Scribe, world: Arc<dyn World>, store: Arc<dyn Store>) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (counts, sources) = (Counts::default(), Sources::default());
        let (waiting, kept_waiting) = (Mutex::new(Some(waiting)), AtomicBool::new(false));
        Self { scribe, world, store, counts, sources, queue, waiting, kept_waiting }
    }

    /// The record of one request, as of this moment.
    #[must_use]
    pub fn each(&self, draft: &Draft, end: End<'_>) -> Document {
        let mut record = self.scribe.begin(&*self.world, record::EACH);
        draft.write(&mut record, end, self.world.now());
        record
    }

    /// The record of one request, to be stored in the commit of its change.
    #[must_use]
    pub fn op(&self, draft: &Draft, end: End<'_>) -> Op {
        append(self.each(draft, end))
    }

    /// Counts a request of the class *counted*. Does not wait and allocates only for the first of its sort in a minute.
    pub fn counted(&self, draft: &Draft, end: End<'_>) {
        self.counts.add(draft, end);
    }

    /// Records a refusal soon; nobody waits for it. Of a source that is refused all the time some are recorded each,
    /// and the number of the others in the next one's count, or within a minute.
    pub fn refused(&self, draft: &Draft, fault: &Fault) {
        let now = self.world.mono();
        let Some(left_out) = self.sources.enter(draft, fault, now) else { return };
        let Ok(place) = self.queue.try_reserve() else {
            self.sources.leave_out(draft, fault, left_out, now);
            return;
        };
        let mut record = self.each(draft, End::Fault(fault));
        if left_out > 0 {
            record.fields.set(&record::COUNT, Value::Uint(left_out));
        }
        place.send(record);
    }

    /// Stores refusals as they come and counts every minute, until `stop` is pulled, and then what is left. While the
    /// store takes nothing, both are kept: refusals as many as the queue holds, counts all. A commit whose fate is not
    /// known is made again, so that rather a refusal stands twice, with one identifier, than not at all.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        let Some(mut queue) = lock(&self.waiting).take() else { return };
        let mut stopped = pin!(stop.wait());
        let mut minute = self.world.sleep(MINUTE);
        let mut again: Option<BoxFuture<'static, ()>> = None;
        let mut refusals = Vec::new();
        loop {
            let woken = poll_fn(|cx| {
                if stopped.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Woken::Stopped);
                }
                if minute.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Woken::Minute);
                }
                let ready = match &mut again {
                    Some(wait) => wait.as_mut().poll(cx),
                    None => queue.poll_recv_many(cx, &mut refusals, AT_ONCE).map(|_| ()),
                };
                ready.map(|()| Woken::Refusals)
            })
            .await;
            match woken {
                Woken::Stopped => break,
                Woken::Minute => {
                    minute = self.world.sleep(MINUTE);
                    self.store_counts().await;
                }
                Woken::Refusals => {
                    let failed = self.append_all(&mut refusals).await.is_err();
                    again = failed.then(|| self.world.sleep(AGAIN));
                }
            }
        }
        while let Ok(refusal) = queue.try_recv() {
            refusals.push(refusal);
        }
        self.store_last(refusals).await;
    }

    async fn store_last(&self, mut refusals: Vec<Document>) {
        for tried in 1..=TRIES {
            let refusals_stored = self.append_all(&mut refusals).await;
            let counts_stored = self.store_counts().await;
            if refusals_stored.is_ok() && counts_stored {
                return;
            }
            if tried < TRIES {
                self.world.sleep(AGAIN).await;
            }
        }
        tracing::warn!(refusals = refusals.len(), "the last records of refusals and reads could not be stored");
    }

    /// Stores the counts of the minute, and of sources what was left out. Whether all are stored.
    async fn store_counts(&self) -> bool {
        let mut left = self.sources.take();
        while !left.is_empty() {
            let some = left.split_off(left.len().saturating_sub(AT_ONCE));
            let records = some.iter().map(|(address, l)| append(l.record(*address, &self.scribe, &*self.world)));
            if self.append(records.collect()).await.is_err() {
                self.sources.put_back(some.into_iter().chain(left), self.world.mono());
                return false;
            }
        }
        let mut counts = self.counts.take();
        while !counts.is_empty() {
            let some = counts.split_off(counts.len().saturating_sub(AT_ONCE));
            let records = some.iter().map(|(of, t)| append(counted::record_of(of, t, &self.scribe, &*self.world)));
            if self.append(records.collect()).await.is_err() {
                self.counts.put_back(some.into_iter().chain(counts));
                return false;
            }
        }
        true
    }

    /// Stores records, which are gone from `records` when it succeeds.
    async fn append_all(&self, records: &mut Vec<Document>) -> Result<(), CommitError> {
        while !records.is_empty() {
            let some = records.len().min(AT_ONCE);
            let ops = records.iter().take(some).cloned().map(append).collect();
            self.append(ops).await?;
            records.drain(..some);
        }
        Ok(())
    }

    /// Says once when the store begins to take nothing, and once when it takes something again.
    async fn append(&self, ops: Vec<Op>) -> Result<(), CommitError> {
        let done = self.store.commit(ops).await;
        let waited = self.kept_waiting.swap(done.is_err(), Ordering::Relaxed);
        match &done {
            Err(error) if !waited => tracing::warn!(%error, "records of refusals and reads wait in memory"),
            Ok(_) if waited => tracing::info!("records of refusals and reads are stored again"),
            Ok(_) | Err(_) => {}
        }
        done.map(drop)
    }
}

fn append(record: Document) -> Op {
    Op::Append { log: Log::AUDIT, record }
}
