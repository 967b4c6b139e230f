//! What fuzzers call: any octets through everything that reads JSON or the stored form, and what must hold behind it.

use strowger_primitive::{Change, Document, Fault, FieldDecl, Fields, Flaw, KindDecl, Patch, Schema, Type, Value};

use crate::json::PatchForm;
use crate::{cbor, json};

/// Most flaws that are told at once.
const FLAWS: usize = 64;
/// Longest place or reason of a flaw, in octets.
const LONGEST: usize = 1_024;
/// What any answer may take beside what was said.
const ROOM: usize = 256;

/// Reads octets as a body: to create, to change, of an action, of a filter. The first octet is the kind: `a` is number
/// 10, `b` is 11.
///
/// # Panics
/// Where what is read is not read back from what is written, a change changes twice, a secret is shown, or an answer has
/// no bounds.
pub fn json(schema: &Schema, octets: &[u8]) {
    let Some((kind, body)) = kind_of(schema, octets) else { return };
    match json::scan_create(kind, body) {
        Ok((document, flaws)) => {
            bounded(kind.fields, &flaws);
            if flaws.is_empty() {
                told_again(&document, body.len());
            }
        }
        Err(fault) => short(&fault),
    }
    for form in [PatchForm::Merge, PatchForm::Json] {
        match json::scan_patch(kind, body, form) {
            Ok((patch, flaws)) => {
                bounded(kind.fields, &flaws);
                if flaws.is_empty() {
                    changes_once(kind, &patch);
                }
            }
            Err(fault) => short(&fault),
        }
    }
    for action in kind.actions {
        if let Ok(fields) = json::read_fields(action.input, body) {
            let text = |fields: &Fields| written(&|out| json::write_fields(action.input, fields, out));
            let first = text(&fields);
            let again = json::read_fields(action.input, &first).map(|fields| text(&fields));
            assert!(changed_by_ends(&first) || again.as_ref().is_ok_and(|again| *again == first), "{again:?}");
        }
    }
    if let Some(text) = std::str::from_utf8(body).ok().filter(|text| text.len() <= LONGEST) {
        kind.fields().for_each(|field| filtered_again(field, text));
    }
}

/// Reads octets as a stored document and as the stored fields of actions. The first octet is the kind, as for [`json`].
///
/// # Panics
/// Where octets are read that are not the one form of what they say, or JSON cannot be made of it.
pub fn cbor(schema: &Schema, octets: &[u8]) {
    let Some((kind, stored)) = kind_of(schema, octets) else { return };
    if let Ok(document) = cbor::read(kind, stored) {
        let again = written(&|out| cbor::write(&document, out));
        assert_eq!(again, Stored::spare(stored, &|number| kind.field(number)), "another form");
        assert_eq!(cbor::read(kind, &again).as_ref(), Ok(&document));
        let text = written(&|out| json::write_document(&document, &[], None, out));
        assert!(text.len() <= ROOM + 64 * stored.len(), "{} octets of {}", text.len(), stored.len());
        if let Err(fault) = json::scan_create(kind, &text) {
            assert_eq!(fault.code, "too-deep", "{}", fault.public);
        }
    }
    for declared in kind.actions.iter().flat_map(|action| [action.input, action.output]) {
        if let Ok(fields) = cbor::read_fields(declared, stored) {
            let again = written(&|out| cbor::write_fields(declared, &fields, out));
            let declared_as = |number| declared.iter().find(|field| field.number == number);
            assert_eq!(again, Stored::spare(stored, &declared_as), "another form");
            assert_eq!(cbor::read_fields(declared, &again).as_ref(), Ok(&fields));
        }
    }
}

type Declared<'d> = dyn Fn(u16) -> Option<&'static FieldDecl> + 'd;

/// A walk through octets that were read, apart from the reader: it asks nothing but that every head it meets is the
/// shortest and every number greater than the one before.
struct Stored<'o> {
    octets: &'o [u8],
    at: usize,
}

impl<'o> Stored<'o> {
    /// The octets without what is read and left out: fields whose text or octets are empty, as they stand for nothing.
    fn spare(octets: &'o [u8], declared: &Declared<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len());
        Self { octets, at: 0 }.fields(declared, &mut out);
        out
    }

