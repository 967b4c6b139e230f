//! Changes of a document.

use crate::{FieldDecl, Fields, KindDecl, Text, Value};

/// What is to change, in the order said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch(pub Vec<(Path, Change)>);

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// To this value.
    Set(Value),
    /// To its default, or null where it has none; a list or map to empty, a record or entry away.
    Unset,
}

/// A place in a document: `field`, `field.key`, `field.no` or `field.no.subfield`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The field's number.
    pub field: u16,
    /// What of it.
    pub inner: Inner,
}

/// What of a field a [`Path`] speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inner {
    /// All of it.
    Whole,
    /// One entry of a map.
    Key(Text),
    /// One element of a list, from 0.
    Element(u32),
    /// One record of a list of records.
    Row(u32),
    /// One subfield of one record.
    Cell(u32, u16),
}

impl Path {
    /// The whole field.
    #[must_use]
    pub fn whole(field: u16) -> Self {
        Self { field, inner: Inner::Whole }
    }

    /// The place in words of `case`, as `items.1.offer`.
    #[must_use]
    pub fn print(&self, fields: &[&[crate::FieldDecl]], case: fn(&str) -> String) -> String {
        let Some(field) = fields.iter().flat_map(|p| p.iter()).find(|f| f.number == self.field) else {
            return self.field.to_string();
        };
        let name = case(field.name);
        match &self.inner {
            Inner::Whole => name,
            Inner::Key(key) => format!("{name}.{key}"),
            Inner::Element(no) | Inner::Row(no) => format!("{name}.{no}"),
            Inner::Cell(no, sub) => {
                let sub = field.ty.subfields().iter().find(|f| f.number == *sub).map(|f| case(f.name));
                format!("{name}.{no}.{}", sub.unwrap_or_default())
            }
        }
    }
}

impl Patch {
    /// Applies the changes to `fields`; those that change nothing leave it as it was. Returns whether anything did.
    /// The patch is expected to be [checked](crate::check_patch).
    pub fn apply(self, kind: &'static KindDecl, fields: &mut Fields) -> bool {
        let before = fields.clone();
        for (path, change) in self.0 {
            apply_one(kind, fields, path, change);
        }
        *fields != before
    }
}

fn apply_one(kind: &'static KindDecl, fields: &mut Fields, path: Path, change: Change) {
    let number = path.field;
    match (path.inner, change) {
        (Inner::Whole, Change::Set(value)) => fields.put(number, value),
        (Inner::Whole, Change::Unset) => match kind.field(number).and_then(FieldDecl::default_value) {
            Some(value) => fields.put(number, value),
            None => drop(fields.remove(number)),
        },
        (Inner::Key(key), change) => {
            let mut map = match fields.remove(number) {
                Some(Value::Map(map)) => map,
                Some(_) | None => Default::default(),
            };
            match change {
                Change::Set(Value::Text(text)) => drop(map.insert(key, text)),
                Change::Set(_) | Change::Unset => drop(map.remove(&key)),
            }
            if !map.is_empty() {
                fields.put(number, Value::Map(map));
            }
        }
        (Inner::Element(_), _) => {}
        (Inner::Row(no), change) => {
            let mut rows = rows_of(fields, number);
            match change {
                Change::Set(Value::Rows(mut one)) => {
                    rows.insert(no, one.remove(&no).unwrap_or_default());
                }
                Change::Set(_) | Change::Unset => drop(rows.remove(&no)),
            }
            put_rows(fields, number, rows);
        }
        (Inner::Cell(no, sub), change) => {
            debug_assert!(kind.field(number).is_some());
            let mut rows = rows_of(fields, number);
            match change {
                Change::Set(value) => rows.entry(no).or_default().put(sub, value),
                Change::Unset => drop(rows.get_mut(&no).and_then(|row| row.remove(sub))),
            }
            put_rows(fields, number, rows);
        }
    }
}

fn rows_of(fields: &mut Fields, number: u16) -> crate::Rows {
    match fields.remove(number) {
        Some(Value::Rows(rows)) => rows,
        Some(_) | None => crate::Rows::new(),
    }
}

fn put_rows(fields: &mut Fields, number: u16, rows: crate::Rows) {
    if !rows.is_empty() {
        fields.put(number, Value::Rows(rows));
    }
}
