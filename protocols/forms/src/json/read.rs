//! A body walked along its declaration: every offending field is found in one pass.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use strowger_primitive::{Document, Fault, FieldDecl, Fields, Flaw, Inner, KindDecl, Path, Place, Text, Type, Value};

use super::place::{is_camel, shown};
use super::token::{Bad, Reader, Sort};
use super::{any, rows, scalar};

/// Most offending fields that one fault names.
pub(super) const MOST_FLAWS: usize = 64;

/// Reads what somebody wants made. Bounds and required fields are the keeper's to check.
///
/// # Errors
/// `Malformed`: `not-json`, `too-deep`, or every field that is unknown, named twice or of another type.
pub fn read_create(kind: &'static KindDecl, body: &[u8]) -> Result<Document, Fault> {
    let (document, flaws) = scan_create(kind, body)?;
    if flaws.is_empty() { Ok(document) } else { Err(Fault::flaws(flaws)) }
}

/// As [`read_create`], with the flaws beside what could be read, for a caller that finds more of them.
///
/// # Errors
/// `Malformed`: `not-json`, `too-deep`.
pub fn scan_create(kind: &'static KindDecl, body: &[u8]) -> Result<(Document, Vec<Flaw>), Fault> {
    let (fields, flaws) = scan(kind.fields(), body).map_err(|bad| bad.fault(body))?;
    Ok((Document { kind, fields }, flaws))
}

/// Reads the input of an action; an empty body is no fields.
///
/// # Errors
/// As [`read_create`].
pub fn read_fields(declared: &'static [FieldDecl], body: &[u8]) -> Result<Fields, Fault> {
    if body.trim_ascii().is_empty() {
        return Ok(Fields::default());
    }
    let (fields, flaws) = scan(declared.iter(), body).map_err(|bad| bad.fault(body))?;
    if flaws.is_empty() { Ok(fields) } else { Err(Fault::flaws(flaws)) }
}

fn scan<'d>(declared: impl Iterator<Item = &'d FieldDecl> + Clone, body: &[u8]) -> Result<(Fields, Vec<Flaw>), Bad> {
    let mut reader = Reader::new(body)?;
    let mut flaws = Flaws::default();
    let mut fields = Fields::default();
    object(&mut reader, &mut flaws, declared, &mut |reader, flaws, field| {
        if let Some(value) = value(reader, flaws, field)? {
            fields.put(field.number, value);
        }
        Ok(())
    })?;
    reader.end()?;
    Ok((fields, flaws.found))
}

/// The flaws found so far, bounded.
#[derive(Default)]
pub(super) struct Flaws {
    pub(super) found: Vec<Flaw>,
}

impl Flaws {
    pub(super) fn add(&mut self, place: Place, why: impl Into<String>) {
        if self.found.len() < MOST_FLAWS {
            self.found.push(Flaw { place, why: why.into() });
        }
    }

    pub(super) fn field(&mut self, path: Path, why: impl Into<String>) {
        self.add(Place::Field(path), why);
    }

    pub(super) fn unknown(&mut self, name: String) {
        self.add(Place::Unknown(name), "is no field of it");
    }
}

/// Walks the body's one object; `each` takes the value of every declared field.
pub(super) fn object<'a, 'd>(
    reader: &mut Reader<'a>,
    flaws: &mut Flaws,
    declared: impl Iterator<Item = &'d FieldDecl> + Clone,
    each: &mut dyn FnMut(&mut Reader<'a>, &mut Flaws, &'d FieldDecl) -> Result<(), Bad>,
) -> Result<(), Bad> {
    let sort = reader.peek()?;
    if sort != Sort::Object {
        flaws.unknown(String::new());
        if let Some(flaw) = flaws.found.last_mut() {
            flaw.why = format!("the body must be an object, not {}", sort.word());
        }
        return reader.skip();
    }
    let mut seen = Vec::with_capacity(16);
    reader.enter()?;
    let mut first = true;
    while let Some(key) = reader.key(&mut first)? {
        match declared.clone().find(|f| is_camel(&key, f.name)) {
            None => {
                flaws.unknown(shown(&key));
                reader.skip()?;
            }
            Some(field) if seen.contains(&field.number) => {
                flaws.field(Path::whole(field.number), "is named twice");
                reader.skip()?;
            }
            Some(field) => {
                seen.push(field.number);
                each(reader, flaws, field)?;
            }
        }
    }
    Ok(())
}

