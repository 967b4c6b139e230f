//! Types: bounds that make sense, what may stand in what, and what a type asks of its field.

use std::collections::{BTreeMap, BTreeSet};

use strowger_primitive::{Access, EnumDecl, FieldDecl, Meter, Name, Schema, Type, Value, read_scalar};

use super::names::{self, Names};
use super::{Broken, one_field, rising};

/// The enumerations met so far: one name, one declaration.
pub(super) type Words = BTreeMap<&'static str, Vec<(u32, &'static str)>>;

/// The longest column of SNMP, in octets; longer ones end walks with tooBig.
const COLUMN: u32 = 1_024;

pub(super) fn field(at: &str, field: &FieldDecl, schema: &Schema, words: &mut Words, broken: &mut Broken) {
    bounds(at, &field.ty, schema, words, broken);
    units(at, field, broken);
    default(at, field, broken);
    let secret = matches!(field.ty, Type::Secret { .. });
    if secret != (field.access == Access::WriteOnly) {
        broken.add(at, "a secret is write-only, and nothing else is");
    }
    let counter = matches!(field.ty, Type::U32 { meter: Meter::Counter, .. } | Type::U64 { meter: Meter::Counter });
    if counter && field.access != Access::Read {
        broken.add(at, "a counter is read: nobody writes Counter32 and Counter64");
    }
    if field.required && !field.creatable() {
        broken.add(at, "is required of a maker who may not set it");
    }
}

/// The records of a list: a child table, whose column 1 is `no`.
pub(super) fn subfields(at: &str, field: &FieldDecl, schema: &Schema, words: &mut Words, broken: &mut Broken) {
    let Type::Rows { of, .. } = field.ty else { return };
    let mut seen = Names::default();
    let mut before = 0;
    for sub in of {
        let at = format!("{at}.{}", sub.name);
        rising(&at, sub, &mut before, broken);
        match sub.number {
            0 | 1 => broken.add(&at, "numbers of subfields begin at 2: 1 is no"),
            100..=119 => broken.add(&at, "numbers 100 to 119 are SNMP's own columns"),
            2..=99 | 120.. => {}
        }
        names::subfield(&at, sub, &mut seen, broken);
        if matches!(sub.ty, Type::Rows { .. } | Type::Any { .. } | Type::Secret { .. }) {
            broken.add(&at, "a record holds scalars, lists and maps of text");
        }
        one_field(&at, sub, field.since, schema, words, broken);
    }
}

pub(super) fn argument(at: &str, field: &FieldDecl, out: bool, broken: &mut Broken) {
    if matches!(field.ty, Type::Rows { .. }) {
        broken.add(at, "an action takes and gives no list of records");
    }
    if out && field.required {
        broken.add(at, "nobody must bring what is given back");
    }
}

fn bounds(at: &str, ty: &Type, schema: &Schema, words: &mut Words, broken: &mut Broken) {
    match ty {
        Type::I32 { min, max } if min > max => broken.add(at, "no number is from min to max"),
        Type::U32 { min, max, .. } if min > max => broken.add(at, "no number is from min to max"),
        Type::Decimal { scale } if *scale > 18 => broken.add(at, "an i64 holds no more than 18 digits after the point"),
        Type::Text { max: 0 }
        | Type::Bytes { max: 0 }
        | Type::Secret { max: 0 }
        | Type::List { max: 0, .. }
        | Type::Rows { max: 0, .. }
        | Type::Map { max: 0, .. }
        | Type::Any { max: 0 } => broken.add(at, "can hold nothing"),
        Type::Bytes { max } if *max > COLUMN => {
            broken.add(at, format!("octets are at most {COLUMN}: SNMP has no segments for them"));
        }
        Type::Secret { max } if *max > COLUMN => {
            broken.add(at, format!("a secret is at most {COLUMN} octets: SNMP has no segments for it"));
        }
        Type::Enum(decl) => enumeration(at, decl, words, broken),
        Type::Ref(kind) if !schema.kinds().any(|k| k.name == *kind) => {
            broken.add(at, format!("there is no kind {kind}"));
        }
        Type::List { of, .. } => {
            if matches!(
                of,
                Type::List { .. } | Type::Rows { .. } | Type::Map { .. } | Type::Any { .. } | Type::Secret { .. }
            ) {
                broken.add(at, "a list is of scalars that can be read");
            }
            bounds(at, of, schema, words, broken);
        }
        Type::Rows { of: [], .. } => broken.add(at, "its records have no subfields"),
        Type::Bool
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Text { .. }
        | Type::Bytes { .. }
        | Type::Time
        | Type::Duration { .. }
        | Type::Ref(_)
        | Type::Secret { .. }
        | Type::Rows { .. }
        | Type::Map { .. }
        | Type::Any { .. } => {}
    }
}

fn enumeration(at: &str, decl: &EnumDecl, words: &mut Words, broken: &mut Broken) {
    let values: Vec<_> = decl.values.iter().map(|v| (v.number, v.name)).collect();
    match words.get(decl.name) {
        Some(known) if *known == values => return,
        Some(_) => broken.add(at, format!("another enumeration is named {} and has other values", decl.name)),
        None => drop(words.insert(decl.name, values)),
    }
    names::grammar(at, decl.name, broken);
    if decl.values.is_empty() {
        broken.add(at, format!("{} has no values", decl.name));
    }
    let mut numbers = BTreeSet::new();
    let mut seen = Names::default();
    for value in decl.values {
        let at = format!("{}.{}", decl.name, value.name);
        if value.number == 0 || value.number > i32::MAX.unsigned_abs() || !numbers.insert(value.number) {
            broken.add(&at, "numbers of values are from 1 to 2147483647 and used once");
        }
        names::choice(&at, value.name, &mut seen, broken);
        broken.doc(&at, value.doc);
    }
}

fn units(at: &str, field: &FieldDecl, broken: &mut Broken) {
    if matches!(field.ty, Type::Duration { .. }) && !matches!(field.unit, "s" | "ms") {
        broken.add(at, format!("a duration is in s or ms, not {:?}", field.unit));
    }
    if !field.unit.bytes().all(|b| b.is_ascii_graphic()) || field.unit.contains('"') {
        broken.add(at, "a unit is ASCII without spaces and quotes");
    }
}

fn default(at: &str, field: &FieldDecl, broken: &mut Broken) {
    if field.default.is_empty() {
        return;
    }
    if !field.creatable() {
        broken.add(at, "has a default that no maker leaves out");
    }
    let fits = match (&field.ty, read_scalar(&field.ty, field.default)) {
        (_, Err(_)) | (Type::Secret { .. }, _) => false,
        (Type::I32 { min, max }, Ok(Value::Int(n))) => (*min..=*max).contains(&n),
        (Type::U32 { min, max, .. }, Ok(Value::Uint(n))) => (u64::from(*min)..=u64::from(*max)).contains(&n),
        (Type::Duration { max }, Ok(Value::Uint(n))) => n <= u64::from(*max),
        (Type::Text { max }, Ok(Value::Text(text))) => text.len() <= *max as usize,
        (Type::Bytes { max }, Ok(Value::Bytes(octets))) => octets.len() <= *max as usize,
        (Type::Ref(_), Ok(Value::Text(name))) => Name::check(&name).is_ok(),
        (_, Ok(_)) => true,
    };
    if !fits {
        broken.add(at, format!("the default {:?} is no value of its type", field.default));
    }
}
