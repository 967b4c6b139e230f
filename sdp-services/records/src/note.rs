//! Signed notes (C2SP signed-note 1.0): a text, a blank line, and who signed it.

use std::fmt;

use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strowger_primitive::Text;

use crate::key::Key;

/// Longest note read, in octets: room for the signatures of many witnesses.
const LONGEST: usize = 65_536;
/// The signature type of plain Ed25519.
const ED25519: u8 = 1;

/// A public key by the name it signs with; printed and read as a verifier key, `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: Text,
    id: [u8; 4],
    public: [u8; 32],
}

/// Why a text is no [`Verifier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verifier key is NAME+ID+KEY: a name, 8 hexadecimal digits and an Ed25519 key in base 64")]
pub struct BadVerifier;

/// Why a note proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// It is not built as a note.
    #[error("this is no signed note: {0}")]
    Malformed(&'static str),
    /// The key we know did not sign it.
    #[error("the key {0} did not sign this note")]
    Unsigned(String),
    /// The signature is not over this text.
    #[error("the signature of {0} does not fit the text")]
    Forged(String),
}

/// Why a signature could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key refused to sign")]
pub struct Unsigned;

impl Verifier {
    pub(crate) fn new(name: Text, public: [u8; 32]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(name.as_bytes());
        hash.update(&[b'\n', ED25519]);
        hash.update(&public);
        let mut id = [0; 4];
        id.copy_from_slice(hash.finish().as_ref().split_at(4).0);
        Self { name, id, public }
    }

    /// Reads a verifier key.
    ///
    /// # Errors
    /// [`BadVerifier`] where it is none, or its identifier is another key's.
    pub fn parse(text: &str) -> Result<Self, BadVerifier> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadVerifier);
        };
        let key = STANDARD.decode(key).map_err(|_| BadVerifier)?;
        let Some((&ED25519, public)) = key.split_first() else { return Err(BadVerifier) };
        let public = <[u8; 32]>::try_from(public).map_err(|_| BadVerifier)?;
        if !good_name(name) {
            return Err(BadVerifier);
        }
        let verifier = Self::new(name.into(), public);
        if verifier.id_text() == id { Ok(verifier) } else { Err(BadVerifier) }
    }

    /// The name it signs with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a note that this key signed.
    ///
    /// # Errors
    /// [`BadNote`].
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, BadNote> {
        if note.len() > LONGEST {
            return Err(BadNote::Malformed("it is too long"));
        }
        if note.bytes().any(|b| b < b' ' && b != b'\n') {
            return Err(BadNote::Malformed("it has control characters"));
        }
        let split = note.rfind("\n\n").ok_or(BadNote::Malformed("it has no signatures"))?;
        let (text, signatures) = note.split_at(split + 1);
        let lines = signatures.strip_prefix('\n').and_then(|s| s.strip_suffix('\n'));
        let lines = lines.ok_or(BadNote::Malformed("its last line does not end"))?;
        let mut signed = false;
        for line in lines.split('\n') {
            let (name, id, signature) = signature_line(line).ok_or(BadNote::Malformed("a signature is none"))?;
            if name == &*self.name && id == self.id {
                self.check(text, &signature)?;
                signed = true;
            }
        }
        if signed { Ok(text) } else { Err(BadNote::Unsigned(self.to_string())) }
    }

    fn check(&self, text: &str, signature: &[u8]) -> Result<(), BadNote> {
        signature::UnparsedPublicKey::new(&signature::ED25519, self.public)
            .verify(text.as_bytes(), signature)
            .map_err(|_| BadNote::Forged(self.name.to_string()))
    }

    fn id_text(&self) -> String {
        self.id.iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, self.id_text(), STANDARD.encode(key))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `text` as a note signed by `key` in the name of `by`; `text` ends with a line feed.
pub(crate) fn sign(text: &str, key: &Key, by: &Verifier) -> Result<String, Unsigned> {
    let signature = key.sign(text.as_bytes())?;
    let mut octets = Vec::with_capacity(4 + signature.len());
    octets.extend_from_slice(&by.id);
    octets.extend_from_slice(&signature);
    Ok(format!("{text}\n\u{2014} {} {}\n", by.name, STANDARD.encode(octets)))
}

/// Whether a key may be called so: no space, no plus, nothing unseen. We take printable ASCII only, without quote and
/// backslash, so that a name is the same in every form.
pub(crate) fn good_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'+' | b'"' | b'\\');
    !name.is_empty() && name.len() <= 128 && name.bytes().all(good)
}

fn signature_line(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace()) {
        return None;
    }
    let mut id = STANDARD.decode(signature).ok()?;
    let signature = (id.len() > 4).then(|| id.split_off(4))?;
    Some((name, <[u8; 4]>::try_from(id).ok()?, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Go's golang.org/x/mod/sumdb/note, which the format comes from.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_the_reference_implementation_opens() {
        let verifier = Verifier::parse(GO_KEY).unwrap();
        assert_eq!(verifier.to_string(), GO_KEY);
        assert!(verifier.open(GO_NOTE).unwrap().ends_with("problem is.\n"));
    }

    #[test]
    fn one_flipped_bit_anywhere_in_a_note_is_seen() {
        let verifier = Verifier::parse(GO_KEY).unwrap();
        for i in 0..GO_NOTE.len() * 8 {
            let mut octets = GO_NOTE.as_bytes().to_vec();
            octets[i / 8] ^= 1 << (i % 8);
            if let Ok(note) = std::str::from_utf8(&octets) {
                assert!(verifier.open(note).is_err(), "bit {i}: {note:?}");
            }
        }
    }

    #[test]
    fn signatures_of_others_do_not_matter() {
        let verifier = Verifier::parse(GO_KEY).unwrap();
        let more = format!("{GO_NOTE}\u{2014} witness.example {}\n", STANDARD.encode([7; 68]));
        assert!(verifier.open(&more).is_ok());
        let other = Verifier::new("PeterNeumann".into(), [7; 32]);
        assert!(matches!(other.open(GO_NOTE), Err(BadNote::Unsigned(_))));
    }

    #[test]
    fn what_is_no_note_or_no_key_is_refused() {
        let verifier = Verifier::parse(GO_KEY).unwrap();
        for bad in [
            "",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n\u{2014} a b\n",
            "text\n\n\u{2014} PeterNeumann AAAA\n",
            "a\r\n\n",
        ] {
            assert!(matches!(verifier.open(bad), Err(BadNote::Malformed(_))), "{bad:?}");
        }
        for bad in ["", "a", "a+b+c", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            assert_eq!(Verifier::parse(bad), Err(BadVerifier), "{bad}");
        }
    }
}
