//! Scalars as people and forms write them: one reading and one printing for MML, the CLI, queries and cursors.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::{Secret, Time, Type, Value};

/// Why a text is no value of its type; says what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadScalar(pub String);

impl std::fmt::Display for BadScalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadScalar {}

/// Reads one scalar. Bounds are [`check_fields`](crate::check_fields)' to judge.
///
/// # Errors
/// [`BadScalar`] where the text is no such value.
pub fn read_scalar(ty: &Type, text: &str) -> Result<Value, BadScalar> {
    let bad = |expected: &str| BadScalar(format!("expected {expected}, not {:?}", short(text)));
    match ty {
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(bad("true or false")),
        },
        Type::Enum(decl) => decl.number_of(text).map(Value::Enum).ok_or_else(|| {
            let names: Vec<_> = decl.values.iter().map(|v| v.name).collect();
            bad(&format!("one of {}", names.join(", ")))
        }),
        Type::I32 { .. } => text.parse().map(Value::Int).map_err(|_| bad("a whole number")),
        Type::U32 { .. } | Type::U64 { .. } => {
            text.parse().map(Value::Uint).map_err(|_| bad("a whole number from 0 to 18446744073709551615"))
        }
        Type::Duration { .. } => duration(text).ok_or_else(|| bad("a whole number, or one with d, h, m or s")),
        Type::Decimal { scale } => decimal(text, *scale)
            .map(Value::Decimal)
            .ok_or_else(|| bad(&format!("a number with at most {scale} digits after the point"))),
        Type::Text { .. } | Type::Ref(_) => Ok(Value::Text(text.into())),
        Type::Secret { .. } => Ok(Value::Secret(Secret::new(text))),
        Type::Time => Time::parse(text).map(Value::Time).map_err(|e| BadScalar(e.to_string())),
        Type::Bytes { .. } => hex(text.strip_prefix("H'").or_else(|| text.strip_prefix("h'")).unwrap_or(text))
            .map(Value::Bytes)
            .ok_or_else(|| bad("an even number of hexadecimal digits, as H'0AFF")),
        Type::List { .. } | Type::Rows { .. } | Type::Map { .. } | Type::Any { .. } => Err(bad("a scalar")),
    }
}

/// Prints one scalar so that [`read_scalar`] gives it back. Secrets print as `*****`.
#[must_use]
pub fn print_scalar(ty: &Type, value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Enum(n) => match ty {
            Type::Enum(decl) => decl.name_of(*n).map_or_else(|| n.to_string(), str::to_owned),
            Type::Bool | Type::I32 { .. } | Type::U32 { .. } | Type::U64 { .. } | Type::Decimal { .. } => n.to_string(),
            Type::Text { .. } | Type::Bytes { .. } | Type::Time | Type::Duration { .. } => n.to_string(),
            Type::Ref(_) | Type::Secret { .. } | Type::List { .. } => n.to_string(),
            Type::Rows { .. } | Type::Map { .. } | Type::Any { .. } => n.to_string(),
        },
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Decimal(mantissa) => print_decimal(*mantissa, if let Type::Decimal { scale } = ty { *scale } else { 0 }),
        Value::Text(text) => text.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Secret(_) => "*****".to_owned(),
        Value::Bytes(bytes) | Value::Raw(bytes) => bytes.iter().fold(String::from("H'"), |mut out, b| {
            let _infallible = write!(out, "{b:02X}");
            out
        }),
        Value::List(_) | Value::Rows(_) | Value::Map(_) | Value::Any(_) => String::new(),
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// `90`, or with a unit for people: `2h`, `30m`, `90s`, `1d`. Units count as seconds, so they fit fields in seconds.
fn duration(text: &str) -> Option<Value> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'd' => (text.get(..text.len() - 1)?, 86_400),
        b'h' => (text.get(..text.len() - 1)?, 3_600),
        b'm' => (text.get(..text.len() - 1)?, 60),
        b's' => (text.get(..text.len() - 1)?, 1),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).map(Value::Uint)
}

fn decimal(text: &str, scale: u8) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > usize::from(scale) {
        return None;
    }
    if digits.contains('.') && fraction.is_empty() {
        return None;
    }
    let padding = usize::from(scale) - fraction.len();
    let all = format!("{}{whole}{fraction}{}", if negative { "-" } else { "" }, "0".repeat(padding));
    all.parse().ok()
}

fn print_decimal(mantissa: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if mantissa < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn hex(text: &str) -> Option<Arc<[u8]>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()))
        .collect::<Option<Vec<u8>>>()
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Choice, EnumDecl, Meter};

    static STATES: EnumDecl =
        EnumDecl { name: "state", open: true, values: &[Choice { number: 2, name: "in-progress", doc: "" }] };

    #[test]
    fn scalars_read_back() {
        let types: [(Type, &str, &str); 10] = [
            (Type::Bool, "TRUE", "true"),
            (Type::Enum(&STATES), "IN_PROGRESS", "in-progress"),
            (Type::I32 { min: -9, max: 9 }, "-5", "-5"),
            (Type::U64 { meter: Meter::Gauge }, "18446744073709551615", "18446744073709551615"),
            (Type::Duration { max: 9000 }, "2h", "7200"),
            (Type::Decimal { scale: 2 }, "-0.5", "-0.50"),
            (Type::Decimal { scale: 0 }, "12", "12"),
            (Type::Text { max: 9 }, "a b", "a b"),
            (Type::Time, "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.000Z"),
            (Type::Bytes { max: 4 }, "H'0aFf", "H'0AFF"),
        ];
        for (ty, said, printed) in types {
            let value = read_scalar(&ty, said);
            assert_eq!(value.as_ref().map(|v| print_scalar(&ty, v)).as_deref(), Ok(printed), "{said}");
            assert_eq!(value, read_scalar(&ty, printed), "{printed}");
        }
    }

    #[test]
    fn what_is_no_value_says_what_is_expected() {
        for (ty, said) in [
            (Type::Bool, "yes"),
            (Type::Enum(&STATES), "done"),
            (Type::I32 { min: 0, max: 1 }, "2147483648"),
            (Type::U64 { meter: Meter::Counter }, "-1"),
            (Type::Decimal { scale: 2 }, "1.234"),
            (Type::Decimal { scale: 2 }, "1."),
            (Type::Decimal { scale: 2 }, ".5"),
            (Type::Decimal { scale: 0 }, "99999999999999999999"),
            (Type::Duration { max: 1 }, "h"),
            (Type::Bytes { max: 4 }, "H'0"),
            (Type::Bytes { max: 4 }, "H'+F"),
            (Type::Time, "noon"),
        ] {
            assert!(read_scalar(&ty, said).is_err(), "{said}");
        }
    }
}
