//! A body walked along its declaration: every offending field is found in one pass.

use std::borrow::Cow;
use std::collections::BTreeMap;

use strowger_primitive::{
    Document, Fault, FieldDecl, Fields, Flaw, Inner, KindDecl, Path, Place, Rows, Text, Type, Value,
};

use super::place::{is_camel, shown};
use super::token::{Bad, Reader, Sort};
use super::{any, scalar};

/// Most offending fields that one fault names.
const MOST_FLAWS: usize = 64;

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
    let mut seen = Vec::new();
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
        return rows(reader, flaws, field, of, max);
    }
    let mut whys = Vec::new();
    let value = inner(reader, &field.ty, &mut whys)?;
    for (part, why) in whys {
        flaws.field(Path { field: field.number, inner: part }, why);
    }
    Ok(value)
}

/// Any value but a list of records; `whys` tells what part of it is wrong.
fn inner(reader: &mut Reader<'_>, ty: &Type, whys: &mut Vec<(Inner, String)>) -> Result<Option<Value>, Bad> {
    let read = match ty {
        Type::List { of, max } => return list(reader, ty, of, *max, whys),
        Type::Map { max, .. } => return map(reader, ty, *max, whys),
        Type::Any { max } => any::read(reader, *max)?.map(Value::Any),
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
    let mut seen = std::collections::BTreeSet::new();
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

/// A list of records. A record without `no` is numbered one higher than the one before it.
fn rows(
    reader: &mut Reader<'_>,
    flaws: &mut Flaws,
    field: &FieldDecl,
    of: &'static [FieldDecl],
    max: u32,
) -> Result<Option<Value>, Bad> {
    if reader.peek()? != Sort::List {
        reader.skip()?;
        flaws.field(Path::whole(field.number), scalar::expected(&field.ty));
        return Ok(None);
    }
    let mut rows = Rows::new();
    let (mut count, mut before) = (0u32, 0u32);
    reader.enter()?;
    let mut first = true;
    while reader.element(&mut first)? {
        count = count.saturating_add(1);
        if count > max {
            reader.skip()?;
            continue;
        }
        let mut row = Row::new(before.saturating_add(1));
        row.read(reader, of)?;
        before = row.no;
        for (sub, why) in row.whys {
            let inner = sub.map_or(Inner::Row(row.no), |sub| Inner::Cell(row.no, sub));
            flaws.field(Path { field: field.number, inner }, why);
        }
        for name in row.unknown {
            flaws.unknown(format!("{}.{}.{name}", field.camel(), row.no));
        }
        if rows.insert(row.no, row.fields).is_some() {
            flaws.field(Path { field: field.number, inner: Inner::Row(row.no) }, "two records have this no");
        }
    }
    if count > max {
        flaws.field(Path::whole(field.number), format!("must have at most {max} records"));
    }
    Ok(Some(Value::Rows(rows)))
}

/// One record. Its number may stand behind other fields, so flaws wait until it is known.
struct Row {
    no: u32,
    fields: Fields,
    whys: Vec<(Option<u16>, String)>,
    unknown: Vec<String>,
}

impl Row {
    fn new(no: u32) -> Self {
        Self { no, fields: Fields::default(), whys: Vec::new(), unknown: Vec::new() }
    }

    fn read(&mut self, reader: &mut Reader<'_>, of: &'static [FieldDecl]) -> Result<(), Bad> {
        if reader.peek()? != Sort::Object {
            self.whys.push((None, "must be an object".to_owned()));
            return reader.skip();
        }
        let mut seen = Vec::new();
        reader.enter()?;
        let mut first = true;
        while let Some(key) = reader.key(&mut first)? {
            let field = of.iter().find(|f| is_camel(&key, f.name));
            let number = if key == "no" { Some(1) } else { field.map(|f| f.number) };
            match number {
                Some(number) if seen.contains(&number) => {
                    self.why(field.map(|f| f.number), "is named twice".to_owned());
                    reader.skip()?;
                    continue;
                }
                Some(number) => seen.push(number),
                None => {}
            }
            match field {
                _ if key == "no" => self.number(reader)?,
                Some(field) => self.cell(reader, field)?,
                None => {
                    if self.unknown.len() < MOST_FLAWS {
                        self.unknown.push(shown(&key));
                    }
                    reader.skip()?;
                }
            }
        }
        Ok(())
    }

    fn number(&mut self, reader: &mut Reader<'_>) -> Result<(), Bad> {
        let number = if reader.peek()? == Sort::Number {
            scalar::whole(reader.number()?)
        } else {
            reader.skip()?;
            None
        };
        match number.and_then(|n| u32::try_from(n).ok()) {
            Some(no) if no > 0 => self.no = no,
            Some(_) | None => self.why(None, format!("no must be a whole number from 1 to {}", u32::MAX)),
        }
        Ok(())
    }

    fn cell(&mut self, reader: &mut Reader<'_>, field: &FieldDecl) -> Result<(), Bad> {
        if reader.peek()? == Sort::Null {
            return reader.null();
        }
        let mut whys = Vec::new();
        if let Some(value) = inner(reader, &field.ty, &mut whys)? {
            self.fields.put(field.number, value);
        }
        for (part, why) in whys {
            let why = match part {
                Inner::Whole | Inner::Row(_) | Inner::Cell(..) => why,
                Inner::Element(at) => format!("element {at} {why}"),
                Inner::Key(key) => format!("entry {key} {why}"),
            };
            self.why(Some(field.number), why);
        }
        Ok(())
    }

    fn why(&mut self, sub: Option<u16>, why: String) {
        if self.whys.len() < MOST_FLAWS {
            self.whys.push((sub, why));
        }
    }
}
