//! CSV (RFC 4180): a line of names, then a line for each record.

use std::io::Write;

use strowger_kinds::record;
use strowger_primitive::{Document, FieldDecl, Log, Store, Value, print_scalar};

use super::ExportError;
use crate::stored::{each, read_record};
use crate::verify::Told;

/// Writes all records of a log as CSV; how many. It is for reading: only JSON lines can be verified.
///
/// # Errors
/// [`ExportError`].
pub fn csv(store: &dyn Store, log: Log, out: &mut dyn Write, told: &mut Told<'_>) -> Result<u64, ExportError> {
    let names: Vec<String> = record::DECL.fields().map(FieldDecl::camel).collect();
    let mut line = names.join(",");
    line.push_str("\r\n");
    out.write_all(line.as_bytes())?;
    let end = store.log_end(log);
    let mut count = 0;
    each(store, log, 0, end, &mut |sequence, stored| {
        let record = read_record(stored).map_err(|source| ExportError::Record { sequence, source })?;
        line.clear();
        write_row(&record, &mut line);
        out.write_all(line.as_bytes())?;
        count += 1;
        told(sequence + 1, end);
        Ok::<_, ExportError>(true)
    })?;
    out.flush()?;
    Ok(count)
}

/// Writes the line of one record.
pub(crate) fn write_row(record: &Document, line: &mut String) {
    for (i, field) in record::DECL.fields().enumerate() {
        if i > 0 {
            line.push(',');
        }
        if let Some(value) = record.fields.get(field) {
            write_cell(&printed(field, value), line);
        }
    }
    line.push_str("\r\n");
}

/// A record's fields are scalars and lists of text.
fn printed(field: &FieldDecl, value: &Value) -> String {
    match value {
        Value::List(list) => list.iter().filter_map(Value::as_text).map(|t| &**t).collect::<Vec<_>>().join(" "),
        Value::Bool(_)
        | Value::Enum(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Time(_)
        | Value::Secret(_)
        | Value::Rows(_)
        | Value::Map(_)
        | Value::Any(_)
        | Value::Raw(_) => print_scalar(&field.ty, value),
    }
}

/// Spreadsheets run what begins like a formula, and much of a record was said by strangers: such text gets an
/// apostrophe in front.
fn write_cell(text: &str, line: &mut String) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if !formula && !text.contains([',', '"', '\r', '\n']) {
        line.push_str(text);
        return;
    }
    line.push('"');
    if formula {
        line.push('\'');
    }
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_and_never_formulas() {
        for (text, cell) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            let mut line = String::new();
            write_cell(text, &mut line);
            assert_eq!(line, cell);
        }
    }
}
