//! Values and documents as they would be typed.

use strowger_primitive::{Document, FieldDecl, Type, Value, print_scalar, upper};

use crate::json;
use crate::token::quote;

/// A value as it is typed in a command. A secret is `"*****"`.
#[must_use]
pub fn literal(ty: &Type, value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Enum(_) => upper(&print_scalar(ty, value)),
        Value::Int(_) | Value::Uint(_) | Value::Decimal(_) | Value::Bytes(_) | Value::Raw(_) => print_scalar(ty, value),
        Value::Text(_) | Value::Time(_) | Value::Secret(_) => quote(&print_scalar(ty, value)),
        Value::List(list) if list.is_empty() => "NULL".to_owned(),
        Value::List(list) => {
            let of = if let Type::List { of, .. } = ty { of } else { ty };
            list.iter().map(|v| literal(of, v)).collect::<Vec<_>>().join("&")
        }
        Value::Map(map) if map.is_empty() => "NULL".to_owned(),
        Value::Map(map) => map.iter().map(|(k, v)| quote(&format!("{k}={v}"))).collect::<Vec<_>>().join("&"),
        Value::Rows(rows) if rows.is_empty() => "NULL".to_owned(),
        Value::Rows(rows) => {
            let of: &[FieldDecl] = if let Type::Rows { of, .. } = ty { of } else { &[] };
            let record = |no: &u32, fields: &strowger_primitive::Fields| {
                let mut out = format!("{{NO={no}");
                for (field, value) in of.iter().filter_map(|f| fields.get(f).map(|v| (f, v))) {
                    out.push(',');
                    out.push_str(&upper(field.name));
                    out.push('=');
                    out.push_str(&literal(&field.ty, value));
                }
                out.push('}');
                out
            };
            rows.iter().map(|(no, fields)| record(no, fields)).collect::<Vec<_>>().join("&")
        }
        Value::Any(any) => {
            let mut out = String::new();
            json::print(any, &mut out);
            quote(&out)
        }
    }
}

/// A command that makes the document again: all that a maker may say, but no secret, as nobody reads those.
///
/// ```
/// use strowger_primitive::{Document, common};
/// let mut order = Document::new(&strowger_kinds::order::DECL);
/// order.fields.set_text(&common::NAME, "demo-1");
/// order.fields.set_text(&strowger_kinds::order::OFFER, "hello");
/// assert_eq!(strowger_speech::print_create(&order), r#"ADD ORDER: NAME="demo-1", OFFER="hello";"#);
/// ```
#[must_use]
pub fn print_create(document: &Document) -> String {
    let mut out = format!("ADD {}:", upper(document.kind.name));
    let mut before = " ";
    for field in document.kind.fields().filter(|f| f.creatable() && f.readable()) {
        let Some(value) = document.fields.get(field) else { continue };
        out.push_str(before);
        out.push_str(&upper(field.name));
        out.push('=');
        out.push_str(&literal(&field.ty, &creatable(&field.ty, value)));
        before = ", ";
    }
    out.push(';');
    out
}

/// The value without the subfields that only the gateway sets.
fn creatable(ty: &Type, value: &Value) -> Value {
    let mut value = value.clone();
    if let (Type::Rows { of, .. }, Value::Rows(rows)) = (ty, &mut value) {
        for row in rows.values_mut() {
            for sub in of.iter().filter(|f| !f.creatable()) {
                drop(row.remove(sub.number));
            }
        }
    }
    value
}
