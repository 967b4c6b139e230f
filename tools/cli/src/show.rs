//! Answers for people: a table of many, a list of one's fields.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use strowger_kinds::record;
use strowger_primitive::{Access, FieldDecl, KindDecl, Type, common};
use strowger_speech::escaped;

use crate::exit::Failure;
use crate::say::{harmless, result, say};

/// More columns than this are no table.
const COLUMNS: usize = 7;

/// What a log is read for: when who did what, through which door, and what came of it.
const LOG: [&FieldDecl; 10] = [
    &common::SEQUENCE,
    &common::CREATED_AT,
    &record::PROTOCOL,
    &record::PRINCIPAL,
    &record::ABOUT_TENANT,
    &record::OPERATION,
    &record::KIND,
    &record::OBJECT,
    &record::OUTCOME,
    &record::MESSAGE,
];

/// The gateway's JSON, untouched.
pub(crate) fn raw(octets: &[u8]) -> Result<(), Failure> {
    result(|out| {
        out.write_all(octets)?;
        Ok(out.write_all(b"\n")?)
    })
}

/// Everything of one.
pub(crate) fn one(body: &Value) -> Result<(), Failure> {
    let mut table = plain();
    for (name, value) in body.as_object().into_iter().flatten() {
        table.add_row([name.clone(), lines(value)]);
    }
    say(table)
}

/// Many, by the fields that tell most.
pub(crate) fn table(kind: &'static KindDecl, items: &[Value]) -> Result<(), Failure> {
    let columns = columns(kind, items);
    let mut table = plain();
    table.set_header(columns.iter().map(|column| column.to_uppercase()));
    for item in items {
        table.add_row(columns.iter().map(|column| item.get(column).map(lines).unwrap_or_default()));
    }
    say(table)?;
    say(format_args!("{} {}", items.len(), if items.len() == 1 { kind.name } else { kind.plural }))
}

/// An empty table of ours.
pub(crate) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn columns(kind: &'static KindDecl, items: &[Value]) -> Vec<String> {
    let held = |column: &String| items.iter().any(|item| item.get(column).is_some());
    if kind.number == record::DECL.number {
        return LOG.iter().map(|field| field.camel()).filter(held).collect();
    }
    let own = kind.fields().filter(|f| f.number >= 10 && tells(f)).map(FieldDecl::camel);
    std::iter::once("name".to_owned()).chain(own.filter(held)).take(COLUMNS).collect()
}

fn tells(field: &FieldDecl) -> bool {
    let small = match field.ty {
        Type::Bool | Type::Enum(_) | Type::I32 { .. } | Type::U32 { .. } | Type::U64 { .. } => true,
        Type::Decimal { .. } | Type::Time | Type::Duration { .. } | Type::Ref(_) => true,
        Type::Text { max } => max <= 255,
        Type::Bytes { .. } | Type::Secret { .. } | Type::List { .. } | Type::Rows { .. } => false,
        Type::Map { .. } | Type::Any { .. } => false,
    };
    small && field.access != Access::WriteOnly
}

/// A value in words, a line for each part.
fn lines(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(list) => list.iter().map(inline).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => map.iter().map(pair).collect::<Vec<_>>().join("\n"),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) => map.iter().map(pair).collect::<Vec<_>>().join(", "),
        Value::Array(list) => list.iter().map(inline).collect::<Vec<_>>().join("&"),
        Value::String(text) => escaped(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn pair((key, value): (&String, &Value)) -> String {
    format!("{}={}", escaped(key), inline(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_wrote_does_nothing_to_the_terminal() {
        assert_eq!(lines(&json!("one\ntwo\u{9b}2J\u{202e}")), "one\ntwo\\u{9b}2J\\u{202e}");
        assert_eq!(lines(&json!(["a\nb", "c"])), "a\\u{a}b\nc");
        assert_eq!(lines(&json!({"\u{1b}": {"a\n": ["b\t"]}, "c": 7})), "\\u{1b}=a\\u{a}=b\\u{9}\nc=7");
    }
}
