//! A batch: commits applied one after the other to what is stored, each whole or not at all, to be written at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use strowger_forms::cbor;
use strowger_primitive::{
    CommitError, Committed, DocKey, Document, Expect, Log, Op, OwnKey, Revision, Sealed, Time, Value, common,
};

use crate::engine::{Changes, DocumentChange, Engine, Failure, KeptChange, LONGEST_KEY, LongKey, Record, Stored};
use crate::texts::Texts;
use crate::views::Roots;

/// What some commits change, over what is stored.
pub(crate) struct Batch<'a> {
    engine: &'a dyn Engine,
    texts: &'a mut Texts,
    now: Time,
    begun: u64,
    commit: u64,
    roots: Roots,
    documents: BTreeMap<DocKey, Option<Arc<Document>>>,
    kept: BTreeMap<Bytes, Slot>,
    records: Vec<Record>,
    ends: BTreeMap<Log, u64>,
    octets: usize,
}

/// A key the batch looked at: what is stored, and what will be.
#[derive(Clone, Debug)]
struct Slot {
    was: Option<Time>,
    now: Option<Stored>,
    changed: bool,
}

/// How to take back one operation of a commit that is refused.
enum Undo {
    Document(DocKey, Option<Arc<Document>>, Option<Option<Arc<Document>>>),
    Kept(Bytes, Slot),
    Record(Log),
}

/// What a batch comes to.
pub(crate) struct Outcome {
    pub(crate) changes: Changes,
    pub(crate) roots: Roots,
    pub(crate) ends: BTreeMap<Log, u64>,
}

impl<'a> Batch<'a> {
    /// An empty batch at `now`, behind commit `commit`.
    pub(crate) fn new(
        engine: &'a dyn Engine,
        texts: &'a mut Texts,
        roots: Roots,
        ends: BTreeMap<Log, u64>,
        commit: u64,
        now: Time,
    ) -> Self {
        let (documents, kept, records) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { engine, texts, now, begun: commit, commit, roots, documents, kept, records, ends, octets: 0 }
    }

    /// About how much it holds, in octets.
    pub(crate) fn octets(&self) -> usize {
        self.octets
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.records.is_empty() && self.kept.values().all(|slot| !slot.changed)
    }

    /// Does all of one commit, or refuses it and leaves the batch as it was.
    pub(crate) fn apply(&mut self, ops: Vec<Op>) -> Result<Committed, CommitError> {
        let revision = Revision(self.commit + 1);
        let mut committed = Committed { revision, ..Committed::default() };
        let mut done = Vec::with_capacity(ops.len());
        for (i, op) in ops.into_iter().enumerate() {
            match self.one(i, op, &mut committed) {
                Ok(undo) => done.extend(undo),
                Err(refused) => {
                    self.take_back(done);
                    return Err(refused);
                }
            }
        }
        if done.is_empty() {
            committed.revision = Revision(self.commit);
        } else {
            self.commit = revision.0;
        }
        Ok(committed)
    }

    fn one(&mut self, i: usize, op: Op, committed: &mut Committed) -> Result<Option<Undo>, CommitError> {
        let revision = committed.revision;
        match op {
            Op::Put { key, expect, mut document } => {
                debug_assert_eq!(key.kind, document.kind.number);
                held(i, expect, self.roots.get(&key).map(|d| d.revision()))?;
                document.fields.set(&common::REVISION, Value::Uint(revision.0));
                if document.fields.text(&common::NAME).is_some_and(|name| **name == *key.name.as_str()) {
                    document.fields.set(&common::NAME, Value::Text(key.name.text()));
                }
                self.texts.share(&mut document);
                let document = Arc::new(document);
                committed.documents.push(Arc::clone(&document));
                self.octets += 512;
                Ok(Some(self.put(key, Some(document))))
            }
            Op::Remove { key, expect } => {
                let found = self.roots.get(&key).map(|d| d.revision());
                held(i, expect, found)?;
                Ok(found.is_some().then(|| self.put(key, None)))
            }
            Op::Keep { key, expect, value, expires } => {
                let slot = self.slot(&key.0)?;
                held(i, expect, self.living(&slot))?;
                self.octets += key.0.len() + value.len() + 64;
                Ok(Some(self.keep(key.0, slot, Some(Stored { revision, expires, value }))))
            }
            Op::Forget { key, expect } => {
                let slot = self.slot(&key.0)?;
                held(i, expect, self.living(&slot))?;
                Ok(slot.now.is_some().then(|| self.keep(key.0, slot, None)))
            }
            Op::Append { log, record } => {
                let sequence = self.append(log, record);
                committed.sequences.push(sequence);
                Ok(Some(Undo::Record(log)))
            }
        }
    }

