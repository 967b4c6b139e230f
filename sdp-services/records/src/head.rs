//! Heads: what a log was when it was signed, as a C2SP tlog-checkpoint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strowger_primitive::{Log, Store, Text};

use crate::hash::Hash;
use crate::key::Key;
use crate::note::{self, BadNote, Unsigned, Verifier};
use crate::tiles::head_key;

/// The name of one log of one node, `node/audit`: the first line of its heads and the name of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Text);

/// Why a node cannot sign by that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node that signs its records is named in printable ASCII without space, plus, quote and backslash")]
pub struct BadOrigin;

/// A signed head: so many records, under this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub origin: Origin,
    /// Records under it.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    note: Text,
}

/// Why a text is no head of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHead {
    /// Its signature proves nothing.
    #[error("the signature of the head proves nothing")]
    Note(#[from] BadNote),
    /// It is signed, and no checkpoint.
    #[error("the note is no checkpoint: {0}")]
    Malformed(&'static str),
    /// It is another log's.
    #[error("the head is of {found}, not of {expected}")]
    Origin {
        /// The log wanted.
        expected: String,
        /// The log it speaks of.
        found: String,
    },
}

impl Origin {
    /// The name of `log` of `node`.
    ///
    /// # Errors
    /// [`BadOrigin`] where the node's name cannot be a key's.
    pub fn new(node: &str, log: Log) -> Result<Self, BadOrigin> {
        let name = if log == Log::AUDIT { format!("{node}/audit") } else { format!("{node}/log-{}", log.0) };
        if node.is_empty() || !note::good_name(&name) { Err(BadOrigin) } else { Ok(Self(name.into())) }
    }

    /// The name as text.
    #[must_use]
    pub fn text(&self) -> Text {
        Text::clone(&self.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Head {
    pub(crate) fn sign(origin: &Origin, size: u64, root: Hash, key: &Key, by: &Verifier) -> Result<Self, Unsigned> {
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.0));
        let note = note::sign(&text, key, by)?.into();
        Ok(Self { origin: origin.clone(), size, root, note })
    }

    /// Reads a head that `verifier` signed.
    ///
    /// # Errors
    /// [`BadHead`].
    pub fn open(note: &str, verifier: &Verifier) -> Result<Self, BadHead> {
        let text = verifier.open(note)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(BadHead::Malformed("it has fewer than three lines"));
        };
        if origin != verifier.name() {
            return Err(BadHead::Origin { expected: verifier.name().to_owned(), found: origin.to_owned() });
        }
        let number = size.parse::<u64>().ok().filter(|n| n.to_string() == size);
        let number = number.ok_or(BadHead::Malformed("its size is no number"))?;
        let root = STANDARD.decode(root).ok().and_then(|r| <[u8; Hash::LEN]>::try_from(r).ok());
        let root = root.ok_or(BadHead::Malformed("its root is no hash"))?;
        Ok(Self { origin: Origin(origin.into()), size: number, root: Hash(root), note: note.into() })
    }

    /// The newest head of a log; `None`: nothing was sealed yet.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn newest(store: &dyn Store, log: Log, verifier: &Verifier) -> Result<Option<Self>, HeadError> {
        let Some((_, octets)) = store.kept(&head_key(log))? else { return Ok(None) };
        let note = std::str::from_utf8(&octets).map_err(|_| BadHead::Malformed("it is not UTF-8"))?;
        Ok(Some(Self::open(note, verifier)?))
    }

    /// The head as it is signed: a checkpoint to save, publish and compare with later.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// Why a log's newest head is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It is there and bad.
    #[error(transparent)]
    Bad(#[from] BadHead),
    /// The store cannot be read.
    #[error("the head cannot be read")]
    Store(#[from] strowger_primitive::CommitError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_checkpoint_to_the_octet_and_reads_back() {
        let key = Key::generate().unwrap();
        let origin = Origin::new("node-1", Log::AUDIT).unwrap();
        let by = key.verifier(&origin);
        let head = Head::sign(&origin, 3, Hash::root(&[]), &key, &by).unwrap();
        let expected = "node-1/audit\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} node-1/audit ";
        assert!(head.note().starts_with(expected), "{}", head.note());
        assert_eq!(Head::open(head.note(), &by), Ok(head));
    }

    #[test]
    fn what_is_signed_and_no_head_of_this_log_is_refused() {
        let key = Key::generate().unwrap();
        let origin = Origin::new("node-1", Log::AUDIT).unwrap();
        let by = key.verifier(&origin);
        let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for text in [
            "node-1/audit\n".to_owned(),
            format!("node-1/audit\n03\n{root}\n"),
            format!("node-1/audit\n-3\n{root}\n"),
            format!("node-1/audit\n99999999999999999999\n{root}\n"),
            "node-1/audit\n3\nAAAA\n".to_owned(),
            format!("node-2/audit\n3\n{root}\n"),
        ] {
            let note = note::sign(&text, &key, &by).unwrap();
            let refused = Head::open(&note, &by);
            assert!(matches!(refused, Err(BadHead::Malformed(_) | BadHead::Origin { .. })), "{text}: {refused:?}");
        }
        let other = Key::generate().unwrap();
        let head = Head::sign(&origin, 0, Hash::root(&[]), &other, &other.verifier(&origin)).unwrap();
        assert!(matches!(Head::open(head.note(), &by), Err(BadHead::Note(BadNote::Unsigned(_)))));
    }

    #[test]
    fn a_node_with_a_space_cannot_sign() {
        for node in ["", "a b", "a+b", "a\nb", "\u{e4}", &"a".repeat(200)] {
            assert_eq!(Origin::new(node, Log::AUDIT), Err(BadOrigin), "{node:?}");
        }
    }
}
