//! The tables of fjall: what is written in one batch, and what is read from them.

use std::ops::Bound;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use fjall::{
    AbstractTree as _, CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable as _, Snapshot,
};
use strowger_primitive::{Log, Time};

use super::keys;
use crate::engine::{Changes, Stored};
use crate::{Error, Options};

/// The newest format this release knows.
const FORMAT: u32 = 1;
/// Sorted files in the making, and those not yet merged, at which the writer waits. fjall waits at 4 and 30 by itself,
/// but for ever where its own threads have died of a full disk.
const BEHIND: (usize, usize) = (3, 18);
const PAUSE: Duration = Duration::from_millis(5);

/// What expired, and when.
type Expired = Vec<(Time, Bytes)>;

/// The tables of one store.
pub(crate) struct Tables {
    database: Database,
    documents: Keyspace,
    kept: Keyspace,
    log: Keyspace,
}

impl Tables {
    /// Opens them, or makes them.
    pub(crate) fn open(options: &Options, files: &Path) -> fjall::Result<Self> {
        let database = Database::builder(files)
            .cache_size(options.cache)
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .worker_threads(2)
            .open()?;
        let table = |name| {
            database.keyspace(name, || {
                KeyspaceCreateOptions::default().max_memtable_size(options.memory).manual_journal_persist(true)
            })
        };
        let (documents, kept, log) = (table("documents")?, table("kept")?, table("log")?);
        Ok(Self { documents, kept, log, database })
    }

    /// Marks new tables with the format, refuses those of a newer release, brings those of an older one up.
    pub(crate) fn take_up(&self, directory: &Path) -> Result<(), Error> {
        let refused = |source: fjall::Error| Error::Engine { directory: directory.to_owned(), source: source.into() };
        let Some(found) = self.documents.get(keys::FORMAT).map_err(refused)? else {
            let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
            batch.insert(&self.documents, keys::FORMAT, FORMAT.to_be_bytes());
            batch.insert(&self.documents, keys::COMMIT, 0u64.to_be_bytes());
            return batch.commit().map_err(refused);
        };
        match (*found).try_into().map(u32::from_be_bytes) {
            Ok(FORMAT) => Ok(()),
            Ok(found) if found > FORMAT => Err(Error::Newer { directory: directory.to_owned(), found, known: FORMAT }),
            Ok(_) | Err(_) => {
                Err(Error::Damaged { directory: directory.to_owned(), what: "its format is none".to_owned() })
            }
        }
    }

