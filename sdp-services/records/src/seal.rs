//! Sealing: the store's writer hands over each record, and keeps what comes back in the records' own batch.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use strowger_primitive::{Kept, Log, OwnKey, Sealed, Sealer, Time};

use crate::hash::Hash;
use crate::head::{BadHead, BadOrigin, Head, Origin};
use crate::key::Key;
use crate::note::Verifier;
use crate::tiles::{head_key, read_tile, tile_key, write_tile};
use crate::tree::{Tile, Tree};

/// The [`Sealer`] of a node: hashes each record, and signs one head of each log that a batch added to.
pub struct Seal {
    key: Arc<Key>,
    logs: BTreeMap<Log, Growing>,
}

/// Why a log cannot go on from what was kept.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Its head is bad, or another key or node signed it.
    #[error("the head of {origin} cannot be taken up: is this the key and the name of the node that wrote it?")]
    Head {
        /// The log.
        origin: String,
        /// Why.
        source: BadHead,
    },
    /// Its tiles do not fit its head.
    #[error("the tiles of {origin} do not make the tree of {size} records that its head signs")]
    Tiles {
        /// The log.
        origin: String,
        /// Records under the head.
        size: u64,
    },
}

/// One log.
struct Growing {
    origin: Origin,
    verifier: Verifier,
    tree: Tree,
    /// As it was before the batch in hand.
    before: Tree,
    full: Vec<Tile>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was added since the last seal that stood.
    Idle,
    /// The batch in hand added something.
    Adding,
    /// The batch is sealed; it stands unless it is undone.
    Sealed,
    /// A record came that is not the next. Nothing more is signed: a head would sign what is not in the log.
    Broken,
}

impl Seal {
    /// The sealer of `node` for `logs`.
    ///
    /// # Errors
    /// [`BadOrigin`] where the node's name cannot be a key's.
    pub fn new(key: Arc<Key>, node: &str, logs: &[Log]) -> Result<Self, BadOrigin> {
        let growing = |log: &Log| {
            let origin = Origin::new(node, *log)?;
            let verifier = key.verifier(&origin);
            let (tree, before) = (Tree::default(), Tree::default());
            Ok((*log, Growing { origin, verifier, tree, before, full: Vec::new(), state: State::Idle }))
        };
        let logs = logs.iter().map(growing).collect::<Result<_, _>>()?;
        Ok(Self { key, logs })
    }
}

impl Sealer for Seal {
    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        for (log, growing) in &mut self.logs {
            growing.resume(*log, kept)?;
        }
        Ok(())
    }

    fn add(&mut self, log: Log, sequence: u64, stored: &[u8]) {
        match self.logs.get_mut(&log) {
            Some(growing) => growing.add(sequence, stored),
            None => tracing::error!(log = log.0, sequence, "a record of a log that is not sealed"),
        }
    }

    /// The moment is not signed: nobody could check it.
    fn seal(&mut self, _now: Time) -> Vec<Sealed> {
        let key = Arc::clone(&self.key);
        self.logs.iter_mut().flat_map(|(log, growing)| growing.seal(*log, &key)).collect()
    }

    fn undo(&mut self) {
        self.logs.values_mut().for_each(Growing::undo);
    }
}

impl Growing {
    fn resume(&mut self, log: Log, kept: &Kept<'_>) -> Result<(), ResumeError> {
        self.state = State::Idle;
        self.full.clear();
        let Some(note) = kept(&head_key(log)) else {
            self.tree = Tree::default();
            return Ok(());
        };
        let note = std::str::from_utf8(&note).map_err(|_| BadHead::Malformed("it is not UTF-8"));
        let head = note.and_then(|note| Head::open(note, &self.verifier));
        let head = head.map_err(|source| ResumeError::Head { origin: self.origin.to_string(), source })?;
        let mut tile = |level, index| kept(&tile_key(log, level, index)).and_then(|octets| read_tile(&octets));
        let tree = Tree::resume(head.size, &mut tile).filter(|tree| tree.root() == head.root);
        self.tree = tree.ok_or(ResumeError::Tiles { origin: self.origin.to_string(), size: head.size })?;
        Ok(())
    }

    fn add(&mut self, sequence: u64, stored: &[u8]) {
        match self.state {
            State::Broken => return,
            State::Adding => {}
            State::Idle | State::Sealed => {
                self.before.copy(&self.tree);
                self.state = State::Adding;
            }
        }
        if sequence != self.tree.size() {
            tracing::error!(log = %self.origin, sequence, expected = self.tree.size(), "a record is not the next of its log; nothing more is sealed");
            self.state = State::Broken;
            return;
        }
        self.tree.add(Hash::leaf(stored), &mut self.full);
    }

    fn seal(&mut self, log: Log, key: &Key) -> Vec<Sealed> {
        match self.state {
            State::Broken => return Vec::new(),
            State::Idle | State::Sealed => {
                self.state = State::Idle;
                return Vec::new();
            }
            State::Adding => self.state = State::Sealed,
        }
        let head = match Head::sign(&self.origin, self.tree.size(), self.tree.root(), key, &self.verifier) {
            Ok(head) => head,
            Err(error) => {
                tracing::error!(log = %self.origin, %error, "nothing more is sealed");
                self.state = State::Broken;
                return Vec::new();
            }
        };
        let unfinished = self.tree.unfinished(self.before.size());
        let tiles = self.full.drain(..).chain(unfinished);
        let mut kept: Vec<Sealed> =
            tiles.map(|tile| sealed(tile_key(log, tile.level, tile.index), write_tile(&tile.hashes))).collect();
        kept.push(sealed(head_key(log), head.note().as_bytes().to_vec()));
        kept
    }

    fn undo(&mut self) {
        match self.state {
            State::Idle | State::Broken => {}
            State::Adding | State::Sealed => {
                self.tree.copy(&self.before);
                self.full.clear();
                self.state = State::Idle;
            }
        }
    }
}

fn sealed(key: OwnKey, value: Vec<u8>) -> Sealed {
    Sealed { key, value: value.into() }
}
