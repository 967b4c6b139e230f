//! Declarations: a kind is data. From one declaration come its REST resource, MML commands, CLI, contracts and docs.

use crate::{Value, camel, pascal, read_scalar};

/// A sort of thing a primitive speaks of: offer, order, service, resource, ...
#[derive(Debug)]
pub struct KindDecl {
    /// Kebab-case, unique: `offer`.
    pub name: &'static str,
    /// As REST paths say it: `offers`.
    pub plural: &'static str,
    /// Stable; the arc of its table under `strowgerMIB`. 1-9 are ours.
    pub number: u16,
    /// The schema version that brought it.
    pub since: u16,
    /// One line of documentation: ASCII without double quotes.
    pub doc: &'static str,
    /// What tells one from another.
    pub indexed: Indexed,
    /// The code of its absence: `offer-not-found`.
    pub missing: &'static str,
    /// The number of the field that names the principal it belongs to.
    pub owner: u16,
    /// What may be asked of it, and how each is recorded.
    pub verbs: &'static [(Verb, RecordClass)],
    /// All fields, the common ones first.
    pub fields: &'static [&'static [FieldDecl]],
    /// Its own actions.
    pub actions: &'static [ActionDecl],
}

/// What tells the things of a kind from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexed {
    /// A name in the tenant.
    Name,
    /// A sequence number; two `Unsigned32` in SNMP.
    Sequence,
}

/// What may be asked of every kind that declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Make a new one.
    Create,
    /// Show one.
    Read,
    /// Show many.
    List,
    /// Change fields of one.
    Update,
    /// Remove one.
    Delete,
    /// Perform an action of its own.
    Invoke,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 6] = [Self::Create, Self::Read, Self::List, Self::Update, Self::Delete, Self::Invoke];

    /// The word doors, policies and records use: `create`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Invoke => "invoke",
        }
    }

    /// Whether it changes what is stored.
    #[must_use]
    pub fn changes(self) -> bool {
        match self {
            Self::Create | Self::Update | Self::Delete | Self::Invoke => true,
            Self::Read | Self::List => false,
        }
    }
}

/// How a verb is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordClass {
    /// One record, synced with the change.
    Each,
    /// One record per principal, kind, verb and minute.
    Counted,
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct FieldDecl {
    /// Stable, never reused. 1-9 are common to all kinds, 100-119 belong to SNMP's own columns.
    pub number: u16,
    /// Kebab-case, unique in the kind without hyphens and case.
    pub name: &'static str,
    /// What it holds, its bounds and its form.
    pub ty: Type,
    /// Who may write it, and when.
    pub access: Access,
    /// Whether a new one must bring it.
    pub required: bool,
    /// The unit, decimal and SI: `s`, `ms`, `B`, `bit/s`.
    pub unit: &'static str,
    /// What it is where the maker says nothing, as typed in MML; empty: null.
    pub default: &'static str,
    /// The schema version that brought it.
    pub since: u16,
    /// One line of documentation: ASCII without double quotes.
    pub doc: &'static str,
}

impl FieldDecl {
    /// A readable field that only the gateway writes.
    #[must_use]
    pub const fn new(number: u16, name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self { number, name, ty, access: Access::Read, required: false, unit: "", default: "", since: 1, doc }
    }

    /// Writable at any time.
    #[must_use]
    pub const fn write(mut self) -> Self {
        self.access = Access::Write;
        self
    }

    /// Written by its maker only.
    #[must_use]
    pub const fn create_only(mut self) -> Self {
        self.access = Access::CreateOnly;
        self
    }

    /// Written, never read; asks for a confidential origin.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.access = Access::WriteOnly;
        self
    }

    /// A new one must bring it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Measured in `unit`.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// What it is where the maker says nothing.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = text;
        self
    }

    /// Brought by a later schema version than the first.
    #[must_use]
    pub const fn since(mut self, version: u16) -> Self {
        self.since = version;
        self
    }

    /// Whether a read shows it.
    #[must_use]
    pub const fn readable(&self) -> bool {
        !matches!(self.access, Access::WriteOnly)
    }

    /// Whether a maker may bring it.
    #[must_use]
    pub const fn creatable(&self) -> bool {
        !matches!(self.access, Access::Read)
    }

    /// Whether a later change may set it.
    #[must_use]
    pub const fn patchable(&self) -> bool {
        matches!(self.access, Access::Write | Access::WriteOnly)
    }
}

/// Who may write a field, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The gateway alone.
    Read,
    /// Anybody with the right, at any time.
    Write,
    /// Its maker, when it is made.
    CreateOnly,
    /// Anybody with the right; nobody reads it.
    WriteOnly,
}

