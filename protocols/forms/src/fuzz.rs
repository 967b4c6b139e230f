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
        // What stands for nothing, as an empty text, is read and left out.
        assert!(again.len() < stored.len() || again == stored, "another form: {again:02x?}");
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
            assert!(again.len() < stored.len() || again == stored, "another form: {again:02x?}");
            assert_eq!(cbor::read_fields(declared, &again).as_ref(), Ok(&fields));
        }
    }
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

/// A patch said twice changes nothing more, and one that only unsets makes nothing.
fn changes_once(kind: &'static KindDecl, patch: &Patch) {
    let mut fields = Fields::default();
    let changed = patch.clone().apply(kind, &mut fields);
    assert!(!changed || patch.0.iter().any(|(_, change)| *change != Change::Unset), "unsetting makes {fields:?}");
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