/// The value of a field; `None` where it is null or flawed.
pub(super) fn value(reader: &mut Reader<'_>, flaws: &mut Flaws, field: &FieldDecl) -> Result<Option<Value>, Bad> {
    if reader.peek()? == Sort::Null {
        reader.null()?;
        return Ok(None);
    }
    if let Type::Rows { of, max } = field.ty {
        return rows::read(reader, flaws, field, of, max);
    }
    let mut whys = Vec::new();
    let value = inner(reader, &field.ty, &mut whys)?;
    for (part, why) in whys {
        flaws.field(Path { field: field.number, inner: part }, why);
    }
    Ok(value)
}

/// Any value but a list of records; `whys` tells what part of it is wrong.
pub(super) fn inner(reader: &mut Reader<'_>, ty: &Type, whys: &mut Vec<(Inner, String)>) -> Result<Option<Value>, Bad> {
    let read = match ty {
        Type::List { of, max } => return list(reader, ty, of, *max, whys),
        Type::Map { max, .. } => return map(reader, ty, *max, whys),
        Type::Any { max } => any::read(reader, *max)?.map(|any| Value::Any(Box::new(any))),
        Type::Rows { .. } => {
            reader.skip()?;
            Err(scalar::expected(ty))
        }
        Type::Bool
        | Type::Enum(_)
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Text { .. }
        | Type::Bytes { .. }
        | Type::Time
        | Type::Duration { .. }
        | Type::Ref(_)
        | Type::Secret { .. } => scalar::read(reader, ty)?,
    };
    Ok(read.map_err(|why| whys.push((Inner::Whole, why))).ok())
}

fn list(
    reader: &mut Reader<'_>,
    ty: &Type,
    of: &Type,
    max: u32,
    whys: &mut Vec<(Inner, String)>,
) -> Result<Option<Value>, Bad> {
    if reader.peek()? != Sort::List {
        reader.skip()?;
        whys.push((Inner::Whole, scalar::expected(ty)));
        return Ok(None);
    }
    let mut list = Vec::new();
    reader.enter()?;
    let (mut first, mut at) = (true, 0u32);
    while reader.element(&mut first)? {
        if at >= max {
            reader.skip()?;
        } else {
            match scalar::read(reader, of)? {
                Ok(value) => list.push(value),
                Err(why) => whys.push((Inner::Element(at), why)),
            }
        }
        at = at.saturating_add(1);
    }
    if at > max {
        whys.push((Inner::Whole, format!("must have at most {max} elements")));
    }
    Ok(Some(Value::List(list)))
}

fn map(reader: &mut Reader<'_>, ty: &Type, max: u32, whys: &mut Vec<(Inner, String)>) -> Result<Option<Value>, Bad> {
    let mut map = BTreeMap::new();
    entries(reader, ty, max, whys, &mut |key, text| {
        if let Some(text) = text {
            map.insert(key, text);
            return None;
        }
        Some("must be a string")
    })
    .map(|any| any.then_some(Value::Map(map)))
}

/// Walks the entries of a map of text; `each` takes a key and its text, `None` for null, and may refuse it. False
/// where it is no map.
pub(super) fn entries(
    reader: &mut Reader<'_>,
    ty: &Type,
    max: u32,
    whys: &mut Vec<(Inner, String)>,
    each: &mut dyn FnMut(Text, Option<Text>) -> Option<&'static str>,
) -> Result<bool, Bad> {
    if reader.peek()? != Sort::Object {
        reader.skip()?;
        whys.push((Inner::Whole, scalar::expected(ty)));
        return Ok(false);
    }
    let mut seen = BTreeSet::new();
    let mut count = 0u32;
    reader.enter()?;
    let mut first = true;
    while let Some(key) = reader.key(&mut first)? {
        count = count.saturating_add(1);
        if count > max {
            reader.skip()?;
            continue;
        }
        let key: Text = key.as_ref().into();
        let part = Inner::Key(shown(&key).into());
        let text = match reader.peek()? {
            Sort::Text => Some(lines(reader.text()?)),
            Sort::Null => {
                reader.null()?;
                None
            }
            Sort::Bool | Sort::Number | Sort::List | Sort::Object => {
                reader.skip()?;
                whys.push((part, "must be a string".to_owned()));
                continue;
            }
        };
        if !seen.insert(Text::clone(&key)) {
            whys.push((part, "is named twice".to_owned()));
        } else if let Some(why) = each(key, text) {
            whys.push((part, why.to_owned()));
        }
    }
    if count > max {
        whys.push((Inner::Whole, format!("must have at most {max} entries")));
    }
    Ok(true)
}

/// Text with its line ends as LF.
fn lines(text: Cow<'_, str>) -> Text {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}
