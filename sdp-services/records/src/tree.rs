//! The growing Merkle tree: what its next hash needs, in memory, and the tiles it leaves behind.

use crate::hash::Hash;

/// Hashes of a full tile. Sixteen keep what each batch writes again, the unfinished tiles, under half a kilobyte a
/// level, and a proof among ten million records at a dozen reads.
pub(crate) const WIDTH: usize = 16;
/// Levels of the tree in one tile.
pub(crate) const BITS: u32 = WIDTH.ilog2();

/// Consecutive hashes of every fourth level: the tiles of C2SP tlog-tiles, sixteen wide instead of 256.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    /// 0: leaves; 1: roots of full tiles of level 0; and so on.
    pub(crate) level: u32,
    /// Position in its level.
    pub(crate) index: u64,
    /// At most [`WIDTH`].
    pub(crate) hashes: Vec<Hash>,
}

/// The right edge of a tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    size: u64,
    /// By level, the hashes of the unfinished tile: fewer than [`WIDTH`].
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree of `size` leaves whose tiles `read` gives; `None` where one is missing or too short.
    pub(crate) fn resume(size: u64, read: &mut dyn FnMut(u32, u64) -> Option<Vec<Hash>>) -> Option<Self> {
        let mut edge = Vec::new();
        let mut count = size;
        for level in 0.. {
            if count == 0 {
                break;
            }
            let width = usize::try_from(count).unwrap_or(usize::MAX) % WIDTH;
            let mut hashes = if width == 0 { Vec::new() } else { read(level, count >> BITS)? };
            if hashes.len() < width {
                return None;
            }
            hashes.truncate(width);
            edge.push(hashes);
            count >>= BITS;
        }
        Some(Self { size, edge })
    }

    /// Leaves so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; tiles that are full now go to `full`.
    pub(crate) fn add(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0.. {
            let Some(tile) = self.edge.get_mut(level) else {
                self.edge.push(vec![hash]);
                return;
            };
            tile.push(hash);
            if tile.len() < WIDTH {
                return;
            }
            hash = Hash::root(tile);
            let hashes = std::mem::replace(tile, Vec::with_capacity(WIDTH));
            let level = u32::try_from(level).unwrap_or(u32::MAX);
            full.push(Tile { level, index: (self.size >> (level * BITS)).saturating_sub(1) >> BITS, hashes });
        }
    }

    /// The root (RFC 9162 §2.1.1).
    pub(crate) fn root(&self) -> Hash {
        // Below a level's unfinished tile hangs a tree lower than each of its hashes: it counts as one more, the last.
        let mut below: Option<Hash> = None;
        let mut nodes = Vec::with_capacity(WIDTH);
        for tile in self.edge.iter().filter(|t| !t.is_empty()) {
            nodes.clear();
            nodes.extend_from_slice(tile);
            nodes.extend(below);
            below = Some(Hash::root(&nodes));
        }
        below.unwrap_or_else(|| Hash::root(&[]))
    }

    /// The unfinished tiles that a tree of `since` leaves did not have so.
    pub(crate) fn unfinished(&self, since: u64) -> impl Iterator<Item = Tile> + '_ {
        (0..).zip(&self.edge).filter_map(move |(level, hashes)| {
            let count = self.size >> (level * BITS);
            let changed = count != since >> (level * BITS) && !hashes.is_empty();
            changed.then(|| Tile { level, index: count >> BITS, hashes: hashes.clone() })
        })
    }

    /// Becomes what `other` is, in the memory it has.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.size = other.size;
        self.edge.clone_from(&other.edge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use std::collections::BTreeMap;

    fn record(n: u64) -> Vec<u8> {
        format!("record {n}").into_bytes()
    }

    #[test]
    fn every_root_is_the_one_another_library_finds() {
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        let (mut ours, mut full) = (Tree::default(), Vec::new());
        for n in 0..700 {
            assert_eq!(ours.root().0, theirs.root().as_bytes()[..], "{n} leaves");
            ours.add(Hash::leaf(&record(n)), &mut full);
            theirs.push(record(n));
        }
        assert_eq!(full.iter().filter(|t| t.level == 0).count(), 700 / 16);
        assert_eq!(full.iter().filter(|t| t.level == 1).count(), 700 / 256);
    }

    #[test]
    fn a_tree_goes_on_from_its_tiles_at_every_size() {
        let (mut tree, mut kept) = (Tree::default(), BTreeMap::new());
        for n in 0..600 {
            let before = tree.size();
            let mut written = Vec::new();
            tree.add(Hash::leaf(&record(n)), &mut written);
            written.extend(tree.unfinished(before));
            for tile in written {
                kept.insert((tile.level, tile.index), tile.hashes);
            }
            let resumed = Tree::resume(tree.size(), &mut |level, index| kept.get(&(level, index)).cloned());
            assert_eq!(resumed.map(|t| t.root()), Some(tree.root()), "{n}");
        }
        kept.remove(&(0, 600 / 16));
        assert!(Tree::resume(600, &mut |level, index| kept.get(&(level, index)).cloned()).is_none());
    }
}
