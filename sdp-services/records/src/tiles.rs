//! Where heads and tiles are kept, and the nodes of the tree read back from them.

use std::collections::BTreeMap;

use strowger_primitive::{CommitError, Log, OwnKey, Store};

use crate::hash::Hash;
use crate::tree::BITS;

const ROOM: &str = "journal";

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A tile is missing, short or of another length.
    #[error("tile {index} of level {level} is missing or broken: verify the log")]
    Tile {
        /// Its level.
        level: u32,
        /// Its position.
        index: u64,
    },
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] CommitError),
}

/// Where the newest head of a log is kept.
pub(crate) fn head_key(log: Log) -> OwnKey {
    OwnKey::new(ROOM, &[&[log.0], b"head"])
}

/// Where a tile is kept.
pub(crate) fn tile_key(log: Log, level: u32, index: u64) -> OwnKey {
    OwnKey::new(ROOM, &[&[log.0], b"tile", &level.to_be_bytes(), &index.to_be_bytes()])
}

/// A tile as it is kept: its hashes, one behind the other.
pub(crate) fn write_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|h| h.0).collect()
}

/// The hashes of a kept tile.
pub(crate) fn read_tile(octets: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = octets.as_chunks::<{ Hash::LEN }>();
    rest.is_empty().then(|| hashes.iter().map(|h| Hash(*h)).collect())
}

/// The tree of a log, as far as it is sealed. Each tile is read once.
pub(crate) struct Nodes<'a> {
    store: &'a dyn Store,
    log: Log,
    tiles: BTreeMap<(u32, u64), Vec<Hash>>,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(store: &'a dyn Store, log: Log) -> Self {
        Self { store, log, tiles: BTreeMap::new() }
    }

    /// The way from a leaf to the root of a tree of `size` leaves, from below (RFC 9162 §2.1.3.1).
    pub(crate) fn inclusion(&mut self, leaf: u64, size: u64) -> Result<Vec<Hash>, NodeError> {
        let (mut from, mut to, mut path) = (0, size, Vec::new());
        while to - from > 1 {
            let middle = from + half(to - from);
            if leaf < middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// What shows that a tree of `new` leaves begins with the tree of its first `old` (RFC 9162 §2.1.4.1).
    pub(crate) fn consistency(&mut self, old: u64, new: u64) -> Result<Vec<Hash>, NodeError> {
        let (mut from, mut to, mut path) = (0, new, Vec::new());
        if old == 0 {
            return Ok(path);
        }
        while old != to {
            let middle = from + half(to - from);
            if old <= middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        // Where the old tree is a subtree whole, its root is what the reader has already.
        if from != 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The root over some leaves; `from` is a multiple of the largest power of two that fits.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, NodeError> {
        let leaves = to - from;
        if leaves.is_power_of_two() {
            return self.node(leaves.ilog2(), from >> leaves.ilog2());
        }
        let middle = from + half(leaves);
        let left = self.range(from, middle)?;
        Ok(Hash::node(&left, &self.range(middle, to)?))
    }

    /// The `index`th full subtree of that height.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, NodeError> {
        let (level, above) = (height / BITS, height % BITS);
        let first = index << above;
        let within = usize::try_from(first % (1 << BITS)).unwrap_or(usize::MAX);
        let tile = self.tile(level, first >> BITS)?;
        let nodes = tile.get(within..within + (1 << above));
        nodes.map(Hash::root).ok_or(NodeError::Tile { level, index: first >> BITS })
    }

    fn tile(&mut self, level: u32, index: u64) -> Result<&[Hash], NodeError> {
        if !self.tiles.contains_key(&(level, index)) {
            let kept = self.store.kept(&tile_key(self.log, level, index))?;
            let hashes = kept.and_then(|(_, octets)| read_tile(&octets)).ok_or(NodeError::Tile { level, index })?;
            self.tiles.insert((level, index), hashes);
        }
        Ok(self.tiles.get(&(level, index)).map_or(&[], Vec::as_slice))
    }
}

/// Where a tree of that many leaves, at least 2, is split.
fn half(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
