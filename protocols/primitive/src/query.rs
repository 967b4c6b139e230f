//! Lists: which ones, in what order, how many, from where.

use crate::{FieldDecl, KindDecl, Text, Value};

/// A list asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Of what.
    pub kind: &'static KindDecl,
    /// Those whose fields hold exactly these values.
    pub filters: Vec<Filter>,
    /// In this order; empty: by name as SNMP orders them, or by sequence.
    pub sort: Vec<Order>,
    /// At most so many.
    pub limit: u32,
    /// From behind this place.
    pub cursor: Option<Cursor>,
}

impl Query {
    /// How many a page holds where nobody says.
    pub const LIMIT: u32 = 100;
    /// The most a page holds.
    pub const MOST: u32 = 1_000;

    /// The first page of all.
    #[must_use]
    pub fn all(kind: &'static KindDecl) -> Self {
        Self { kind, filters: Vec::new(), sort: Vec::new(), limit: Self::LIMIT, cursor: None }
    }
}

/// Those whose field holds exactly this value; of a list, as one of its elements.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The field.
    pub field: &'static FieldDecl,
    /// The value; `None`: those that hold none.
    pub value: Option<Value>,
}

/// One key of an order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// The field.
    pub field: &'static FieldDecl,
    /// Largest first.
    pub descending: bool,
}

/// A place in a list, given out with a page and taken back unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Text);