/// Types are a closed list. Limits of text are octets.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// True or false.
    Bool,
    /// One of a list.
    Enum(&'static EnumDecl),
    /// From `min` to `max`.
    I32 {
        /// Smallest.
        min: i32,
        /// Largest.
        max: i32,
    },
    /// From `min` to `max`.
    U32 {
        /// Smallest.
        min: u32,
        /// Largest.
        max: u32,
        /// What it measures.
        meter: Meter,
    },
    /// Any.
    U64 {
        /// What it measures.
        meter: Meter,
    },
    /// A whole number of 10^-scale.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// UTF-8 without control characters but TAB and LF.
    Text {
        /// Longest, in octets.
        max: u32,
    },
    /// Octets.
    Bytes {
        /// Most octets.
        max: u32,
    },
    /// UTC, milliseconds.
    Time,
    /// A plain whole number of the field's unit, `s` or `ms`.
    Duration {
        /// Largest.
        max: u32,
    },
    /// The name of another thing of that kind, in the same tenant or shared.
    Ref(&'static str),
    /// What is written and never read.
    Secret {
        /// Longest, in octets.
        max: u32,
    },
    /// A list of scalars.
    List {
        /// Each one's type: scalar.
        of: &'static Type,
        /// Most elements.
        max: u32,
    },
    /// A list of records: a child table. Subfield 1 is its number `no`.
    Rows {
        /// The subfields but `no`: scalars, lists and maps of text.
        of: &'static [FieldDecl],
        /// Most records.
        max: u32,
    },
    /// Text by name.
    Map {
        /// Most entries.
        max: u32,
        /// Longest value, in octets.
        each: u32,
    },
    /// JSON to a depth of 16.
    Any {
        /// Longest, in octets of JSON.
        max: u32,
    },
}

/// How a type is put together, whatever its bounds.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// One value: all types but those below.
    Scalar,
    /// A list of such scalars.
    List(&'static Type),
    /// A list of records with these subfields, `no` left out.
    Rows(&'static [FieldDecl]),
    /// Text by name.
    Map,
    /// Bounded JSON.
    Any,
}

impl Type {
    /// How it is put together.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self {
            Self::List { of, .. } => Shape::List(of),
            Self::Rows { of, .. } => Shape::Rows(of),
            Self::Map { .. } => Shape::Map,
            Self::Any { .. } => Shape::Any,
            Self::Bool
            | Self::Enum(_)
            | Self::I32 { .. }
            | Self::U32 { .. }
            | Self::U64 { .. }
            | Self::Decimal { .. }
            | Self::Text { .. }
            | Self::Bytes { .. }
            | Self::Time
            | Self::Duration { .. }
            | Self::Ref(_)
            | Self::Secret { .. } => Shape::Scalar,
        }
    }

    /// Whether lists can be chosen by it: scalars, and lists of them.
    #[must_use]
    pub const fn filterable(&self) -> bool {
        matches!(self.shape(), Shape::Scalar | Shape::List(_)) && !matches!(self, Self::Secret { .. })
    }

    /// Whether lists can be sorted by it: scalars short enough for the cursor that leads to the next page.
    #[must_use]
    pub const fn sortable(&self) -> bool {
        let long = matches!(self, Self::Text { max } | Self::Bytes { max } if *max > 255);
        self.filterable() && matches!(self.shape(), Shape::Scalar) && !long
    }

    /// The subfields of a list of records; none of anything else.
    #[must_use]
    pub const fn subfields(&self) -> &'static [FieldDecl] {
        if let Self::Rows { of, .. } = self { of } else { &[] }
    }
}

/// What a whole number measures; it decides its SMI syntax and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// A quantity that may go down.
    Gauge,
    /// A count that only grows.
    Counter,
}

/// The values of an enumeration.
#[derive(Debug)]
pub struct EnumDecl {
    /// Kebab-case, unique in its kind: `order-state`.
    pub name: &'static str,
    /// Whether later versions may add values that old clients must bear.
    pub open: bool,
    /// The values, by number.
    pub values: &'static [Choice],
}

/// One value of an enumeration.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Stable, from 1.
    pub number: u32,
    /// Kebab-case.
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
}

impl EnumDecl {
    /// The value's name; `None` where a newer release wrote it.
    #[must_use]
    pub fn name_of(&self, number: u32) -> Option<&'static str> {
        self.values.iter().find(|v| v.number == number).map(|v| v.name)
    }

    /// The number of the value somebody named; hyphens, underscores and case do not matter.
    #[must_use]
    pub fn number_of(&self, said: &str) -> Option<u32> {
        self.values.iter().find(|v| crate::case::same_word(said, v.name)).map(|v| v.number)
    }
}

/// An action of a kind's own: an MML verb, `POST ../{name}/scale`, an action column in SNMP.
#[derive(Debug, Clone, Copy)]
pub struct ActionDecl {
    /// Stable.
    pub number: u16,
    /// Kebab-case.
    pub name: &'static str,
    /// What it takes.
    pub input: &'static [FieldDecl],
    /// What it gives back.
    pub output: &'static [FieldDecl],
    /// The schema version that brought it.
    pub since: u16,
    /// One line of documentation.
    pub doc: &'static str,
}

