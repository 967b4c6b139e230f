//! The embedded engine behind the ports [`Store`](strowger_primitive::Store) and [`Look`](strowger_primitive::Look):
//! what is acknowledged is on the disk, and reading never waits for it.
//!
//! In: commits, from any number of callers, through one bounded queue. One thread of its own, the writer, takes what
//! waits there, checks each commit's expectations against what is stored and what the batch already changed, numbers
//! documents and records, lets the sealer see each record, writes the batch, syncs once, shows the new views, wakes
//! the watches, and only then acknowledges. A commit that conflicts is refused alone; the others go on.
//! Out: views (persistent maps, one new root per batch, shared), watches, kept octets, logs.
//! It never acknowledges what a power cut could take away, never shows what is not synced, never waits where its
//! queue is full, and never decides what a document means.
//!
//! | file | what |
//! |---|---|
//! | `embedded` | the engine as its users see it; opening and closing |
//! | `writer`, `batch` | the thread; what a batch changes and how one commit of it is taken back |
//! | `views`, `watches`, `texts` | what is read: persistent maps, channels of single documents, shared texts |
//! | `engine`, `memory`, `disk` | where batches go: the seam, without a disk, with one |
//! | `disk/journal`, `disk/keys`, `disk/owner` | what a crash left half-done; layout of the keys; the folder's lock |
//!
//! **What a failed disk means.** Free space is asked for before each batch, so that a full disk is refused
//! ([`CommitError::Full`](strowger_primitive::CommitError::Full)) before anything is half-written. Where writing or
//! syncing fails all the same, nothing of the batch is acknowledged, and the next commit first closes the files, cuts
//! the journal back to the last acknowledged batch, syncs that, and opens it again. Going on in the same file would
//! lose later commits: after a failed sync the kernel counts the pages as clean although the disk never got them, and
//! a hole in a journal ends its replay. Cutting throws exactly these pages away. For the same reason the last batch
//! of a journal is written again and synced at each start: whoever wrote it may have died of a failed sync.
//!
//! Libraries: `fjall` keeps kept octets, logs and documents on disk: the fastest group commit of three measured
//! (README), with plain `write` and `fdatasync`, no mapped writes; not `redb` (a quarter to two fifths of the commits
//! where many write at once) nor SQLite (a fifth to a quarter). `imbl` for persistent maps: a reader keeps a root as
//! long as it likes. `arc-swap` for roots without a lock. `crossbeam-channel` for the queue: bounded, and both ends may
//! be threads. `equivalent` to look names up without making one. `xxhash-rust` to check the journal as fjall does.
//! `rustix` for free space and the holes of files. tokio's channels only.

mod batch;
mod disk;
mod embedded;
mod engine;
mod error;
mod memory;
mod options;
mod seal;
mod status;
mod texts;
mod views;
mod watches;
mod writer;

#[cfg(test)]
mod suite;

pub use embedded::Embedded;
pub use error::Error;
pub use options::Options;
pub use seal::NoSeal;
pub use status::{Status, Trouble};
