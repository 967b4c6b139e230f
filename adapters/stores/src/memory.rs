//! The engine without a disk: for tests, and for gateways that may forget.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use strowger_primitive::{Log, Time};

use crate::engine::{Changes, Engine, Failure, Stored};

/// Keeps everything in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    kept: BTreeMap<Bytes, Stored>,
    expiry: BTreeSet<(Time, Bytes)>,
    logs: BTreeMap<(Log, u64), Bytes>,
}

impl Memory {
    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Memory {
    fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn write(&self, changes: &Changes) -> Result<(), Failure> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for change in &changes.kept {
            if let Some(was) = change.was {
                tables.expiry.remove(&(was, change.key.clone()));
            }
            match &change.now {
                Some(stored) => {
                    if let Some(expires) = stored.expires {
                        tables.expiry.insert((expires, change.key.clone()));
                    }
                    tables.kept.insert(change.key.clone(), stored.clone());
                }
                None => drop(tables.kept.remove(&change.key)),
            }
        }
        for record in &changes.records {
            tables.logs.insert((record.log, record.sequence), record.stored.clone());
        }
        Ok(())
    }

    fn kept(&self, key: &[u8]) -> Result<Option<Stored>, Failure> {
        Ok(self.read().kept.get(key).cloned())
    }

    fn kept_under(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        show: &mut dyn FnMut(&[u8], Stored) -> bool,
    ) -> Result<(), Failure> {
        let tables = self.read();
        let from = after.filter(|after| *after >= prefix).map_or(Bound::Included(prefix), Bound::Excluded);
        for (key, stored) in tables.kept.range::<[u8], _>((from, Bound::Unbounded)) {
            if !key.starts_with(prefix) || !show(key, stored.clone()) {
                break;
            }
        }
        Ok(())
    }

    fn expired(&self, now: Time, most: usize) -> Result<Vec<(Time, Bytes)>, Failure> {
        Ok(self.read().expiry.iter().take_while(|(expires, _)| *expires <= now).take(most).cloned().collect())
    }

    fn read_log(&self, log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, Failure> {
        let tables = self.read();
        let records = tables.logs.range((log, from)..=(log, u64::MAX)).take(limit);
        Ok(records.map(|((_, sequence), stored)| (*sequence, stored.clone())).collect())
    }
}
