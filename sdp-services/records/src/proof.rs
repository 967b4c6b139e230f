//! Proofs: what shows somebody who has only the public key that a record is in the log, and that a log only grew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use strowger_kinds::record::proof;
use strowger_primitive::{Fields, Log, Store, Value, printed};

use crate::hash::Hash;
use crate::head::{BadHead, Head, HeadError};
use crate::note::Verifier;
use crate::tiles::{NodeError, Nodes};

/// A record's place under a signed head (RFC 9162 §2.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Position of the record in its log.
    pub sequence: u64,
    /// Records under the head.
    pub size: u64,
    /// The root that the head signs.
    pub root: Hash,
    /// Hashes from the leaf to the root.
    pub path: Vec<Hash>,
    /// The signed head.
    pub head: String,
    /// The record as it is stored.
    pub stored: Bytes,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// It is not in the log.
    #[error("the log has no record {0}")]
    Missing(u64),
    /// The log's head is bad.
    #[error("the log has no good head")]
    Head(#[from] HeadError),
    /// The tree cannot be read.
    #[error("the tree cannot be read")]
    Node(#[from] NodeError),
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// The head is not what it should be.
    #[error("the head is bad")]
    Head(#[from] BadHead),
    /// Its fields do not make a proof.
    #[error("the proof's {0} is missing or malformed")]
    Field(&'static str),
    /// What it says of the tree is not what the head signs.
    #[error("the proof is of another tree than the one its head signs")]
    Tree,
    /// The path does not lead from the record to the root.
    #[error("the path does not lead from this record to the root")]
    Path,
}

/// Proves that a record is under the newest head of its log. Reads some tiles, whatever the size of the log.
///
/// # Errors
/// [`ProveError`].
pub fn prove(store: &dyn Store, log: Log, key: &Verifier, sequence: u64) -> Result<Proof, ProveError> {
    let missing = ProveError::Missing(sequence);
    let Some(head) = Head::newest(store, log, key)? else { return Err(missing) };
    if sequence >= head.size {
        return Err(missing);
    }
    let stored = store.read_log(log, sequence, 1).map_err(NodeError::from)?;
    let Some((_, stored)) = stored.into_iter().find(|(at, _)| *at == sequence) else { return Err(missing) };
    let path = Nodes::new(store, log).inclusion(sequence, head.size)?;
    Ok(Proof { sequence, size: head.size, root: head.root, path, head: head.note().to_owned(), stored })
}

impl Proof {
    /// Whether the record is under the head; the head, for comparing with others.
    ///
    /// # Errors
    /// [`BadProof`].
    pub fn check(&self, key: &Verifier) -> Result<Head, BadProof> {
        let head = Head::open(&self.head, key)?;
        if head.size != self.size || head.root != self.root {
            return Err(BadProof::Tree);
        }
        if included(Hash::leaf(&self.stored), self.sequence, &self.path, &head) {
            Ok(head)
        } else {
            Err(BadProof::Path)
        }
    }

    /// The output fields of the action `prove`.
    #[must_use]
    pub fn write(&self) -> Fields {
        let mut fields = Fields::default();
        fields.set_text(&proof::LEAF, Hash::leaf(&self.stored).to_string());
        fields.set(&proof::SIZE, Value::Uint(self.size));
        fields.set_text(&proof::ROOT, self.root.to_string());
        fields.set(&proof::PATH, Value::List(self.path.iter().map(|h| Value::Text(printed(h))).collect()));
        fields.set_text(&proof::HEAD, self.head.as_str());
        fields.set_text(&proof::STORED, STANDARD.encode(&self.stored));
        fields
    }

    /// Reads what the action `prove` gave for that record.
    ///
    /// # Errors
    /// [`BadProof::Field`].
    pub fn read(sequence: u64, fields: &Fields) -> Result<Self, BadProof> {
        let hash = |value: Option<&Value>| value.and_then(Value::as_text).and_then(|t| Hash::parse(t));
        let stored = fields.text(&proof::STORED).and_then(|text| STANDARD.decode(text.as_bytes()).ok());
        let stored = Bytes::from(stored.ok_or(BadProof::Field("record"))?);
        let leaf = hash(fields.get(&proof::LEAF)).ok_or(BadProof::Field("leaf"))?;
        if leaf != Hash::leaf(&stored) {
            return Err(BadProof::Field("leaf"));
        }
        let path = fields.list(&proof::PATH).iter().map(|v| hash(Some(v))).collect::<Option<_>>();
        Ok(Self {
            sequence,
            size: fields.uint(&proof::SIZE).ok_or(BadProof::Field("size"))?,
            root: hash(fields.get(&proof::ROOT)).ok_or(BadProof::Field("root"))?,
            path: path.ok_or(BadProof::Field("path"))?,
            head: fields.text(&proof::HEAD).ok_or(BadProof::Field("head"))?.to_string(),
            stored,
        })
    }
}

/// What shows that the newest head of a log only added to `old` (RFC 9162 §2.1.4): the newest head and the hashes
/// that [`grew`] wants.
///
/// # Errors
/// [`ProveError`]; `Missing` where the log is shorter than `old`.
pub fn prove_growth(store: &dyn Store, log: Log, key: &Verifier, old: &Head) -> Result<(Head, Vec<Hash>), ProveError> {
    let head = Head::newest(store, log, key)?.filter(|h| h.size >= old.size);
    let head = head.ok_or(ProveError::Missing(old.size.saturating_sub(1)))?;
    let path = Nodes::new(store, log).consistency(old.size, head.size)?;
    Ok((head, path))
}

/// Whether `new` is `old` with records added (RFC 9162 §2.1.4.2).
#[must_use]
pub fn grew(old: &Head, new: &Head, path: &[Hash]) -> bool {
    if old.size == 0 || old.size == new.size {
        return path.is_empty() && (old.size == 0 || old.root == new.root);
    }
    if old.size > new.size {
        return false;
    }
    let (mut low, mut last) = (old.size - 1, new.size - 1);
    while low & 1 == 1 {
        low >>= 1;
        last >>= 1;
    }
    // The old tree's own root begins the path where it is a subtree whole.
    let whole = old.size.is_power_of_two().then_some(&old.root);
    let mut hashes = whole.into_iter().chain(path);
    let Some(first) = hashes.next() else { return false };
    let (mut before, mut after) = (*first, *first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if low & 1 == 1 || low == last {
            before = Hash::node(hash, &before);
            after = Hash::node(hash, &after);
            while low & 1 == 0 && low != 0 {
                low >>= 1;
                last >>= 1;
            }
        } else {
            after = Hash::node(&after, hash);
        }
        low >>= 1;
        last >>= 1;
    }
    last == 0 && before == old.root && after == new.root
}

/// Whether the path leads from the leaf to the head's root (RFC 9162 §2.1.3.2).
fn included(leaf: Hash, sequence: u64, path: &[Hash], head: &Head) -> bool {
    if sequence >= head.size {
        return false;
    }
    let (mut at, mut last, mut root) = (sequence, head.size - 1, leaf);
    for hash in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            root = Hash::node(hash, &root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = Hash::node(&root, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && root == head.root
}
