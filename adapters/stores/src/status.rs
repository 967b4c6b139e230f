//! How the store does, for health checks and metrics.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How the store does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What the last write came to; `None`: it was stored.
    pub trouble: Option<Trouble>,
    /// Commits that wait for the writer.
    pub queued: usize,
    /// Commits stored since it was opened.
    pub commits: u64,
    /// Commits refused because an expectation did not hold.
    pub conflicts: u64,
    /// Commits refused because the queue was full.
    pub refused: u64,
    /// Batches stored, each with one sync.
    pub batches: u64,
    /// Commits in the last batch.
    pub last_batch: u64,
    /// Commits in the largest batch.
    pub largest_batch: u64,
}

/// Why the last write was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk is full.
    Full,
    /// The disk failed, or the store is closed.
    Failed,
}

/// The counters behind a [`Status`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    trouble: AtomicU8,
    commits: AtomicU64,
    conflicts: AtomicU64,
    refused: AtomicU64,
    batches: AtomicU64,
    last_batch: AtomicU64,
    largest_batch: AtomicU64,
}

impl Counters {
    /// Returns whether there was trouble before.
    pub(crate) fn stored(&self, commits: u64) -> bool {
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.last_batch.store(commits, Ordering::Relaxed);
        self.largest_batch.fetch_max(commits, Ordering::Relaxed);
        self.trouble.swap(0, Ordering::Relaxed) != 0
    }

    pub(crate) fn conflict(&self) {
        self.conflicts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether this is news.
    pub(crate) fn failed(&self, trouble: Trouble) -> bool {
        let code = match trouble {
            Trouble::Full => 1,
            Trouble::Failed => 2,
        };
        self.trouble.swap(code, Ordering::Relaxed) != code
    }

    pub(crate) fn status(&self, queued: usize) -> Status {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            trouble: match self.trouble.load(Ordering::Relaxed) {
                0 => None,
                1 => Some(Trouble::Full),
                _ => Some(Trouble::Failed),
            },
            queued,
            commits: read(&self.commits),
            conflicts: read(&self.conflicts),
            refused: read(&self.refused),
            batches: read(&self.batches),
            last_batch: read(&self.last_batch),
            largest_batch: read(&self.largest_batch),
        }
    }
}
