//! The ports of state: what is changed in one commit, and what is read without waiting for the disk.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use crate::{BoxFuture, DocKey, Document, Fault, FaultKind, Index, KindDecl, Name, Time};

/// The number of the commit that last changed something. 0: never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// What must hold for an operation; where one does not, nothing of the commit is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It is not there, or has expired.
    Absent,
    /// It is there and was last changed by that commit.
    Revision(Revision),
    /// Either.
    Any,
}

/// One operation of a commit.
#[derive(Debug)]
pub enum Op {
    /// Stores a document; its revision becomes the commit's.
    Put {
        /// Where.
        key: DocKey,
        /// What must hold.
        expect: Expect,
        /// The document; the engine sets its revision.
        document: Document,
    },
    /// Removes a document.
    Remove {
        /// Where.
        key: DocKey,
        /// What must hold.
        expect: Expect,
    },
    /// Stores what a room keeps for itself.
    Keep {
        /// Where.
        key: OwnKey,
        /// What must hold.
        expect: Expect,
        /// The octets.
        value: Bytes,
        /// When it may be forgotten.
        expires: Option<Time>,
    },
    /// Forgets what a room kept.
    Forget {
        /// Where.
        key: OwnKey,
        /// What must hold.
        expect: Expect,
    },
    /// Adds a record to a log; the writer gives its sequence and seals it.
    Append {
        /// The log.
        log: Log,
        /// The record.
        record: Document,
    },
}

/// Where a room keeps something for itself: the room's word, then octets of its own choice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnKey(pub Bytes);

impl OwnKey {
    /// `room`, then each part behind a zero octet.
    #[must_use]
    pub fn new(room: &str, parts: &[&[u8]]) -> Self {
        let mut key = Vec::with_capacity(room.len() + parts.iter().map(|part| 1 + part.len()).sum::<usize>());
        key.extend_from_slice(room.as_bytes());
        for part in parts {
            key.push(0);
            key.extend_from_slice(part);
        }
        Self(key.into())
    }
}

/// A log of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Log(pub u8);

impl Log {
    /// Who asked what, what was decided, what came of it.
    pub const AUDIT: Self = Self(1);
}

/// What a commit did.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Its number.
    pub revision: Revision,
    /// The documents put, in order, with their revision.
    pub documents: Vec<Arc<Document>>,
    /// The sequences given to the records appended, in order.
    pub sequences: Vec<u64>,
}

/// Why a commit did nothing.
#[derive(Debug)]
pub enum CommitError {
    /// An expectation did not hold.
    Conflict {
        /// Which operation's.
        op: usize,
        /// What is there instead; `None`: nothing.
        found: Option<Revision>,
    },
    /// The queue of the writer is full.
    Busy,
    /// The disk is full.
    Full,
    /// The disk failed, or the store is closed. Whether the commit is stored is unknown.
    Failed(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { op, found: Some(found) } => write!(f, "operation {op}: found revision {}", found.0),
            Self::Conflict { op, found: None } => write!(f, "operation {op}: nothing is there"),
            Self::Busy => f.write_str("the store's queue is full"),
            Self::Full => f.write_str("the disk is full"),
            Self::Failed(_) => f.write_str("the store failed"),
        }
    }
}

impl Error for CommitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Failed(cause) = self { Some(cause.as_ref()) } else { None }
    }
}

impl From<CommitError> for Fault {
    fn from(error: CommitError) -> Self {
        use std::time::Duration;
        match error {
            CommitError::Conflict { .. } => {
                Self::new(FaultKind::Conflict, "stale", "it was changed meanwhile; read it again").because(error)
            }
            CommitError::Busy => Self::overloaded(Duration::from_secs(1), "too many changes are waiting; ask again"),
            CommitError::Full => {
                Self::new(FaultKind::Unavailable, "disk-full", "the gateway's disk is full: nothing can be changed now")
                    .after(Duration::from_secs(30))
            }
            CommitError::Failed(cause) => {
                Self::new(FaultKind::Unavailable, "store-failed", "the gateway cannot store anything now")
                    .after(Duration::from_secs(30))
                    .because(cause)
            }
        }
    }
}

/// What must never be lost. Documents are read through [`Look`]; here is what changes them, and what rooms keep.
pub trait Store: Send + Sync {
    /// Does all of `ops` or nothing; when it answers, it is synced and the views show it.
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'static, Result<Committed, CommitError>>;