    fn fields(&mut self, declared: &Declared<'_>, out: &mut Vec<u8>) {
        let (mut kept, mut entries) = (0, Vec::new());
        self.entries(&mut |stored, number, key| {
            let ty = u16::try_from(number).ok().and_then(declared).map(|field| &field.ty);
            let mut value = Vec::new();
            if let Some(Type::Rows { of, .. }) = ty {
                stored.rows(of, &mut value);
            } else {
                value.extend_from_slice(stored.item());
            }
            let text = matches!(ty, Some(Type::Text { .. } | Type::Ref(_) | Type::Bytes { .. } | Type::Secret { .. }));
            if !(text && matches!(value.as_slice(), [0x40 | 0x60])) {
                kept += 1;
                entries.extend_from_slice(key);
                entries.append(&mut value);
            }
        });
        put(5, kept, out);
        out.append(&mut entries);
    }

    fn rows(&mut self, of: &'static [FieldDecl], out: &mut Vec<u8>) {
        let (mut count, mut rows) = (0, Vec::new());
        self.entries(&mut |stored, _, key| {
            count += 1;
            rows.extend_from_slice(key);
            stored.fields(&|number| of.iter().find(|field| field.number == number), &mut rows);
        });
        put(5, count, out);
        out.append(&mut rows);
    }

    /// The entries of a map by number: `each` gets the number and its octets, and takes the value.
    fn entries(&mut self, each: &mut dyn FnMut(&mut Self, u64, &[u8])) {
        let (_, count) = self.head();
        let mut before = None;
        for _ in 0..count {
            let start = self.at;
            let (_, number) = self.head();
            assert!(before < Some(number), "{number} behind {before:?}");
            before = Some(number);
            let octets = self.octets;
            each(self, number, octets.get(start..self.at).unwrap_or_default());
        }
    }

    /// One item, with all that is in it.
    fn item(&mut self) -> &'o [u8] {
        let start = self.at;
        let mut left = 1;
        while left > 0 {
            left -= 1;
            let (major, argument) = self.head();
            match major {
                2 | 3 => self.at += usize::try_from(argument).unwrap_or(usize::MAX),
                4 => left += argument,
                5 => left += 2 * argument,
                6 => left += 1,
                _ => {}
            }
        }
        self.octets.get(start..self.at).unwrap_or_default()
    }

    /// A major type and its argument (RFC 8949 §3).
    fn head(&mut self) -> (u8, u64) {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let Some((first, rest)) = rest.split_first() else { return (0, 0) };
        let (major, info) = (first >> 5, first & 31);
        let width = if info < 24 { 0 } else { 1 << (info - 24) };
        let argument = rest.iter().take(width).fold(0, |n, octet| n << 8 | u64::from(*octet));
        let argument = if width == 0 { u64::from(info) } else { argument };
        let start = self.at;
        self.at += 1 + width;
        if major < 7 {
            let mut shortest = Vec::new();
            put(major, argument, &mut shortest);
            assert_eq!(self.octets.get(start..self.at), Some(shortest.as_slice()), "a head that is not the shortest");
        }
        (major, argument)
    }
}

/// Writes a head in its shortest form (RFC 8949 §4.2.1).
fn put(major: u8, argument: u64, out: &mut Vec<u8>) {
    let octets = argument.to_be_bytes();
    let (info, width) = match argument {
        0..24 => return out.push(major << 5 | octets.last().copied().unwrap_or(0)),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(octets.get(8 - width..).unwrap_or_default());
}

fn kind_of<'o>(schema: &Schema, octets: &'o [u8]) -> Option<(&'static KindDecl, &'o [u8])> {
    let (first, rest) = octets.split_first()?;
    let number = u16::from(first.wrapping_sub(b'a')) + 10;
    let kind = schema.numbered(number).or_else(|| {
        let count = schema.kinds().count().max(1);
        schema.kinds().nth(usize::from(*first) % count)
    });
    Some((kind?, rest))
}

/// What is written of a document reads back, whatever secrets it holds.
fn told_again(document: &Document, said: usize) {
    let text = |document: &Document| written(&|out| json::write_document(document, &[], None, out));
    let first = text(document);
    assert!(first.len() <= ROOM + 16 * said, "{} octets of {said}", first.len());
    let mut open = document.clone();
    for field in document.kind.fields().filter(|f| matches!(f.ty, Type::Secret { .. })) {
        drop(open.fields.remove(field.number));
    }
    assert_eq!(text(&open), first, "a secret is shown");
    let again = json::read_create(document.kind, &first).map(|again| text(&again));
    let same = again.as_ref().is_ok_and(|again| *again == first);
    assert!(changed_by_ends(&first) || same, "{}: {again:?}", String::from_utf8_lossy(&first));
}

