//! A store of maps: nothing between a test and the octets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use strowger_forms::cbor;
use strowger_primitive::{
    BoxFuture, CommitError, Committed, Document, Log, Op, OwnKey, Revision, Sealer, Store, Time, Value, common,
};

use super::LOG;
use crate::tiles::{head_key, tile_key};
use crate::{Key, Seal};

pub(super) struct Bare(Mutex<Inside>);

pub(super) struct Inside {
    seal: Seal,
    pub(super) records: BTreeMap<u64, Bytes>,
    pub(super) kept: BTreeMap<OwnKey, Bytes>,
    /// What commits answer while it is set.
    pub(super) refuse: Option<fn() -> CommitError>,
}

impl Bare {
    pub(super) fn new(key: &Arc<Key>) -> Arc<Self> {
        let seal = Seal::new(Arc::clone(key), "node-1", &[LOG]).unwrap();
        let (records, kept) = (BTreeMap::new(), BTreeMap::new());
        Arc::new(Self(Mutex::new(Inside { seal, records, kept, refuse: None })))
    }

    /// With that many records, three to a batch.
    pub(super) fn of(key: &Arc<Key>, records: u64) -> Arc<Self> {
        let store = Self::new(key);
        let all: Vec<Document> = (0..records).map(|n| super::record(n, "acme", "alice")).collect();
        for batch in all.chunks(3) {
            store.inside().append(batch.to_vec()).unwrap();
        }
        store
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    /// The documents of the log.
    pub(super) fn documents(&self) -> Vec<Document> {
        self.inside().records.values().map(|stored| crate::read_record(stored).unwrap()).collect()
    }
}

impl Inside {
    pub(super) fn append(&mut self, records: Vec<Document>) -> Result<Committed, CommitError> {
        let mut added = BTreeMap::new();
        for (sequence, mut record) in (self.records.len() as u64..).zip(records) {
            record.fields.set(&common::SEQUENCE, Value::Uint(sequence));
            let mut stored = Vec::new();
            cbor::write(&record, &mut stored);
            self.seal.add(LOG, sequence, &stored);
            added.insert(sequence, Bytes::from(stored));
        }
        let sealed = self.seal.seal(Time(0));
        if let Some(refuse) = self.refuse {
            self.seal.undo();
            return Err(refuse());
        }
        let sequences = added.keys().copied().collect();
        self.records.append(&mut added);
        self.kept.extend(sealed.into_iter().map(|s| (s.key, s.value)));
        Ok(Committed { sequences, ..Committed::default() })
    }

    /// Another process takes up what is kept.
    pub(super) fn restart(&mut self, key: &Arc<Key>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut seal = Seal::new(Arc::clone(key), "node-1", &[LOG])?;
        seal.resume(&|key| self.kept.get(key).cloned())?;
        self.seal = seal;
        Ok(())
    }

    /// Flips one bit of a record.
    pub(super) fn flip_record(&mut self, sequence: u64, bit: usize) {
        flip(self.records.get_mut(&sequence).unwrap(), bit);
    }

    /// Flips one bit of the head.
    pub(super) fn flip_head(&mut self, bit: usize) {
        flip(self.kept.get_mut(&head_key(LOG)).unwrap(), bit);
    }

    /// Flips one bit of a tile.
    pub(super) fn flip_tile(&mut self, level: u32, index: u64, bit: usize) {
        flip(self.kept.get_mut(&tile_key(LOG, level, index)).unwrap(), bit);
    }
}

fn flip(octets: &mut Bytes, bit: usize) {
    let mut changed = octets.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    *octets = changed.into();
}

impl Store for Bare {
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'static, Result<Committed, CommitError>> {
        let record = |op| match op {
            Op::Append { record, .. } => record,
            Op::Put { .. } | Op::Remove { .. } | Op::Keep { .. } | Op::Forget { .. } => panic!("records only"),
        };
        let done = self.inside().append(ops.into_iter().map(record).collect());
        Box::pin(async move { done })
    }

    fn kept(&self, key: &OwnKey) -> Result<Option<(Revision, Bytes)>, CommitError> {
        Ok(self.inside().kept.get(key).map(|value| (Revision(1), value.clone())))
    }

    fn kept_under(
        &self,
        _prefix: &OwnKey,
        _after: Option<&OwnKey>,
        _limit: usize,
    ) -> Result<Vec<(OwnKey, Revision, Bytes)>, CommitError> {
        Ok(Vec::new())
    }

    fn read_log(&self, _log: Log, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, CommitError> {
        Ok(self.inside().records.range(from..).take(limit).map(|(n, stored)| (*n, stored.clone())).collect())
    }

    fn log_end(&self, _log: Log) -> u64 {
        self.inside().records.keys().next_back().map_or(0, |last| last + 1)
    }
}