    fn put(&mut self, key: DocKey, document: Option<Arc<Document>>) -> Undo {
        let before = self.roots.put(&key, document.clone());
        let planned = self.documents.insert(key.clone(), document);
        Undo::Document(key, before, planned)
    }

    fn append(&mut self, log: Log, mut record: Document) -> u64 {
        let end = self.ends.entry(log).or_insert(0);
        let sequence = *end;
        *end += 1;
        record.fields.set(&common::SEQUENCE, Value::Uint(sequence));
        let mut stored = Vec::with_capacity(384);
        cbor::write(&record, &mut stored);
        self.octets += stored.len();
        self.records.push(Record { log, sequence, stored: stored.into() });
        sequence
    }

    /// What the batch or the store holds under a key.
    fn slot(&self, key: &Bytes) -> Result<Slot, CommitError> {
        if let Some(slot) = self.kept.get(key) {
            return Ok(slot.clone());
        }
        if key.len() > LONGEST_KEY {
            return Err(Failure::because(LongKey(key.len())).into());
        }
        let stored = self.engine.kept(key)?;
        Ok(Slot { was: stored.as_ref().and_then(|s| s.expires), now: stored, changed: false })
    }

    fn living(&self, slot: &Slot) -> Option<Revision> {
        slot.now.as_ref().filter(|stored| stored.lives(self.now)).map(|stored| stored.revision)
    }

    fn keep(&mut self, key: Bytes, before: Slot, now: Option<Stored>) -> Undo {
        let slot = Slot { was: before.was, now, changed: true };
        self.kept.insert(key.clone(), slot);
        Undo::Kept(key, before)
    }

    fn take_back(&mut self, done: Vec<Undo>) {
        for undo in done.into_iter().rev() {
            match undo {
                Undo::Document(key, before, planned) => {
                    self.roots.put(&key, before);
                    match planned {
                        Some(planned) => drop(self.documents.insert(key, planned)),
                        None => drop(self.documents.remove(&key)),
                    }
                }
                Undo::Kept(key, before) => drop(self.kept.insert(key, before)),
                Undo::Record(log) => {
                    self.records.pop();
                    if let Some(end) = self.ends.get_mut(&log) {
                        *end -= 1;
                    }
                }
            }
        }
    }

    /// Forgets what expired, at most `most`. Returns how many.
    pub(crate) fn forget_expired(&mut self, most: usize) -> usize {
        // What cannot be read now is forgotten later.
        let expired = self.engine.expired(self.now, most).unwrap_or_default();
        let mut forgotten = 0;
        for (expires, key) in expired {
            if let Entry::Vacant(vacant) = self.kept.entry(key) {
                vacant.insert(Slot { was: Some(expires), now: None, changed: true });
                forgotten += 1;
            }
        }
        forgotten
    }

    /// The records appended so far.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Ends the batch, with what the sealer keeps.
    pub(crate) fn finish(mut self, sealed: Vec<Sealed>) -> Outcome {
        // What only forgets is a commit as well: each batch has a number of its own.
        self.commit += u64::from(self.commit == self.begun);
        for Sealed { key: OwnKey(key), value } in sealed {
            let was = self.kept.get(&key).and_then(|slot| slot.was);
            let now = Some(Stored { revision: Revision(self.commit), expires: None, value });
            self.kept.insert(key, Slot { was, now, changed: true });
        }
        let mut stored = Vec::with_capacity(1024);
        let documents = self.documents.into_iter().map(|(key, document)| {
            let octets = document.as_ref().map(|document| {
                stored.clear();
                cbor::write(document, &mut stored);
                Bytes::copy_from_slice(&stored)
            });
            DocumentChange { key, document, stored: octets }
        });
        let documents = documents.collect();
        let kept = self.kept.into_iter().filter(|(_, slot)| slot.changed);
        let kept = kept.map(|(key, slot)| KeptChange { key, was: slot.was, now: slot.now }).collect();
        let changes = Changes { commit: self.commit, documents, kept, records: self.records };
        Outcome { changes, roots: self.roots, ends: self.ends }
    }
}

fn held(op: usize, expect: Expect, found: Option<Revision>) -> Result<(), CommitError> {
    let holds = match expect {
        Expect::Absent => found.is_none(),
        Expect::Revision(revision) => found == Some(revision),
        Expect::Any => true,
    };
    if holds { Ok(()) } else { Err(CommitError::Conflict { op, found }) }
}
