//! What fuzzers call: any octets through everything that reads records, heads, exports and proofs, and what must hold.
//!
//! The first octet says what the others are: `0` a stored record, `1` a line of an export, `2` a note or a verifier key,
//! `3` a text to be signed, `4` an export, `5` changes of a good export, `6` the stored fields of a proof, `7` two heads
//! and what should prove that one grew out of the other.

use bytes::Bytes;
use strowger_forms::cbor;
use strowger_kinds::record::{self, proof};
use strowger_primitive::{Document, Log, Time, Value, common};

use crate::export::{write_head, write_record, write_row};
use crate::{Hash, Head, Key, KeyError, Line, Origin, Proof, Verifier, grew, note, tree, verify_export};

/// Records of the good export.
const RECORDS: u64 = 5;
/// Longest note that opens, in octets, without its signature.
const NOTE: usize = 65_536 - 256;

/// A key that is always the same, and what it signed.
#[derive(Debug)]
pub struct Subject {
    key: Key,
    origin: Origin,
    verifier: Verifier,
    head: Head,
    stored: Vec<Bytes>,
    export: Vec<u8>,
}

/// Why there is no subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no head could be signed")]
pub struct Unsigned;

impl From<KeyError> for Unsigned {
    fn from(_: KeyError) -> Self {
        Self
    }
}

impl Subject {
    /// Makes it; each is like every other.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn new() -> Result<Self, Unsigned> {
        let key = Key::of_seed(&[7; 32])?;
        let origin = Origin::new("node-1", Log::AUDIT).map_err(|_| Unsigned)?;
        let verifier = key.verifier(&origin);
        let (mut tree, mut lines, mut stored, mut full) = (tree::Tree::default(), Vec::new(), Vec::new(), Vec::new());
        for sequence in 0..RECORDS {
            let record = of_order(sequence);
            let mut octets = Vec::new();
            cbor::write(&record, &mut octets);
            tree.add(Hash::leaf(&octets), &mut full);
            write_record(&record, &octets, &mut lines);
            stored.push(Bytes::from(octets));
        }
        let head = Head::sign(&origin, tree.size(), tree.root(), &key, &verifier).map_err(|_| Unsigned)?;
        let mut export = Vec::new();
        write_head(head.note(), &mut export);
        export.extend_from_slice(&lines);
        Ok(Self { key, origin, verifier, head, stored, export })
    }

    /// Well-formed inputs of every sort, to begin with.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let sort = |sort: u8, octets: &[u8]| [&[sort], octets].concat();
        let lines = self.export.split_inclusive(|octet| *octet == b'\n').map(|line| sort(b'1', line));
        let key = sort(b'2', self.verifier.to_string().as_bytes());
        let checkpoint = format!("{}\n{}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", self.origin, self.head.size);
        let mut proof = Vec::new();
        cbor::write_fields(proof::ALL, &self.proof().write(), &mut proof);
        let mut growth = [1u64.to_be_bytes(), 2u64.to_be_bytes()].concat();
        growth.extend_from_slice(&self.head.root.0);
        let stored = self.stored.iter().map(|octets| sort(b'0', octets));
        let others = [
            sort(b'2', self.head.note().as_bytes()),
            key,
            sort(b'3', checkpoint.as_bytes()),
            sort(b'4', &self.export),
            sort(b'5', &[0, 40, b'x', 1, 90, b'!']),
            sort(b'6', &proof),
            sort(b'7', &growth),
        ];
        stored.chain(lines).chain(others).collect()
    }

    /// Reads octets as what their first one says.
    ///
    /// # Panics
    /// Where what is read is not written alike, something verifies that was not signed, or a row has no bounds.
    pub fn read(&self, octets: &[u8]) {
        let Some((sort, octets)) = octets.split_first() else { return };
        let text = || String::from_utf8_lossy(octets);
        match sort & 7 {
            0 => stored(octets),
            1 => line(octets),
            2 => self.note(&text()),
            3 => self.signed(&text()),
            4 => self.export(octets),
            5 => self.changed(octets),
            6 => self.proven(octets),
            _ => self.growth(octets),
        }
    }

    fn note(&self, text: &str) {
        if let Ok(verifier) = Verifier::parse(text) {
            assert_eq!(Verifier::parse(&verifier.to_string()), Ok(verifier));
        }
        if let Ok(head) = Head::open(text, &self.verifier) {
            assert_eq!((head.size, head.root), (self.head.size, self.head.root), "forged");
        }
    }

    /// What is signed opens, unless a note cannot hold it; and a head says what it signs.
    fn signed(&self, text: &str) {
        let text = format!("{text}\n");
        let Ok(note) = note::sign(&text, &self.key, &self.verifier) else { return };
        let holds = text.len() <= NOTE && !text.bytes().any(|octet| octet < b' ' && octet != b'\n');
        let opened = self.verifier.open(&note);
        assert!(!holds || opened == Ok(&text), "{opened:?}");
        if let Ok(head) = Head::open(&note, &self.verifier) {
            let again = Head::sign(&self.origin, head.size, head.root, &self.key, &self.verifier);
            let says = again.is_ok_and(|again| text.starts_with(again.note().split("\n\n").next().unwrap_or_default()));
            assert!(says && head.note() == note, "{text:?}");
        }
    }

    fn export(&self, octets: &[u8]) {
        let whole = octets == self.export || octets.is_empty();
        let verified = verify_export(&mut &*octets, &self.verifier, None, &mut |_, _| {});
        assert_eq!(verified.is_ok(), whole, "forged");
        let given = verify_export(&mut &*octets, &self.verifier, Some(&self.head), &mut |_, _| {});
        assert!(given.is_err() || octets == self.export, "forged");
    }

    /// Three octets are one change: where, in two of them, and to what.
    fn changed(&self, changes: &[u8]) {
        let mut export = self.export.clone();
        for change in changes.as_chunks::<3>().0 {
            let [high, low, octet] = *change;
            let at = usize::from(u16::from_be_bytes([high, low])) % export.len().max(1);
            if let Some(there) = export.get_mut(at) {
                *there = octet;
            }
        }
        self.export(&export);
    }

    fn proven(&self, octets: &[u8]) {
        let Ok(fields) = cbor::read_fields(proof::ALL, octets) else { return };
        let Ok(read) = Proof::read(1, &fields) else { return };
        assert_eq!(Proof::read(1, &read.write()).as_ref(), Ok(&read));
        if read.check(&self.verifier).is_ok() {
            assert_eq!(Some(&read.stored), self.stored.get(1), "forged");
        }
    }

    fn growth(&self, octets: &[u8]) {
        let (sizes, hashes) = octets.as_chunks::<8>().0.split_at_checked(2).unwrap_or_default();
        let [old, new] = sizes else { return };
        let head = |size: &[u8; 8]| {
            let mut head = self.head.clone();
            head.size = u64::from_be_bytes(*size);
            head
        };
        let path: Vec<Hash> = hashes.as_flattened().as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect();
        let (old, new) = (head(old), head(new));
        // Both heads have one root, so only an empty tree or the same one is a good beginning.
        assert!(!grew(&old, &new, &path) || old.size == 0 || old.size == new.size, "forged");
    }

    /// The second record's place in the tree: the first one's hash, the next two, the last.
    fn proof(&self) -> Proof {
        let leaf = |at: usize| Hash::leaf(self.stored.get(at).map(|s| &**s).unwrap_or_default());
        let path = vec![leaf(0), Hash::node(&leaf(2), &leaf(3)), leaf(4)];
        let stored = self.stored.get(1).cloned().unwrap_or_default();
        let (size, root, head) = (self.head.size, self.head.root, self.head.note().to_owned());
        Proof { sequence: 1, size, root, path, head, stored }
    }
}

