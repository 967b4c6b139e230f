//! One JSON value to one scalar of a declared type, to the letter of the contract.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strowger_primitive::{Any, EnumDecl, Secret, Time, Type, Value, camel, read_scalar};

use super::place::is_camel;
use super::token::{Bad, Reader, Sort};

/// Reads one scalar and takes it either way. The inner error says what it must be.
pub(super) fn read(reader: &mut Reader<'_>, ty: &Type) -> Result<Result<Value, String>, Bad> {
    let value = match (reader.peek()?, ty) {
        (Sort::Bool, Type::Bool) => Some(Value::Bool(reader.bool()?)),
        (Sort::Number, Type::I32 { .. } | Type::U32 { .. } | Type::Duration { .. }) => {
            whole(reader.number()?).and_then(|n| integer(ty, n))
        }
        (
            Sort::Text,
            Type::Enum(_)
            | Type::U64 { .. }
            | Type::Decimal { .. }
            | Type::Text { .. }
            | Type::Bytes { .. }
            | Type::Time
            | Type::Ref(_)
            | Type::Secret { .. },
        ) => text(ty, &reader.text()?),
        (Sort::Null | Sort::Bool | Sort::Number | Sort::Text | Sort::List | Sort::Object, _) => {
            reader.skip()?;
            None
        }
    };
    Ok(value.ok_or_else(|| expected(ty)))
}

/// The scalar a JSON string stands for.
pub(super) fn text(ty: &Type, text: &str) -> Option<Value> {
    match ty {
        Type::Enum(decl) => decl.values.iter().find(|v| is_camel(text, v.name)).map(|v| Value::Enum(v.number)),
        Type::U64 { .. } => plain_digits(text).then(|| text.parse().ok().map(Value::Uint)).flatten(),
        Type::Decimal { .. } => read_scalar(ty, text).ok(),
        Type::Text { .. } | Type::Ref(_) => {
            Some(Value::Text(if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }))
        }
        Type::Bytes { .. } => STANDARD.decode(text).ok().map(|octets| Value::Bytes(octets.into())),
        Type::Time => Time::parse(text).ok().map(Value::Time),
        Type::Secret { .. } => Some(Value::Secret(Secret::new(text))),
        Type::Bool
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::Duration { .. }
        | Type::List { .. }
        | Type::Rows { .. }
        | Type::Map { .. }
        | Type::Any { .. } => None,
    }
}

/// `n` as a value of an integer type that can hold it. Its bounds are not judged here.
pub(super) fn integer(ty: &Type, n: i128) -> Option<Value> {
    if matches!(ty, Type::I32 { .. }) {
        i32::try_from(n).ok().map(Value::Int)
    } else {
        u64::try_from(n).ok().map(Value::Uint)
    }
}

/// What a value of that type must be.
pub(super) fn expected(ty: &Type) -> String {
    match ty {
        Type::Bool => "must be true or false".to_owned(),
        Type::Enum(decl) => one_of(decl),
        Type::I32 { min, max } => format!("must be a whole number from {min} to {max}"),
        Type::U32 { min, max, .. } => format!("must be a whole number from {min} to {max}"),
        Type::Duration { max } => format!("must be a whole number from 0 to {max}"),
        Type::U64 { .. } => format!("must be a string of digits, a whole number from 0 to {}", u64::MAX),
        Type::Decimal { scale } => format!("must be a string, a number with at most {scale} digits after the point"),
        Type::Text { .. } | Type::Secret { .. } => "must be a string".to_owned(),
        Type::Bytes { .. } => "must be a string in base64".to_owned(),
        Type::Time => "must be a string, a time as 2026-11-24T12:00:03.000Z (RFC 3339)".to_owned(),
        Type::Ref(kind) => format!("must be a string, the name of a {kind}"),
        Type::List { .. } => "must be an array".to_owned(),
        Type::Rows { .. } => "must be an array of objects".to_owned(),
        Type::Map { .. } => "must be an object of strings".to_owned(),
        Type::Any { max } => format!("must be JSON, at most {} deep and {max} octets", Any::DEEPEST),
    }
}

fn one_of(decl: &EnumDecl) -> String {
    let names: Vec<_> = decl.values.iter().map(|v| camel(v.name)).collect();
    format!("must be one of {}", names.join(", "))
}

/// The whole number a JSON number is: `5`, and also `5.0` and `5e0`, which JSON Schema calls integers too.
pub(super) fn whole(number: &str) -> Option<i128> {
    if let Ok(n) = number.parse() {
        return Some(n);
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (digits, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let unscaled: i128 = format!("{digits}{fraction}").parse().ok()?;
    if unscaled == 0 {
        return Some(0);
    }
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scale = 10i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 { unscaled.checked_mul(scale) } else { (unscaled % scale == 0).then_some(unscaled / scale) }
}

/// Digits as the contract's pattern has them: no sign, no leading zeros.
fn plain_digits(text: &str) -> bool {
    text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_whole() {
        for (text, n) in [("5", 5), ("-0", 0), ("5.0", 5), ("1e2", 100), ("120e-1", 12), ("1.5E1", 15), ("0e99999", 0)]
        {
            assert_eq!(whole(text), Some(n), "{text}");
        }
        for text in ["1.5", "1e-1", "1e99999", "1e40", "99999999999999999999999999999999999999999"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_contracts_digits_are_taken() {
        assert!(plain_digits("0") && plain_digits("10"));
        assert!(!plain_digits("01") && !plain_digits("+1") && !plain_digits("-1") && !plain_digits("1.0"));
    }
}
