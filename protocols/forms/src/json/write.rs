//! Documents as JSON, written straight into the answer.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strowger_primitive::{Any, Document, EnumDecl, FieldDecl, Fields, Page, Rows, Type, Value};

use super::place::put_camel;

/// Writes a document without what is `hidden`; with `select`, only those fields and the index. What is null, empty,
/// never read or of a newer release is left out.
pub fn write_document(document: &Document, hidden: &[u16], select: Option<&[u16]>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for field in document.kind.fields() {
        let wanted = field.number <= 2 || select.is_none_or(|numbers| numbers.contains(&field.number));
        if wanted && field.readable() && !hidden.contains(&field.number) {
            member(field, &document.fields, &mut first, out);
        }
    }
    out.push(b'}');
}

/// Writes the fields of a declared list: what an action gives back.
pub fn write_fields(declared: &[FieldDecl], fields: &Fields, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for field in declared.iter().filter(|f| f.readable()) {
        member(field, fields, &mut first, out);
    }
    out.push(b'}');
}

/// Writes a page: `{"items":[..],"next":"cursor"}`, without `next` at the end.
pub fn write_page(page: &Page, select: Option<&[u16]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"items\":[");
    for (i, document) in page.documents.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_document(document, &page.hidden, select, out);
    }
    out.push(b']');
    if let Some(next) = &page.next {
        out.extend_from_slice(b",\"next\":");
        write_text(&next.0, out);
    }
    out.push(b'}');
}

/// Writes a string with its quotes. Control characters are escaped, everything else stays UTF-8.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (special, after) = special.split_first().map_or((0, special), |(b, after)| (*b, after));
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => print(out, format_args!("\\u{control:04x}")),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes one scalar of that type.
pub(crate) fn write_scalar(ty: &Type, value: &Value, out: &mut Vec<u8>) {
    put(ty, value, out);
}

fn member(field: &FieldDecl, fields: &Fields, first: &mut bool, out: &mut Vec<u8>) {
    let Some(value) = fields.get(field) else { return };
    let absent = match value {
        Value::List(list) => list.is_empty(),
        Value::Rows(rows) => rows.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Secret(_) | Value::Raw(_) => true,
        Value::Bool(_) | Value::Enum(_) | Value::Int(_) | Value::Uint(_) | Value::Decimal(_) => false,
        Value::Text(_) | Value::Bytes(_) | Value::Time(_) | Value::Any(_) => false,
    };
    if absent {
        return;
    }
    if !std::mem::take(first) {
        out.push(b',');
    }
    out.push(b'"');
    put_camel(field.name, out);
    out.extend_from_slice(b"\":");
    put(&field.ty, value, out);
}

fn put(ty: &Type, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Enum(n) => choice(ty, *n, out),
        Value::Int(n) => integer(n.unsigned_abs().into(), *n < 0, out),
        Value::Uint(n) if matches!(ty, Type::U64 { .. }) => {
            out.push(b'"');
            integer(*n, false, out);
            out.push(b'"');
        }
        Value::Uint(n) => integer(*n, false, out),
        Value::Decimal(mantissa) => decimal(*mantissa, if let Type::Decimal { scale } = ty { *scale } else { 0 }, out),
        Value::Text(text) => write_text(text, out),
        Value::Time(time) => print(out, format_args!("\"{time}\"")),
        Value::Bytes(octets) => base64(octets, out),
        Value::List(list) => {
            let of = if let Type::List { of, .. } = ty { of } else { ty };
            out.push(b'[');
            for (i, element) in list.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put(of, element, out);
            }
            out.push(b']');
        }
        Value::Rows(rows) => put_rows(ty, rows, out),
        Value::Map(map) => {
            out.push(b'{');
            for (i, (key, text)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write_text(text, out);
            }
            out.push(b'}');
        }
        Value::Any(any) => put_any(any, out),
        Value::Secret(_) | Value::Raw(_) => out.extend_from_slice(b"null"),
    }
}

fn put_rows(ty: &Type, rows: &Rows, out: &mut Vec<u8>) {
    let of = if let Type::Rows { of, .. } = ty { *of } else { &[] };
    out.push(b'[');
    for (i, (no, row)) in rows.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",{\"no\":" } else { b"{\"no\":" });
        integer((*no).into(), false, out);
        let mut first = false;
        for field in of.iter().filter(|f| f.readable()) {
            member(field, row, &mut first, out);
        }
        out.push(b'}');
    }
    out.push(b']');
}

fn put_any(any: &Any, out: &mut Vec<u8>) {
    match any {
        Any::Null => out.extend_from_slice(b"null"),
        Any::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Any::Int(n) => print(out, format_args!("{n}")),
        // Debug, not Display: it keeps the point, so that a float reads back as one, and writes large ones short.
        Any::Float(float) if float.is_finite() => print(out, format_args!("{float:?}")),
        Any::Float(_) => out.extend_from_slice(b"null"),
        Any::Text(text) => write_text(text, out),
        Any::List(list) => {
            out.push(b'[');
            for (i, element) in list.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put_any(element, out);
            }
            out.push(b']');
        }
        Any::Map(map) => {
            out.push(b'{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                put_any(value, out);
            }
            out.push(b'}');
        }
    }
}

/// The word of an enumeration's value; a number that a newer release wrote stands for itself.
fn choice(ty: &Type, number: u32, out: &mut Vec<u8>) {
    let decl: Option<&EnumDecl> = if let Type::Enum(decl) = ty { Some(decl) } else { None };
    out.push(b'"');
    match decl.and_then(|d| d.name_of(number)) {
        Some(name) => put_camel(name, out),
        None => integer(number.into(), false, out),
    }
    out.push(b'"');
}

fn integer(mut n: u64, negative: bool, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
        used += 1;
        if n == 0 {
            break;
        }
    }
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

fn decimal(mantissa: i64, scale: u8, out: &mut Vec<u8>) {
    let sign = if mantissa < 0 { "-" } else { "" };
    let mantissa = mantissa.unsigned_abs();
    match 10u64.checked_pow(scale.into()) {
        Some(unit) if scale > 0 => {
            let (whole, fraction, width) = (mantissa / unit, mantissa % unit, usize::from(scale));
            print(out, format_args!("\"{sign}{whole}.{fraction:0width$}\""));
        }
        Some(_) | None => print(out, format_args!("\"{sign}{mantissa}\"")),
    }
}

fn base64(octets: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + octets.len().div_ceil(3) * 4, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let written = STANDARD.encode_slice(octets, room).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A vector takes everything.
    let _infallible = out.write_fmt(text);
}