/// A stored record is what its export says, and one row of CSV in which nothing is a formula.
fn stored(octets: &[u8]) {
    let Ok(record) = crate::read_record(octets) else { return };
    let mut line = Vec::new();
    write_record(&record, octets, &mut line);
    let read = Line::read(&line);
    let same = matches!(&read, Ok(Line::Record(stored, again)) if *stored == octets && **again == record);
    assert!(same, "{}: {read:?}", String::from_utf8_lossy(&line));
    let mut row = String::new();
    write_row(&record, &mut row);
    assert!(row.len() <= 1_024 + 64 * octets.len(), "{} octets of {}", row.len(), octets.len());
    let (mut quoted, mut cells, mut first) = (false, 1, true);
    for c in row.trim_end_matches("\r\n").chars() {
        assert!(quoted || !first || !matches!(c, '=' | '+' | '-' | '@' | '\t'), "{row:?}");
        first = false;
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => (cells, first) = (cells + 1, true),
            _ => {}
        }
    }
    assert_eq!(cells, record::DECL.fields().count(), "{row:?}");
}

fn line(octets: &[u8]) {
    if let Ok(Line::Record(stored, record)) = Line::read(octets) {
        assert_eq!(crate::read_record(&stored), Ok(*record));
    }
}

/// A record of somebody who made an order.
fn of_order(sequence: u64) -> Document {
    let mut record = Document::new(&record::DECL);
    let at = 1_800_000_000_000 + i64::try_from(sequence).unwrap_or(0);
    record.fields.set_text(&common::ID, format!("01J{sequence:023}"));
    record.fields.set(&common::SEQUENCE, Value::Uint(sequence));
    record.fields.set(&common::CREATED_AT, Value::Time(Time(at)));
    record.fields.set(&record::RECORD_CLASS, Value::Enum(record::EACH));
    record.fields.set_text(&record::TENANT_NAME, "acme");
    record.fields.set_text(&record::ABOUT_TENANT, "acme");
    record.fields.set_text(&record::PRINCIPAL, "alice");
    record.fields.set_text(&record::OPERATION, "create");
    record.fields.set_text(&record::OBJECT, if sequence == 3 { "=order/\"demo\",\n1" } else { "order/demo-1" });
    record.fields.set_text(&record::OUTCOME, "done");
    record
}