    /// Waits until the engine's own threads keep up. `false`: they have failed.
    pub(crate) fn ready(&self) -> bool {
        loop {
            if self.database.persist(PersistMode::Buffer).is_err() {
                return false;
            }
            let behind = [&self.documents, &self.kept, &self.log]
                .iter()
                .any(|table| table.sealed_memtable_count() >= BEHIND.0 || table.tree.l0_run_count() >= BEHIND.1);
            if !behind {
                return true;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Stores all of it, synced, or nothing of it.
    pub(crate) fn write(&self, changes: &Changes) -> fjall::Result<()> {
        // The journal's size was set and synced when it was made, or grows with what is written: data and size are
        // what `fdatasync` keeps.
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for change in &changes.documents {
            let key = keys::document(&change.key);
            match &change.stored {
                Some(stored) => batch.insert(&self.documents, key, &**stored),
                None => batch.remove(&self.documents, key),
            }
        }
        for change in &changes.kept {
            let expires = change.now.as_ref().and_then(|stored| stored.expires);
            if let Some(was) = change.was.filter(|was| Some(*was) != expires) {
                batch.remove(&self.kept, keys::expiry(was, &change.key));
            }
            match &change.now {
                Some(stored) => batch.insert(&self.kept, keys::kept(&change.key), keys::stored(stored)),
                None => batch.remove(&self.kept, keys::kept(&change.key)),
            }
            if let Some(expires) = expires.filter(|expires| Some(*expires) != change.was) {
                batch.insert(&self.kept, keys::expiry(expires, &change.key), []);
            }
        }
        for record in &changes.records {
            batch.insert(&self.log, keys::record(record.log, record.sequence), &*record.stored);
        }
        batch.insert(&self.documents, keys::COMMIT, changes.commit.to_be_bytes());
        batch.commit()
    }

    /// The number of the last commit.
    pub(crate) fn commit(&self) -> fjall::Result<u64> {
        let stored = self.documents.get(keys::COMMIT)?;
        Ok(stored.and_then(|s| (*s).try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// Shows all documents in the order of views: key and stored form.
    pub(crate) fn each_document(&self, show: &mut dyn FnMut(Bytes, Bytes)) -> fjall::Result<()> {
        for guard in self.documents.range([1u8].as_slice()..) {
            let (key, stored) = guard.into_inner()?;
            show(Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&stored));
        }
        Ok(())
    }

    /// The sequence the next record of each log gets.
    pub(crate) fn log_ends(&self) -> fjall::Result<Vec<(Log, u64)>> {
        let mut ends = Vec::new();
        for log in (0..=u8::MAX).map(Log) {
            let last = self.log.range(keys::record(log, 0)..=keys::record(log, u64::MAX)).next_back();
            let Some(last) = last else { continue };
            ends.extend(keys::read_record(&last.key()?).map(|(log, sequence)| (log, sequence + 1)));
        }
        Ok(ends)
    }

    /// What is written, in whole batches: a table by itself shows the keys of one as they are put into memory, one after
    /// the other.
    fn whole(&self) -> Snapshot {
        self.database.snapshot()
    }

    pub(crate) fn kept(&self, key: &[u8]) -> fjall::Result<Option<Stored>> {
        Ok(self.whole().get(&self.kept, keys::kept(key))?.and_then(|octets| keys::read_stored(&octets)))
    }

    pub(crate) fn kept_under(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        show: &mut dyn FnMut(&[u8], Stored) -> bool,
    ) -> fjall::Result<()> {
        let first = keys::kept(prefix);
        let behind = after.filter(|after| *after >= prefix).map(keys::kept);
        let from = behind.map_or_else(|| Bound::Included(first.clone()), Bound::Excluded);
        for guard in self.whole().range(&self.kept, (from, Bound::Excluded(vec![keys::KEPT + 1]))) {
            let (key, octets) = guard.into_inner()?;
            let Some(stored) = keys::read_stored(&octets) else { continue };
            if !key.starts_with(&first) || !show(key.get(1..).unwrap_or_default(), stored) {
                break;
            }
        }
        Ok(())
    }

    /// What expires from `from` up to `now`, the oldest first, at most `most`; and when the first thing expires that is
    /// there from `from` on.
    pub(crate) fn expired(&self, from: Time, now: Time, most: usize) -> fjall::Result<(Expired, Option<Time>)> {
        let (mut expired, mut first) = (Vec::new(), None);
        for guard in self.kept.range(keys::expiry(from, &[])..vec![keys::EXPIRES + 1]).take(most) {
            let key = guard.key()?;
            let Some((expires, key)) = keys::read_expiry(&key) else { break };
            first.get_or_insert(expires);
            if expires > now {
                break;
            }
            expired.push((expires, Bytes::copy_from_slice(key)));
        }
        Ok((expired, first))
    }

    pub(crate) fn read_log(&self, log: Log, from: u64, limit: usize) -> fjall::Result<Vec<(u64, Bytes)>> {
        let range = keys::record(log, from)..=keys::record(log, u64::MAX);
        let mut records = Vec::new();
        for guard in self.whole().range(&self.log, range).take(limit) {
            let (key, stored) = guard.into_inner()?;
            records.extend(keys::read_record(&key).map(|(_, n)| (n, Bytes::copy_from_slice(&stored))));
        }
        Ok(records)
    }
}

#[cfg(test)]
impl Tables {
    /// Marks them as those of a newer release.
    pub(crate) fn mark_as_newer(&self) -> fjall::Result<()> {
        self.documents.insert(keys::FORMAT, (FORMAT + 1).to_be_bytes())
    }
}
