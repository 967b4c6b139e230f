//! A store in memory that commits at once, and does to single commits what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use strowger_primitive::{
    BoxFuture, CommitError, Committed, DocKey, Document, Expect, KindDecl, Log, Look, Name, Op, OwnKey, Revision,
    Store, Value, View, Watch, common,
};
use tokio::sync::watch;

/// What happens to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stored,
    Busy,
    Full,
    /// It is not stored, and the answer does not tell.
    FailedAndLost,
    /// It is stored, and the answer does not tell.
    FailedAndStored,
    /// The gateway dies before it is stored.
    CrashBefore,
    /// The gateway dies when it is stored, before the answer.
    CrashAfter,
}

type Docs = BTreeMap<(Name, u16), Arc<BTreeMap<Name, Arc<Document>>>>;
type Watched = watch::Sender<Option<Arc<Document>>>;

#[derive(Default)]
struct Held {
    revision: u64,
    docs: Docs,
    kept: BTreeMap<OwnKey, (Revision, Bytes)>,
    log: Vec<Document>,
    watched: BTreeMap<DocKey, Watched>,
    commits: usize,
    fates: BTreeMap<usize, Fate>,
}

/// The store; it outlives the gateways on it.
#[derive(Default)]
pub(super) struct Memory {
    held: Mutex<Held>,
    pub(super) crashed: tokio::sync::Notify,
    /// Too much is watched: watches end at once.
    pub(super) deaf: std::sync::atomic::AtomicBool,
}

impl Memory {
    /// The commit that comes `ahead` from now has this fate; the next is 0 ahead.
    pub(super) fn fate(&self, ahead: usize, fate: Fate) {
        let mut held = self.held.lock().unwrap();
        let no = held.commits + ahead;
        held.fates.insert(no, fate);
    }

    /// Every commit is stored from now on.
    pub(super) fn calm(&self) {
        self.held.lock().unwrap().fates.clear();
    }

    pub(super) fn commits(&self) -> usize {
        self.held.lock().unwrap().commits
    }

    pub(super) fn records(&self) -> Vec<Document> {
        self.held.lock().unwrap().log.clone()
    }

    pub(super) fn kept_count(&self) -> usize {
        self.held.lock().unwrap().kept.len()
    }
}

impl Held {
    fn revision_of(&self, op: &Op) -> Option<Revision> {
        match op {
            Op::Put { key, .. } | Op::Remove { key, .. } => self.document(key).map(|d| d.revision()),
            Op::Keep { key, .. } | Op::Forget { key, .. } => self.kept.get(key).map(|(revision, _)| *revision),
            Op::Append { .. } => None,
        }
    }

    fn document(&self, key: &DocKey) -> Option<Arc<Document>> {
        self.docs.get(&(key.tenant.clone(), key.kind))?.get(&key.name).cloned()
    }

    fn check(&self, ops: &[Op]) -> Result<(), CommitError> {
        for (op, one) in ops.iter().enumerate() {
            let found = self.revision_of(one);
            let holds = match one {
                Op::Put { expect, .. }
                | Op::Remove { expect, .. }
                | Op::Keep { expect, .. }
                | Op::Forget { expect, .. } => match expect {
                    Expect::Absent => found.is_none(),
                    Expect::Revision(revision) => found == Some(*revision),
                    Expect::Any => true,
                },
                Op::Append { .. } => true,
            };
            if !holds {
                return Err(CommitError::Conflict { op, found });
            }
        }
        Ok(())
    }

    fn store(&mut self, ops: Vec<Op>) -> Committed {
        self.revision += 1;
        let mut done = Committed { revision: Revision(self.revision), ..Committed::default() };
        for op in ops {
            match op {
                Op::Put { key, mut document, .. } => {
                    document.fields.set(&common::REVISION, Value::Uint(self.revision));
                    let document = Arc::new(document);
                    done.documents.push(Arc::clone(&document));
                    let view = self.docs.entry((key.tenant.clone(), key.kind)).or_default();
                    Arc::make_mut(view).insert(key.name.clone(), Arc::clone(&document));
                    self.tell(&key, Some(document));
                }
                Op::Remove { key, .. } => {
                    if let Some(view) = self.docs.get_mut(&(key.tenant.clone(), key.kind)) {
                        Arc::make_mut(view).remove(&key.name);
                    }
                    self.tell(&key, None);
                }
                Op::Keep { key, value, .. } => drop(self.kept.insert(key, (done.revision, value))),
                Op::Forget { key, .. } => drop(self.kept.remove(&key)),
                Op::Append { record, .. } => {
                    done.sequences.push(self.log.len() as u64);
                    self.log.push(record);
                }
            }
        }
        done
    }

    fn tell(&mut self, key: &DocKey, document: Option<Arc<Document>>) {
        if let Some(sender) = self.watched.get(key) {
            sender.send_replace(document);
        }
    }
}

impl Store for Memory {
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'static, Result<Committed, CommitError>> {
        let mut held = self.held.lock().unwrap();
        if let Err(conflict) = held.check(&ops) {
            return Box::pin(std::future::ready(Err(conflict)));
        }
        let no = held.commits;
        held.commits += 1;
        let fate = held.fates.get(&no).copied().unwrap_or(Fate::Stored);
        let answer = match fate {
            Fate::Stored => Ok(held.store(ops)),
            Fate::Busy => Err(CommitError::Busy),
            Fate::Full => Err(CommitError::Full),
            Fate::FailedAndLost => Err(CommitError::Failed("the disk failed".into())),
            Fate::FailedAndStored => {
                held.store(ops);
                Err(CommitError::Failed("the disk failed".into()))
            }
            Fate::CrashBefore | Fate::CrashAfter => {
                if fate == Fate::CrashAfter {
                    held.store(ops);
                }
                self.crashed.notify_one();
                return Box::pin(std::future::pending());
            }
        };
        Box::pin(std::future::ready(answer))
    }

    fn kept(&self, key: &OwnKey) -> Result<Option<(Revision, Bytes)>, CommitError> {
        Ok(self.held.lock().unwrap().kept.get(key).cloned())
    }

    fn kept_under(
        &self,
        prefix: &OwnKey,
        after: Option<&OwnKey>,
        limit: usize,
    ) -> Result<Vec<(OwnKey, Revision, Bytes)>, CommitError> {
        let held = self.held.lock().unwrap();
        let behind = |key: &OwnKey| after.is_none_or(|after| key > after);
        let found = held.kept.iter().filter(|(key, _)| key.0.starts_with(&prefix.0) && behind(key));
        Ok(found.take(limit).map(|(key, (revision, value))| (key.clone(), *revision, value.clone())).collect())
    }

    fn read_log(&self, _: Log, _: u64, _: usize) -> Result<Vec<(u64, Bytes)>, CommitError> {
        Ok(Vec::new())
    }

    fn log_end(&self, _: Log) -> u64 {
        self.held.lock().unwrap().log.len() as u64
    }
}

impl Look for Memory {
    fn view(&self, tenant: &Name, kind: &'static KindDecl) -> Arc<dyn View> {
        self.held.lock().unwrap().docs.get(&(tenant.clone(), kind.number)).cloned().unwrap_or_default()
    }

    fn watch(&self, key: &DocKey) -> Watch {
        let mut held = self.held.lock().unwrap();
        let now = held.document(key);
        if self.deaf.load(std::sync::atomic::Ordering::Relaxed) {
            return Watch::new(watch::channel(now).1);
        }
        let sender = held.watched.entry(key.clone()).or_insert_with(|| watch::channel(None).0);
        sender.send_replace(now);
        Watch::new(sender.subscribe())
    }
}
