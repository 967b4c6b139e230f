//! What came of a command, as lines: `NAME  =  value` of one thing, a table of many.

use strowger_primitive::{
    Access, Document, FieldDecl, Fields, Inner, KindDecl, Outcome, Page, Path, Shown, Type, Value, common,
    print_scalar, upper,
};

use crate::json;
use crate::print::literal;
use crate::token::quote;

/// Most columns of a table; what has more is shown one below the other.
const MOST_COLUMNS: usize = 10;

/// How lines begin that are a report's frame, not its body: whoever reads by lines must not take a text for one.
const FRAMES: [&str; 7] = ["+++", "---", "%%", "RETCODE", "PROGRESS", "NOTICE", "To be continued"];

/// The lines of a report's body.
#[derive(Default)]
pub(crate) struct Body {
    /// Repeated at the top of each report it is split over.
    pub(crate) head: Vec<String>,
    pub(crate) lines: Vec<String>,
    /// Things shown; `None` where it shows no things.
    pub(crate) results: Option<u64>,
}

/// The body of an outcome; of documents only `fields`, where there are any.
pub(crate) fn body(outcome: &Outcome, fields: &[&'static FieldDecl]) -> Body {
    match outcome {
        Outcome::Done => Body::default(),
        Outcome::Document(shown) | Outcome::Created(shown) | Outcome::Accepted(shown) => one(shown, fields),
        Outcome::Page(page) => many(page, fields),
        Outcome::Reply(payload) => {
            let mut lines = Vec::new();
            pairs(payload.action.output.iter(), &payload.fields, &mut lines);
            Body { lines: aligned(lines), ..Body::default() }
        }
        Outcome::Session(session) => {
            let principal = session.principal();
            let lines = vec![
                ("PRINCIPAL".to_owned(), principal.name.to_string()),
                ("TENANT".to_owned(), principal.tenant.to_string()),
            ];
            Body { lines: aligned(lines), ..Body::default() }
        }
    }
}

fn one(shown: &Shown, fields: &[&'static FieldDecl]) -> Body {
    let document = &shown.document;
    let mut lines = Vec::new();
    pairs(visible(document.kind, &shown.hidden, fields).into_iter(), &document.fields, &mut lines);
    Body { head: titled(&title(document)), lines: aligned(lines), results: Some(1) }
}

fn many(page: &Page, fields: &[&'static FieldDecl]) -> Body {
    let results = Some(u64::try_from(page.documents.len()).unwrap_or(u64::MAX));
    let usual = usual(page.kind);
    let columns = visible(page.kind, &page.hidden, if fields.is_empty() { &usual } else { fields });
    if page.documents.is_empty() {
        return Body { results, ..Body::default() };
    }
    if columns.len() > MOST_COLUMNS {
        let mut lines = Vec::new();
        for document in &page.documents {
            let mut block = Vec::new();
            pairs(columns.iter().copied(), &document.fields, &mut block);
            lines.extend(titled(&title(document)));
            lines.extend(aligned(block));
            lines.push(String::new());
        }
        lines.pop();
        return Body { head: Vec::new(), lines, results };
    }
    let names: Vec<String> = columns.iter().map(|f| upper(f.name)).collect();
    let rows = page.documents.iter().map(|d| {
        columns.iter().map(|f| d.fields.get(f).map_or_else(String::new, |v| cell(&f.ty, v))).collect::<Vec<_>>()
    });
    let (head, lines) = table(&names, rows.collect()).unwrap_or_default();
    Body { head, lines, results }
}

/// A table: its heading with a rule below, and its lines. No columns, no table.
pub(crate) fn table(names: &[String], rows: Vec<Vec<String>>) -> Option<(Vec<String>, Vec<String>)> {
    let mut widths: Vec<usize> = names.iter().map(|n| n.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = line(names);
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * widths.len().checked_sub(1)?);
    Some((vec![heading, rule], rows.iter().map(|row| line(row)).collect()))
}

/// `NAME  =  value`, the signs below each other.
pub(crate) fn aligned(pairs: Vec<(String, String)>) -> Vec<String> {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    pairs.into_iter().map(|(name, value)| format!("{name:<width$}  =  {value}")).collect()
}

/// What a list shows where nobody says: short fields, but those that only the gateway is interested in.
fn usual(kind: &'static KindDecl) -> Vec<&'static FieldDecl> {
    let ours = [common::ID.number, common::REVISION.number, common::UPDATED_AT.number, common::CREATED_BY.number];
    let named = kind.indexed == strowger_primitive::Indexed::Name;
    let short = |ty: &Type| match ty {
        Type::Text { max } => *max <= 255,
        Type::Bool
        | Type::Enum(_)
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Time
        | Type::Duration { .. }
        | Type::Ref(_)
        | Type::List { .. } => true,
        Type::Bytes { .. } | Type::Secret { .. } | Type::Rows { .. } | Type::Map { .. } | Type::Any { .. } => false,
    };
    kind.fields()
        .filter(|f| short(&f.ty) && !(named && (ours.contains(&f.number) || f.number == common::CREATED_AT.number)))
        .collect()
}

fn visible(kind: &'static KindDecl, hidden: &[u16], fields: &[&'static FieldDecl]) -> Vec<&'static FieldDecl> {
    let chosen: Vec<&'static FieldDecl> = if fields.is_empty() { kind.fields().collect() } else { fields.to_vec() };
    chosen.into_iter().filter(|f| f.access != Access::WriteOnly && !hidden.contains(&f.number)).collect()
}

fn title(document: &Document) -> String {
    let index = document.fields.at(common::NAME.number).map(|v| print_scalar(&common::NAME.ty, v));
    format!("{} {}", upper(document.kind.name), index.unwrap_or_default()).trim_end().to_owned()
}

fn titled(title: &str) -> Vec<String> {
    vec![title.to_owned(), "-".repeat(title.chars().count())]
}

/// Every value there is, under the name a fault would give its place: `ITEMS.1.OFFER`.
fn pairs<'a>(declared: impl Iterator<Item = &'a FieldDecl>, fields: &Fields, out: &mut Vec<(String, String)>) {
    for field in declared {
        let Some(value) = fields.get(field) else { continue };
        match (&field.ty, value) {
            (Type::Map { .. }, Value::Map(map)) => {
                out.extend(
                    map.iter().map(|(key, text)| (format!("{}.{}", upper(field.name), escaped(key)), bare(text))),
                );
            }
            (Type::Rows { of, .. }, Value::Rows(rows)) => {
                for (no, row) in rows {
                    for (sub, value) in of.iter().filter_map(|s| row.get(s).map(|v| (s, v))) {
                        let path = Path { field: field.number, inner: Inner::Cell(*no, sub.number) };
                        out.push((path.print(&[std::slice::from_ref(field)], upper), cell(&sub.ty, value)));
                    }
                }
            }
            (ty, value) => out.push((upper(field.name), with_unit(cell(ty, value), field.unit))),
        }
    }
}

fn with_unit(value: String, unit: &str) -> String {
    if unit.is_empty() { value } else { format!("{value} {unit}") }
}

/// A value on one line: as it would be typed, but text without quotes where it cannot be misread.
fn cell(ty: &Type, value: &Value) -> String {
    match value {
        Value::Text(text) => bare(text),
        Value::Time(time) => time.to_string(),
        Value::Any(any) => {
            let mut out = String::new();
            json::print(any, &mut out);
            escaped(&out)
        }
        Value::Bool(_)
        | Value::Enum(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Decimal(_)
        | Value::Bytes(_)
        | Value::Secret(_)
        | Value::List(_)
        | Value::Rows(_)
        | Value::Map(_)
        | Value::Raw(_) => escaped(&literal(ty, value)),
    }
}

fn bare(text: &str) -> String {
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with('"')
        && !FRAMES.iter().any(|frame| text.starts_with(frame))
        && !text.chars().any(|c| misleads(c) || c == '\\');
    if plain { text.to_owned() } else { escaped(&quote(text)) }
}

/// Text as it may be shown on a terminal: with escapes for controls, and for what changes the order of a line.
#[must_use]
pub fn escaped(text: &str) -> String {
    if !text.chars().any(misleads) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if misleads(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Whether a character could move a terminal's cursor, as controls do, or show a line in another order than it is
/// written, as embeddings, overrides and isolates do (UAX #9 §2.1 to §2.5).
pub(crate) fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_frame() {
        for text in ["To be continued...", "RETCODE = 9", "---    END", "+++    A", "%%DSP ORDER:;%%", "NOTICE"] {
            assert_eq!(bare(text), quote(text));
        }
        assert_eq!(bare("to be continued"), "to be continued");
    }
}
