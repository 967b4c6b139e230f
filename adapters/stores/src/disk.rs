//! The engine on the disk.

pub(crate) mod journal;
pub(crate) mod keys;
mod load;
mod owner;
mod tables;

use std::error::Error as Cause;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use strowger_primitive::{Log, Schema, Time};

use self::owner::{Owner, TRIES};
use self::tables::Tables;
use crate::embedded::Held;
use crate::engine::{Changes, Closed, Engine, Failure, Stored};
use crate::{Error, Options};

/// Keeps everything in one folder.
pub(crate) struct Disk {
    options: Options,
    files: PathBuf,
    tables: RwLock<State>,
    acknowledged: AtomicU64,
    /// Nothing expires before this moment. Whoever looks for what has begins here: each of the many that are forgotten
    /// leaves a mark in the tables, which would all be gone through again.
    first_expiry: AtomicI64,
    _owner: Owner,
}

enum State {
    /// As it should be.
    Open(Tables),
    /// A write failed: still good for reading.
    Failed(Tables),
    /// Neither could it be opened again.
    Shut,
}

impl State {
    fn tables(&self) -> Option<&Tables> {
        match self {
            Self::Open(tables) | Self::Failed(tables) => Some(tables),
            Self::Shut => None,
        }
    }
}

impl Disk {
    /// Takes the folder, mends what a crash left and reads all documents.
    pub(crate) fn open(options: &Options, schema: &Schema) -> Result<(Self, Held), Error> {
        let owner = Owner::take(&options.directory, TRIES)?;
        let files = options.directory.join("files");
        if !files.exists() {
            make(options, &files)?;
        }
        let tables = open_tables(options, &files, None)?;
        tables.take_up(&options.directory)?;
        let held = load::held(&tables, schema, &options.directory)?;
        let acknowledged = AtomicU64::new(held.commit);
        let tables = RwLock::new(State::Open(tables));
        let first_expiry = AtomicI64::new(i64::MIN);
        Ok((Self { options: options.clone(), files, tables, acknowledged, first_expiry, _owner: owner }, held))
    }

    /// Reads what is asked for, from the tables as they are.
    fn read<T>(&self, what: impl FnOnce(&Tables) -> fjall::Result<T>) -> Result<T, Failure> {
        let state = self.state();
        let tables = state.tables().ok_or_else(|| Failure::because(Closed))?;
        what(tables).map_err(failure)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what would fill the disk.
    fn room(&self, octets: u64) -> Result<(), Failure> {
        let space = rustix::fs::statvfs(&self.options.directory).map_err(|e| failure(io::Error::from(e)))?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        // Twice: once for the journal, once for the sorted file that follows it.
        let needed = self.options.reserve.saturating_add(octets.saturating_mul(2));
        if free < needed { Err(Failure::Full) } else { Ok(()) }
    }

    /// Mends the files to the last batch that was acknowledged, and opens them again.
    fn reopen(&self) -> Result<(), Failure> {
        let mut state = self.change();
        // Everything of the old must be closed before the files are mended.
        *state = State::Shut;
        let acknowledged = self.acknowledged.load(Ordering::Relaxed);
        let tables = open_tables(&self.options, &self.files, Some(acknowledged)).map_err(failure)?;
        *state = State::Open(tables);
        tracing::info!(acknowledged, "the store is open again");
        Ok(())
    }

    fn spoil(&self) {
        let mut state = self.change();
        *state = match std::mem::replace(&mut *state, State::Shut) {
            State::Open(tables) | State::Failed(tables) => State::Failed(tables),
            State::Shut => State::Shut,
        };
    }
}

/// Makes new files beside their place and moves them there when they are whole: fjall cannot go on with files that a
/// crash left half-made.
fn make(options: &Options, files: &Path) -> Result<(), Error> {
    let new = options.directory.join("files.new");
    let at = |source| Error::Io { at: new.clone(), source };
    if new.exists() {
        std::fs::remove_dir_all(&new).map_err(at)?;
    }
    open_tables(options, &new, None)?.take_up(&options.directory)?;
    owner::sync_all(&new).map_err(at)?;
    std::fs::rename(&new, files).and_then(|()| owner::sync(&options.directory)).map_err(at)
}

fn open_tables(options: &Options, files: &Path, acknowledged: Option<u64>) -> Result<Tables, Error> {
    journal::mend(files, acknowledged).map_err(|source| {
        if source.kind() == io::ErrorKind::InvalidData {
            return Error::Damaged { directory: options.directory.clone(), what: source.to_string() };
        }
        Error::Io { at: files.to_owned(), source }
    })?;
    Tables::open(options, files)
        .map_err(|source| Error::Engine { directory: options.directory.clone(), source: Box::new(source) })
}

/// A full disk is known by its number, wherever in the chain of causes it stands.
fn failure(error: impl Cause + Send + Sync + 'static) -> Failure {
    let mut cause: Option<&(dyn Cause + 'static)> = Some(&error);
    while let Some(one) = cause {
        let full = one
            .downcast_ref::<io::Error>()
            .is_some_and(|e| matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded));
        if full {
            return Failure::Full;
        }
        cause = one.source();
    }
    Failure::because(error)
}

impl Engine for Disk {
    fn ready(&self) -> Result<(), Failure> {
        let works = match &*self.state() {
            State::Open(tables) => tables.ready(),
            State::Failed(_) | State::Shut => false,
        };
        if works {
            return Ok(());
        }
        self.room(0)?;
        self.reopen()
    }

    fn write(&self, changes: &Changes) -> Result<(), Failure> {
        self.room(changes.octets())?;
        match self.read(|tables| tables.write(changes)) {
            Ok(()) => {
                self.acknowledged.store(changes.commit, Ordering::Relaxed);
                let expire = changes.kept.iter().filter_map(|change| change.now.as_ref()?.expires).min();
                self.first_expiry.fetch_min(expire.map_or(i64::MAX, |first| first.0), Ordering::Relaxed);
                Ok(())
            }
            Err(failure) => {
                self.spoil();
                // At once: what is refused now must not be there after a crash. Where this fails as well, the next
                // batch tries again, and nothing is written before.
                let _tried_again = self.reopen();
                Err(failure)
            }
        }
    }

    fn kept(&self, key: &[u8]) -> Result<Option<Stored>, Failure> {
        self.read(|tables| tables.kept(key))
    }

    fn kept_under(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        show: &mut dyn FnMut(&[u8], Stored) -> bool,
    ) -> Result<(), Failure> {
        self.read(|tables| tables.kept_under(prefix, after, show))
    }

    fn expired(&self, now: Time, most: usize) -> Result<Vec<(Time, Bytes)>, Failure> {
        let from = Time(self.first_expiry.load(Ordering::Relaxed));
        let (expired, first) = self.read(|tables| tables.expired(from, now, most))?;
        if let Some(first) = first {
            self.first_expiry.store(first.0, Ordering::Relaxed);
        }
        Ok(expired)
    }

    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, Failure> {
        self.read(|tables| tables.read_log(log, from, limit))
    }
}

#[cfg(test)]
impl Disk {
    /// Writes all of a batch and takes it for failed.
    pub(crate) fn write_and_fail(&self, changes: &Changes) {
        self.read(|tables| tables.write(changes)).unwrap();
        self.spoil();
    }

    /// Leaves it as a failed opening does.
    pub(crate) fn shut(&self) {
        *self.change() = State::Shut;
    }

    /// Marks the files as those of a newer release.
    pub(crate) fn mark_as_newer(&self) {
        self.read(Tables::mark_as_newer).unwrap();
    }
}
