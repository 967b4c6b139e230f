//! Replaying a log: every record hashed again, and the tree compared with the heads that were signed.

use strowger_primitive::{CommitError, Document, Time, common};

use crate::hash::Hash;
use crate::head::{BadHead, Head};
use crate::stored::read_record;
use crate::tree::{Tile, Tree};

/// What was verified.
#[derive(Clone, Debug)]
pub struct Report {
    /// The head that the records are under.
    pub head: Head,
    /// Whether a head saved earlier was compared too.
    pub given: bool,
    /// When the first record was made.
    pub first: Option<Time>,
    /// When the last record was made.
    pub last: Option<Time>,
    /// Records behind the head by the time it was read: a log in use grows.
    pub newer: u64,
}

/// The first thing that is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Offence {
    /// There are records and no head.
    #[error("the log has {records} records and no signed head")]
    NoHead {
        /// How many.
        records: u64,
    },
    /// The head is bad.
    #[error("the head of the log is bad")]
    Head(#[source] BadHead),
    /// The log is shorter than a head saved earlier.
    #[error("the tail is cut: a head saved earlier signs {given} records, the log has {size}")]
    Cut {
        /// Records under the head given.
        given: u64,
        /// Records under the log's own.
        size: u64,
    },
    /// The log is not the one that was signed earlier.
    #[error("the first {size} records are not those that a head saved earlier signs")]
    Rewritten {
        /// Records under the head given.
        size: u64,
    },
    /// A record is not there.
    #[error("record {sequence} is missing")]
    Missing {
        /// Its place.
        sequence: u64,
    },
    /// A record is in another's place.
    #[error("record {says} is in the place of record {sequence}")]
    Moved {
        /// The place.
        sequence: u64,
        /// What the record says of itself.
        says: u64,
    },
    /// A record is not what was sealed.
    #[error("record {sequence} was changed")]
    Changed {
        /// Its place.
        sequence: u64,
    },
    /// A record cannot be read.
    #[error("record {sequence} cannot be read: {why}")]
    Unreadable {
        /// Its place.
        sequence: u64,
        /// Why.
        why: String,
    },
    /// The records are as they were sealed, but the hashes kept for proofs are not.
    #[error("the hashes kept of records {from} to {to} were changed; the records are as they were sealed")]
    Tile {
        /// First record below.
        from: u64,
        /// Last record below.
        to: u64,
    },
    /// The tree is not the one the head signs, and nothing shows where.
    #[error("the {size} records do not make the tree that the head signs")]
    Root {
        /// Records under the head.
        size: u64,
    },
    /// There are records that no head signs.
    #[error("records from {from} on are under no signed head")]
    Unsealed {
        /// The first of them.
        from: u64,
    },
    /// A line of an export is not what the record in it says.
    #[error("line {line} of the export is not as it was written: {why}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Store(#[from] CommitError),
    /// The export cannot be read.
    #[error("the export cannot be read")]
    Read(#[from] std::io::Error),
}

/// A log on its way past: records in order, then the end.
pub(crate) struct Replay<'a> {
    head: Head,
    given: Option<&'a Head>,
    tree: Tree,
    full: Vec<Tile>,
    first: Option<Time>,
    last: Option<Time>,
    suspect: Option<Suspect>,
}

/// Where the tiles and the records first differ: one of the two was changed, and the root will tell which.
struct Suspect {
    from: u64,
    to: u64,
    record: Option<u64>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(head: Head, given: Option<&'a Head>) -> Result<Self, Offence> {
        match given {
            Some(given) if given.size > head.size => Err(Offence::Cut { given: given.size, size: head.size }),
            Some(_) | None => Ok(Self {
                head,
                given,
                tree: Tree::default(),
                full: Vec::new(),
                first: None,
                last: None,
                suspect: None,
            }),
        }
    }

    /// Records still to come.
    pub(crate) fn left(&self) -> u64 {
        self.head.size.saturating_sub(self.tree.size())
    }

