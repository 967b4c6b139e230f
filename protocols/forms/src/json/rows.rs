//! Lists of records, whose flaws are placed by the record's number.

use strowger_primitive::{FieldDecl, Fields, Inner, Path, Rows, Value};

use super::place::{is_camel, shown};
use super::read::{Flaws, MOST_FLAWS, inner};
use super::scalar;
use super::token::{Bad, Reader, Sort};

/// A list of records. A record without `no` is numbered one higher than the one before it.
pub(super) fn read(
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