    /// What a room kept there.
    ///
    /// # Errors
    /// [`CommitError::Failed`] where the disk fails.
    fn kept(&self, key: &OwnKey) -> Result<Option<(Revision, Bytes)>, CommitError>;

    /// All that was kept under keys that begin with `prefix`, in order, at most `limit`, behind `after`.
    ///
    /// # Errors
    /// [`CommitError::Failed`] where the disk fails.
    fn kept_under(
        &self,
        prefix: &OwnKey,
        after: Option<&OwnKey>,
        limit: usize,
    ) -> Result<Vec<(OwnKey, Revision, Bytes)>, CommitError>;

    /// Records of a log from that sequence on, at most `limit`, as stored: sequence and sealed octets.
    ///
    /// # Errors
    /// [`CommitError::Failed`] where the disk fails.
    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, CommitError>;

    /// The sequence the next record of that log gets.
    fn log_end(&self, log: Log) -> u64;
}

/// Reading a lot: one persistent map per kind and tenant, a new root per commit batch.
pub trait Look: Send + Sync {
    /// The things of that kind in that tenant as of the last commit.
    fn view(&self, tenant: &Name, kind: &'static KindDecl) -> Arc<dyn View>;

    /// Shows one of them, if it is there: for what is asked of every request, whose cores would else count references
    /// to the same document.
    fn peek(&self, tenant: &Name, kind: &'static KindDecl, name: &str, see: &mut dyn FnMut(&Document)) {
        if let Some(document) = self.get(tenant, kind, name) {
            see(&document);
        }
    }

    /// One of them.
    fn get(&self, tenant: &Name, kind: &'static KindDecl, name: &str) -> Option<Arc<Document>> {
        self.view(tenant, kind).get(name)
    }

    /// Tells of every change of one document from now on.
    fn watch(&self, key: &DocKey) -> Watch;
}

/// The things of one kind in one tenant at one moment, in SNMP's order of names (length, then octets).
pub trait View: Send + Sync {
    /// The one of that name.
    fn get(&self, name: &str) -> Option<Arc<Document>>;

    /// Shows each behind `after` in order, as long as `show` wants more.
    fn each(&self, after: Option<&Name>, show: &mut dyn FnMut(&Arc<Document>) -> bool);

    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The newest state of one document.
#[derive(Debug)]
pub struct Watch(watch::Receiver<Option<Arc<Document>>>);

impl Watch {
    /// Made by the store.
    #[must_use]
    pub fn new(receiver: watch::Receiver<Option<Arc<Document>>>) -> Self {
        Self(receiver)
    }

    /// The document as it is now; `None`: it is not there.
    #[must_use]
    pub fn now(&mut self) -> Option<Arc<Document>> {
        self.0.borrow_and_update().clone()
    }

    /// Waits for the next change. `false`: the store is closed and there will be none.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// Seals the records of all logs; the writer thread owns it. What it keeps is written in the records' own batch, so a
/// crash cannot part them.
pub trait Sealer: Send {
    /// Takes up what was kept by the last run. `kept` reads what an earlier [`Sealed`] wrote.
    ///
    /// # Errors
    /// Where what was kept cannot be read or does not belong to these logs.
    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// The next record of `log`, as it will be stored.
    fn add(&mut self, log: Log, sequence: u64, stored: &[u8]);

    /// Ends a batch: what is to be kept with it.
    fn seal(&mut self, now: Time) -> Vec<Sealed>;

    /// The batch was not stored: goes back to before its first record.
    fn undo(&mut self);
}

/// Reads what a sealer kept.
pub type Kept<'a> = dyn Fn(&OwnKey) -> Option<Bytes> + 'a;

/// What a sealer keeps.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Where.
    pub key: OwnKey,
    /// The octets.
    pub value: Bytes,
}

impl View for BTreeMap<Name, Arc<Document>> {
    fn get(&self, name: &str) -> Option<Arc<Document>> {
        Name::new(name).ok().and_then(|name| Self::get(self, &name).cloned())
    }

    fn each(&self, after: Option<&Name>, show: &mut dyn FnMut(&Arc<Document>) -> bool) {
        use std::ops::Bound;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        for document in self.range::<Name, _>((from, Bound::Unbounded)).map(|(_, d)| d) {
            if !show(document) {
                return;
            }
        }
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl From<&DocKey> for Index {
    fn from(key: &DocKey) -> Self {
        Self::Name(key.name.clone())
    }
}
