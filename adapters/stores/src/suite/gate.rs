//! An engine that fails or waits when told to, around memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use bytes::Bytes;
use strowger_primitive::{Log, Time};

use crate::engine::{Changes, Closed, Engine, Failure, Stored};
use crate::memory::Memory;

#[derive(Default)]
pub(super) struct Gated {
    memory: Memory,
    pub(super) full: AtomicBool,
    pub(super) broken: AtomicBool,
    pub(super) unreadable: AtomicBool,
    /// Whether it can be read again once it is asked to be ready.
    pub(super) mends: AtomicBool,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gated {
    pub(super) fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

impl Engine for Gated {
    fn ready(&self) -> Result<(), Failure> {
        if self.mends.load(Ordering::Relaxed) {
            self.unreadable.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    fn write(&self, changes: &Changes) -> Result<(), Failure> {
        drop(self.opened.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
        if self.full.load(Ordering::Relaxed) {
            return Err(Failure::Full);
        }
        if self.broken.load(Ordering::Relaxed) {
            return Err(Failure::because(Closed));
        }
        self.memory.write(changes)
    }

    fn kept(&self, key: &[u8]) -> Result<Option<Stored>, Failure> {
        if self.unreadable.load(Ordering::Relaxed) {
            return Err(Failure::because(Closed));
        }
        self.memory.kept(key)
    }

    fn kept_under(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        show: &mut dyn FnMut(&[u8], Stored) -> bool,
    ) -> Result<(), Failure> {
        self.memory.kept_under(prefix, after, show)
    }

    fn expired(&self, now: Time, most: usize) -> Result<Vec<(Time, Bytes)>, Failure> {
        self.memory.expired(now, most)
    }

    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, Failure> {
        self.memory.read_log(log, from, limit)
    }
}
