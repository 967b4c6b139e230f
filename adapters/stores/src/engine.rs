//! The seam between the writer and where its batches go.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use strowger_primitive::{CommitError, DocKey, Document, Log, Revision, Time};

use crate::status::Trouble;

/// Keeps batches. The writer alone writes; anybody reads, and sees whole batches that are synced.
pub(crate) trait Engine: Send + Sync {
    /// Makes it work again where a write or the engine's own work failed; the writer asks before each batch.
    fn ready(&self) -> Result<(), Failure>;

    /// Stores all of it, synced, or nothing of it.
    fn write(&self, changes: &Changes) -> Result<(), Failure>;

    /// What is kept there, expired or not.
    fn kept(&self, key: &[u8]) -> Result<Option<Stored>, Failure>;

    /// Shows what is kept under keys that begin with `prefix`, in order, behind `after`, as long as `show` wants more.
    fn kept_under(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        show: &mut dyn FnMut(&[u8], Stored) -> bool,
    ) -> Result<(), Failure>;

    /// What was to be forgotten by `now`, the oldest first, at most `most`.
    fn expired(&self, now: Time, most: usize) -> Result<Vec<(Time, Bytes)>, Failure>;

    /// Records of a log from that sequence on, at most `limit`.
    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, Failure>;
}

/// What is kept under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) revision: Revision,
    pub(crate) expires: Option<Time>,
    pub(crate) value: Bytes,
}

impl Stored {
    /// Whether it counts at `now`.
    pub(crate) fn lives(&self, now: Time) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

/// What a batch changes: each key once.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The number of its last commit.
    pub(crate) commit: u64,
    /// Documents put, with their stored form, and removed.
    pub(crate) documents: Vec<DocumentChange>,
    /// What was kept and forgotten.
    pub(crate) kept: Vec<KeptChange>,
    /// Records appended, in order.
    pub(crate) records: Vec<Record>,
}

impl Changes {
    /// About how much it writes, in octets.
    pub(crate) fn octets(&self) -> u64 {
        let documents = self.documents.iter().map(|d| d.stored.as_ref().map_or(64, |s| s.len() + 96)).sum::<usize>();
        let kept = self.kept.iter().map(|k| k.key.len() * 2 + k.now.as_ref().map_or(64, |s| s.value.len() + 96));
        let records = self.records.iter().map(|r| r.stored.len() + 64).sum::<usize>();
        (documents + kept.sum::<usize>() + records) as u64
    }
}

/// One document put or removed.
#[derive(Debug)]
pub(crate) struct DocumentChange {
    pub(crate) key: DocKey,
    pub(crate) document: Option<Arc<Document>>,
    pub(crate) stored: Option<Bytes>,
}

/// One key kept or forgotten.
#[derive(Debug)]
pub(crate) struct KeptChange {
    pub(crate) key: Bytes,
    /// When what is stored there now would have expired.
    pub(crate) was: Option<Time>,
    pub(crate) now: Option<Stored>,
}

/// One record appended.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) log: Log,
    pub(crate) sequence: u64,
    pub(crate) stored: Bytes,
}

/// Why a batch is not stored, or something cannot be read.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The disk is full.
    Full,
    /// The disk failed, or the store is closed.
    Failed(Broken),
}

impl Failure {
    pub(crate) fn because(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Broken(Arc::new(cause)))
    }

    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Full => Trouble::Full,
            Self::Failed(_) => Trouble::Failed,
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Failed(broken) => Self::Failed(Box::new(broken)),
        }
    }
}

/// A cause that all commits of a batch share.
#[derive(Clone, Debug)]
pub(crate) struct Broken(Arc<dyn Error + Send + Sync>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Longest key of a room's own, in octets: fjall's bound is 65,535, with what stands before it.
pub(crate) const LONGEST_KEY: usize = 60_000;

/// Such a key can be stored nowhere.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a key of {0} octets is longer than {LONGEST_KEY}")]
pub(crate) struct LongKey(pub(crate) usize);

/// The store was closed before it could do this.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store is closed")]
pub(crate) struct Closed;