impl KindDecl {
    /// All fields by number.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldDecl> + Clone + use<> {
        self.fields.iter().flat_map(|part| part.iter())
    }

    /// The field of that number.
    #[must_use]
    pub fn field(&self, number: u16) -> Option<&'static FieldDecl> {
        self.fields().find(|f| f.number == number)
    }

    /// The field somebody named; hyphens, underscores and case do not matter.
    #[must_use]
    pub fn field_named(&self, said: &str) -> Option<&'static FieldDecl> {
        find_named(self.fields(), said)
    }

    /// Whether its lists can be sorted by that field; a log has the order of its numbers alone.
    #[must_use]
    pub fn sorts_by(&self, field: &FieldDecl) -> bool {
        match self.indexed {
            Indexed::Name => field.readable() && field.ty.sortable(),
            Indexed::Sequence => field.number == common::SEQUENCE.number,
        }
    }

    /// The action somebody named.
    #[must_use]
    pub fn action_named(&self, said: &str) -> Option<&'static ActionDecl> {
        self.actions.iter().find(|a| crate::case::same_word(said, a.name))
    }

    /// How that verb is recorded; `None` where the kind does not have it. Actions are always recorded each.
    #[must_use]
    pub fn recorded(&self, verb: Verb) -> Option<RecordClass> {
        if verb == Verb::Invoke {
            return (!self.actions.is_empty()).then_some(RecordClass::Each);
        }
        self.verbs.iter().find(|(v, _)| *v == verb).map(|(_, class)| *class)
    }

    /// Whether the kind has that verb.
    #[must_use]
    pub fn has(&self, verb: Verb) -> bool {
        self.recorded(verb).is_some()
    }

    /// The type name of generated code: `Offer`.
    #[must_use]
    pub fn type_name(&self) -> String {
        pascal(self.name)
    }
}

impl FieldDecl {
    /// The name in JSON, XSD and forms.
    #[must_use]
    pub fn camel(&self) -> String {
        camel(self.name)
    }

    /// What it holds where nobody sets it.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        if self.default.is_empty() { None } else { read_scalar(&self.ty, self.default).ok() }
    }
}

/// The declaration with that name among `fields`; hyphens, underscores and case do not matter.
pub(crate) fn find_named<'a>(
    mut fields: impl Iterator<Item = &'a FieldDecl> + Clone,
    said: &str,
) -> Option<&'a FieldDecl> {
    fields.clone().find(|f| f.name == said).or_else(|| fields.find(|f| crate::case::same_word(said, f.name)))
}

/// The fields every kind has: numbers 1 to 9.
pub mod common {
    use super::{FieldDecl, Type};

    /// Our identifier, a ULID.
    pub const ID: FieldDecl =
        FieldDecl::new(1, "id", Type::Text { max: 26 }, "Identifier given by the gateway: a ULID.");
    /// The name: the index.
    pub const NAME: FieldDecl = FieldDecl::new(
        2,
        "name",
        Type::Text { max: 64 },
        "Unique in its tenant, chosen by its maker or given; never changed.",
    )
    .create_only();
    /// The index of kinds with nothing to name.
    pub const SEQUENCE: FieldDecl = FieldDecl::new(
        2,
        "sequence",
        Type::U64 { meter: super::Meter::Gauge },
        "Position in its log, without gaps, from 0.",
    );
    /// Free text for people.
    pub const LABEL: FieldDecl = FieldDecl::new(3, "label", Type::Text { max: 255 }, "Free text for people.").write();
    /// Changes with every change.
    pub const REVISION: FieldDecl = FieldDecl::new(
        4,
        "revision",
        Type::U64 { meter: super::Meter::Gauge },
        "Grows with every change; the entity tag.",
    );
    /// When it was made.
    pub const CREATED_AT: FieldDecl = FieldDecl::new(5, "created-at", Type::Time, "When it was made.");
    /// When it was last changed.
    pub const UPDATED_AT: FieldDecl = FieldDecl::new(6, "updated-at", Type::Time, "When it was last changed.");
    /// Who made it.
    pub const CREATED_BY: FieldDecl =
        FieldDecl::new(7, "created-by", Type::Text { max: 97 }, "The principal who made it; @ his tenant, if another.");

    /// The common fields of a kind indexed by name.
    pub const NAMED: &[FieldDecl] = &[ID, NAME, LABEL, REVISION, CREATED_AT, UPDATED_AT, CREATED_BY];
    /// The common fields of a kind indexed by sequence.
    pub const SEQUENCED: &[FieldDecl] = &[ID, SEQUENCE, CREATED_AT];
}