    /// The next sequence.
    pub(crate) fn next(&self) -> u64 {
        self.tree.size()
    }

    /// The next record; what it holds.
    pub(crate) fn record(&mut self, sequence: u64, stored: &[u8]) -> Result<Document, Offence> {
        self.compare()?;
        if sequence != self.next() {
            return Err(Offence::Missing { sequence: self.next() });
        }
        let document = read_record(stored).map_err(|error| Offence::Unreadable { sequence, why: error.to_string() })?;
        if let Some(says) = document.fields.uint(&common::SEQUENCE)
            && says != sequence
        {
            return Err(Offence::Moved { sequence, says });
        }
        self.last = document.fields.time(&common::CREATED_AT);
        self.first = self.first.or(self.last);
        self.tree.add(Hash::leaf(stored), &mut self.full);
        Ok(document)
    }

    /// Compares what the records make of the tree with the hashes kept of it, as far as tiles are full.
    pub(crate) fn compare_full(
        &mut self,
        kept: &mut dyn FnMut(u32, u64) -> Result<Option<Vec<Hash>>, Offence>,
    ) -> Result<(), Offence> {
        for tile in std::mem::take(&mut self.full) {
            let found = kept(tile.level, tile.index)?;
            self.suspect(&tile, found.as_deref());
        }
        Ok(())
    }

    /// The same for the tiles that are not full at the end.
    pub(crate) fn compare_unfinished(
        &mut self,
        kept: &mut dyn FnMut(u32, u64) -> Result<Option<Vec<Hash>>, Offence>,
    ) -> Result<(), Offence> {
        let unfinished: Vec<Tile> = self.tree.unfinished(0).collect();
        for tile in unfinished {
            // A log in use may have added to it since the head was read.
            let found = kept(tile.level, tile.index)?.map(|mut hashes| {
                hashes.truncate(tile.hashes.len());
                hashes
            });
            self.suspect(&tile, found.as_deref());
        }
        Ok(())
    }

    /// The end of the records.
    pub(crate) fn end(self) -> Result<Report, Offence> {
        self.compare()?;
        if self.left() > 0 {
            return Err(Offence::Missing { sequence: self.next() });
        }
        if self.tree.root() != self.head.root {
            return Err(self.changed().unwrap_or(Offence::Root { size: self.head.size }));
        }
        if let Some(Suspect { from, to, .. }) = self.suspect {
            return Err(Offence::Tile { from, to });
        }
        let (given, first, last) = (self.given.is_some(), self.first, self.last);
        Ok(Report { head: self.head, given, first, last, newer: 0 })
    }

    /// Compares with the head given, when the log is as long as it was then.
    fn compare(&self) -> Result<(), Offence> {
        match self.given {
            Some(given) if given.size == self.tree.size() && given.root != self.tree.root() => {
                Err(self.changed().unwrap_or(Offence::Rewritten { size: given.size }))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The record to name when the records make another tree than the one signed.
    fn changed(&self) -> Option<Offence> {
        self.suspect.as_ref().and_then(|s| s.record).map(|sequence| Offence::Changed { sequence })
    }

    fn suspect(&mut self, tile: &Tile, kept: Option<&[Hash]>) {
        if kept == Some(&tile.hashes) || self.suspect.is_some() {
            return;
        }
        let kept = kept.unwrap_or_default();
        let differs = tile.hashes.iter().zip(kept).position(|(ours, theirs)| ours != theirs);
        let at = differs.and_then(|at| u64::try_from(at).ok());
        let each = 1u64 << (tile.level * crate::tree::BITS);
        let from = tile.index * each * crate::tree::WIDTH as u64;
        let to = (from + each * tile.hashes.len() as u64).saturating_sub(1);
        let record = at.filter(|_| tile.level == 0).map(|at| from + at);
        self.suspect = Some(Suspect { from, to, record });
    }
}