/// Whether text in it holds a carriage return: only line ends are read as LF, and the check of the kinds refuses others.
fn changed_by_ends(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair == b"\\r")
}

/// A patch said twice changes nothing more, and one that only unsets leaves nothing but defaults.
fn changes_once(kind: &'static KindDecl, patch: &Patch) {
    let mut fields = Fields::default();
    patch.clone().apply(kind, &mut fields);
    let sets = patch.0.iter().any(|(_, change)| *change != Change::Unset);
    let default =
        |field: &FieldDecl| fields.get(field).is_none_or(|value| field.default_value().as_ref() == Some(value));
    assert!(sets || kind.fields().all(default), "unsetting makes {fields:?}");
    assert!(!patch.clone().apply(kind, &mut fields), "it changes twice: {patch:?}");
}

/// What a filter reads is read again as JSON writes it.
fn filtered_again(field: &'static FieldDecl, text: &str) {
    let ty = if let Type::List { of, .. } = field.ty { *of } else { field.ty };
    let Ok(Some(value)) = json::read_filter(field, text).map(|filter| filter.value) else { return };
    if !matches!(value, Value::Text(_)) {
        let bare = written(&|out| json::write_scalar(&ty, &value, out));
        let bare = String::from_utf8_lossy(&bare);
        let again = json::read_filter(field, bare.trim_matches('"')).map(|filter| filter.value);
        assert_eq!(again, Ok(Some(value)), "{text}");
    }
}

fn bounded(declared: &[&[FieldDecl]], flaws: &[Flaw]) {
    assert!(flaws.len() <= FLAWS, "{} flaws", flaws.len());
    for flaw in flaws {
        let place = json::place(flaw, declared);
        assert!(place.len() <= LONGEST && flaw.why.len() <= LONGEST, "{place}: {}", flaw.why);
        assert!(!place.contains(char::is_control), "{place:?}");
    }
}

fn short(fault: &Fault) {
    assert!(fault.public.len() <= LONGEST && fault.at.is_empty(), "{}", fault.public);
}

fn written(write: &dyn Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::specimen::{self, DECL, documents, named};

    fn spare(octets: &[u8]) -> Vec<u8> {
        Stored::spare(octets, &|number| DECL.field(number))
    }

    proptest! {
        #[test]
        fn what_is_stored_is_its_one_form(document in documents()) {
            let stored = written(&|out| cbor::write(&document, out));
            prop_assert_eq!(spare(&stored), stored);
        }
    }

    #[test]
    fn what_stands_for_nothing_is_left_out_and_no_more() {
        let stored = [
            &[0xA4, 2, 0x60, 0x11, 0x40, 0x18, 0x18][..],
            // A row with two fields, an empty text and words of which one is empty; then what a newer release wrote.
            &[0xA1, 1, 0xA2, 2, 0x60, 3, 0x82, 0x60, 0x61, b'a', 0x19, 3, 0xE7, 0x60],
        ];
        let stored = stored.concat();
        let left = [0xA2, 0x18, 0x18, 0xA1, 1, 0xA1, 3, 0x82, 0x60, 0x61, b'a', 0x19, 3, 0xE7, 0x60];
        assert_eq!(spare(&stored), left);
        let document = cbor::read(&DECL, &stored).unwrap();
        assert_eq!(written(&|out| cbor::write(&document, out)), left);
    }

    #[test]
    fn another_form_is_seen_even_where_something_is_left_out() {
        let mut d = named("t1");
        d.fields.set(&specimen::QUOTA, Value::Uint(5));
        assert_eq!(spare(&written(&|out| cbor::write(&d, out))), [0xA2, 2, 0x62, b't', b'1', 0x0E, 5]);
        let over_long = [
            &[0xA2, 2, 0x60, 0x0E, 0x18, 5][..],
            &[0xA2, 2, 0x60, 0x18, 0x0E, 5][..],
            &[0xB8, 2, 2, 0x60, 0x0E, 5][..],
            &[0xA2, 2, 0x78, 0, 0x0E, 5][..],
            &[0xA2, 0x0E, 5, 2, 0x60][..],
        ];
        for octets in over_long {
            assert!(std::panic::catch_unwind(|| spare(octets)).is_err(), "{octets:02x?}");
        }
    }
}
