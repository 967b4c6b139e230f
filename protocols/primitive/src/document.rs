//! Documents: fields by number, of one kind.

use std::collections::BTreeMap;
use std::fmt;

use crate::{FieldDecl, Id, KindDecl, Name, Revision, Text, Time, Value, common};

/// Fields by number, sorted. Numbers of newer releases stay in it as [`Value::Raw`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(u16, Value)>);

/// A list of records by their number.
pub type Rows = BTreeMap<u32, Fields>;

impl Fields {
    /// No fields yet, and room for so many.
    #[must_use]
    pub fn with_room(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// A copy with room for so many more.
    #[must_use]
    pub fn copy_with_room(&self, more: usize) -> Self {
        let mut copy = Vec::with_capacity(self.0.len() + more);
        copy.extend_from_slice(&self.0);
        Self(copy)
    }

    /// The value of that number.
    #[must_use]
    pub fn at(&self, number: u16) -> Option<&Value> {
        self.0.binary_search_by_key(&number, |(n, _)| *n).ok().and_then(|i| self.0.get(i)).map(|(_, v)| v)
    }

    /// The value of that field.
    #[must_use]
    pub fn get(&self, field: &FieldDecl) -> Option<&Value> {
        self.at(field.number)
    }

    /// The value of that field, to change it.
    pub fn get_mut(&mut self, number: u16) -> Option<&mut Value> {
        let i = self.0.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        self.0.get_mut(i).map(|(_, v)| v)
    }

    /// Sets a field; a null value removes it.
    pub fn set(&mut self, field: &FieldDecl, value: Value) {
        self.put(field.number, value);
    }

    /// Sets a number; a null value removes it.
    pub fn put(&mut self, number: u16, value: Value) {
        match self.0.binary_search_by_key(&number, |(n, _)| *n) {
            Ok(i) if value.is_null() => drop(self.0.remove(i)),
            Ok(i) => {
                if let Some(slot) = self.0.get_mut(i) {
                    slot.1 = value;
                }
            }
            Err(_) if value.is_null() => {}
            Err(i) => {
                // A field seldom comes alone: growing by doubling moves what is there four times on the way to a record.
                if self.0.len() == self.0.capacity() {
                    self.0.reserve(16);
                }
                self.0.insert(i, (number, value));
            }
        }
    }

    /// Sets a text field.
    pub fn set_text(&mut self, field: &FieldDecl, text: impl Into<Text>) {
        self.set(field, Value::Text(text.into()));
    }

    /// Removes a field.
    pub fn remove(&mut self, number: u16) -> Option<Value> {
        self.0.binary_search_by_key(&number, |(n, _)| *n).ok().map(|i| self.0.remove(i).1)
    }

    /// Gives back the room kept for more fields, in records within as well: for what is to be held long.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
        for (_, value) in &mut self.0 {
            if let Value::Rows(rows) = value {
                rows.values_mut().for_each(Self::shrink);
            }
        }
    }

    /// All fields by number.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Value)> {
        self.0.iter().map(|(n, v)| (*n, v))
    }

    /// The text of a text field or reference.
    #[must_use]
    pub fn text(&self, field: &FieldDecl) -> Option<&Text> {
        self.get(field).and_then(Value::as_text)
    }

    /// The number of an enumeration's value.
    #[must_use]
    pub fn choice(&self, field: &FieldDecl) -> Option<u32> {
        if let Some(Value::Enum(n)) = self.get(field) { Some(*n) } else { None }
    }

    /// The number of an unsigned field or duration.
    #[must_use]
    pub fn uint(&self, field: &FieldDecl) -> Option<u64> {
        if let Some(Value::Uint(n)) = self.get(field) { Some(*n) } else { None }
    }

    /// The truth of a bool.
    #[must_use]
    pub fn bool(&self, field: &FieldDecl) -> Option<bool> {
        if let Some(Value::Bool(b)) = self.get(field) { Some(*b) } else { None }
    }

    /// The moment of a time.
    #[must_use]
    pub fn time(&self, field: &FieldDecl) -> Option<Time> {
        if let Some(Value::Time(t)) = self.get(field) { Some(*t) } else { None }
    }

    /// The records of a list of records.
    #[must_use]
    pub fn rows(&self, field: &FieldDecl) -> Option<&Rows> {
        if let Some(Value::Rows(rows)) = self.get(field) { Some(rows) } else { None }
    }

    /// The entries of a map.
    #[must_use]
    pub fn map(&self, field: &FieldDecl) -> Option<&BTreeMap<Text, Text>> {
        if let Some(Value::Map(map)) = self.get(field) { Some(map) } else { None }
    }

    /// The elements of a list.
    #[must_use]
    pub fn list(&self, field: &FieldDecl) -> &[Value] {
        if let Some(Value::List(list)) = self.get(field) { list } else { &[] }
    }
}

impl FromIterator<(u16, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (u16, Value)>>(iter: I) -> Self {
        let mut fields = Self::default();
        for (number, value) in iter {
            fields.put(number, value);
        }
        fields
    }
}

/// A thing of some kind: its fields.
#[derive(Clone)]
pub struct Document {
    /// What sort of thing it is.
    pub kind: &'static KindDecl,
    /// What it holds.
    pub fields: Fields,
}

impl Document {
    /// An empty document of that kind.
    #[must_use]
    pub fn new(kind: &'static KindDecl) -> Self {
        Self { kind, fields: Fields::default() }
    }

    /// Likewise, with room for so many fields.
    #[must_use]
    pub fn with_room(kind: &'static KindDecl, count: usize) -> Self {
        Self { kind, fields: Fields::with_room(count) }
    }

    /// The name; `None` where the maker chose none yet, or the kind is indexed by sequence.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        self.fields.text(&common::NAME).and_then(|t| Name::of_text(t).ok())
    }

    /// Our identifier.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.fields.text(&common::ID).and_then(|t| Id::parse(t))
    }

    /// The revision; 0 where it was never stored.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision(self.fields.uint(&common::REVISION).unwrap_or(0))
    }

    /// Who made it.
    #[must_use]
    pub fn created_by(&self) -> Option<&Text> {
        self.fields.text(&common::CREATED_BY)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.kind.number == other.kind.number && self.fields == other.fields
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.name, self.fields)
    }
}

/// What tells one thing from the others of its kind and tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    /// By name.
    Name(Name),
    /// By position in a log.
    Sequence(u64),
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Sequence(n) => n.fmt(f),
        }
    }
}

/// Where a document is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocKey {
    /// Whose it is.
    pub tenant: Name,
    /// The number of its kind.
    pub kind: u16,
    /// Its name.
    pub name: Name,
}
