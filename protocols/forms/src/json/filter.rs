//! What a list is filtered and sorted by, from the query of a URL.

use strowger_primitive::{FieldDecl, Filter, Name, Type, Value};

use super::scalar;

/// Whether a list may be filtered by that field: scalars that can be read, and lists of them.
#[must_use]
pub fn filterable(field: &FieldDecl) -> bool {
    field.readable() && field.ty.filterable()
}

/// The longest value to filter by, in characters: it stands in a URL, which has room for little more.
pub const LONGEST_FILTER: u32 = 1_024;

/// Reads `?field=text`: as JSON writes the value, without quotes; empty text asks for those that hold none.
///
/// # Errors
/// What the value must be.
pub fn read_filter(field: &'static FieldDecl, text: &str) -> Result<Filter, String> {
    if !filterable(field) {
        return Err("is nothing to filter by".to_owned());
    }
    if text.is_empty() {
        return Ok(Filter { field, value: None });
    }
    if text.chars().nth(LONGEST_FILTER as usize).is_some() {
        return Err(format!("is longer than {LONGEST_FILTER} characters, the most to filter by"));
    }
    let ty = if let Type::List { of, .. } = &field.ty { of } else { &field.ty };
    let value = match ty {
        Type::Bool => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::I32 { .. } | Type::U32 { .. } | Type::Duration { .. } => {
            text.parse().ok().and_then(|n| scalar::integer(ty, n))
        }
        Type::Enum(_)
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Text { .. }
        | Type::Bytes { .. }
        | Type::Time
        | Type::Ref(_)
        | Type::Secret { .. }
        | Type::List { .. }
        | Type::Rows { .. }
        | Type::Map { .. }
        | Type::Any { .. } => scalar::text(ty, text),
    };
    value
        .filter(|value| within(ty, value))
        .map(|value| Filter { field, value: Some(value) })
        .ok_or_else(|| scalar::expected(ty))
}

/// Whether a field of that type could hold the value at all.
fn within(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::I32 { min, max }, Value::Int(n)) => (min..=max).contains(&n),
        (Type::U32 { min, max, .. }, Value::Uint(n)) => (u64::from(*min)..=u64::from(*max)).contains(n),
        (Type::Duration { max }, Value::Uint(n)) => *n <= u64::from(*max),
        (Type::Text { max }, Value::Text(text)) => text.len() <= *max as usize,
        (Type::Bytes { max }, Value::Bytes(octets)) => octets.len() <= *max as usize,
        (Type::Ref(_), Value::Text(text)) => Name::check(text).is_ok(),
        _ => true,
    }
}
