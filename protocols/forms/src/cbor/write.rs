//! Writing the stored form.

use strowger_primitive::{Any, Document, FieldDecl, Fields, Text, Type, Value};

use super::float;
use super::head::{ARRAY, DECIMAL_FRACTION, MAP, NEGATIVE, OCTETS, SIMPLE, TAG, TEXT, UNSIGNED, put};

/// Writes a document. Its kind is not in it: the place where it is kept tells.
pub fn write(document: &Document, out: &mut Vec<u8>) {
    fields(&document.fields, &|number| document.kind.field(number), out);
}

/// Writes the fields of a declared list, for what a room keeps for itself.
pub fn write_fields(declared: &'static [FieldDecl], values: &Fields, out: &mut Vec<u8>) {
    fields(values, &|number| declared.iter().find(|f| f.number == number), out);
}

fn fields(values: &Fields, declared: &dyn Fn(u16) -> Option<&'static FieldDecl>, out: &mut Vec<u8>) {
    put(MAP, values.iter().count() as u64, out);
    for (number, value) in values.iter() {
        put(UNSIGNED, number.into(), out);
        item(value, declared(number).map(|f| &f.ty), out);
    }
}

fn item(value: &Value, ty: Option<&Type>, out: &mut Vec<u8>) {
    match value {
        Value::Bool(b) => out.push(simple(if *b { 21 } else { 20 })),
        Value::Enum(n) => put(UNSIGNED, (*n).into(), out),
        Value::Int(n) => integer((*n).into(), out),
        Value::Uint(n) => put(UNSIGNED, *n, out),
        Value::Decimal(mantissa) => {
            let scale = if let Some(Type::Decimal { scale }) = ty { *scale } else { 0 };
            put(TAG, DECIMAL_FRACTION, out);
            put(ARRAY, 2, out);
            integer(-i128::from(scale), out);
            integer((*mantissa).into(), out);
        }
        Value::Text(text) => string(text, out),
        Value::Bytes(octets) => bytes(octets, out),
        Value::Time(time) => integer(time.0.into(), out),
        Value::Secret(secret) => bytes(secret.expose().as_bytes(), out),
        Value::List(list) => {
            let of = if let Some(Type::List { of, .. }) = ty { Some(*of) } else { None };
            put(ARRAY, list.len() as u64, out);
            for element in list {
                item(element, of, out);
            }
        }
        Value::Rows(rows) => {
            let of = if let Some(Type::Rows { of, .. }) = ty { *of } else { &[] };
            put(MAP, rows.len() as u64, out);
            for (no, row) in rows {
                put(UNSIGNED, (*no).into(), out);
                fields(row, &|number| of.iter().find(|f| f.number == number), out);
            }
        }
        Value::Map(map) => {
            put(MAP, map.len() as u64, out);
            // RFC 8949 §4.2.1: keys in the order of their encoded octets, so the shorter first.
            let mut entries: Vec<(&Text, &Text)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.len());
            for (key, text) in entries {
                string(key, out);
                string(text, out);
            }
        }
        Value::Any(value) => any(value, out),
        Value::Raw(octets) => out.extend_from_slice(octets),
    }
}

fn any(value: &Any, out: &mut Vec<u8>) {
    match value {
        Any::Null => out.push(simple(22)),
        Any::Bool(b) => out.push(simple(if *b { 21 } else { 20 })),
        Any::Int(n) => integer(*n, out),
        Any::Float(value) if value.is_finite() => float::put(*value, out),
        Any::Float(_) => out.push(simple(22)),
        Any::Text(text) => string(text, out),
        Any::List(list) => {
            put(ARRAY, list.len() as u64, out);
            for element in list {
                any(element, out);
            }
        }
        Any::Map(map) => {
            put(MAP, map.len() as u64, out);
            for (key, value) in map {
                string(key, out);
                any(value, out);
            }
        }
    }
}

fn simple(value: u8) -> u8 {
    SIMPLE << 5 | value
}

/// A whole number from -2^64 to 2^64-1; what is beyond is cut to the nearest.
fn integer(n: i128, out: &mut Vec<u8>) {
    if n < 0 {
        put(NEGATIVE, u64::try_from(-1 - n).unwrap_or(u64::MAX), out);
    } else {
        put(UNSIGNED, u64::try_from(n).unwrap_or(u64::MAX), out);
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    put(TEXT, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn bytes(octets: &[u8], out: &mut Vec<u8>) {
    put(OCTETS, octets.len() as u64, out);
    out.extend_from_slice(octets);
}
