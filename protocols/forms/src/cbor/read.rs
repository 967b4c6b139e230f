//! Reading the stored form.

use std::collections::{BTreeMap, BTreeSet};

use strowger_primitive::{Any, Document, FieldDecl, Fields, KindDecl, Rows, Secret, Text, Time, Type, Value};

use super::float;
use super::head::{ARRAY, BadCbor, DECIMAL_FRACTION, Items, MAP, NEGATIVE, OCTETS, SIMPLE, TAG, TEXT, UNSIGNED};

/// Deepest nesting.
const DEEPEST: u32 = 32;

/// Reads a stored document of that kind.
///
/// # Errors
/// [`BadCbor`] where it is not the stored form, to the letter: cut, trailing, out of order, of another type.
pub fn read(kind: &'static KindDecl, bytes: &[u8]) -> Result<Document, BadCbor> {
    let fields = whole(bytes, &|number| kind.field(number))?;
    Ok(Document { kind, fields })
}

/// Reads the stored fields of a declared list.
///
/// # Errors
/// As [`read`].
pub fn read_fields(declared: &'static [FieldDecl], bytes: &[u8]) -> Result<Fields, BadCbor> {
    whole(bytes, &|number| declared.iter().find(|f| f.number == number))
}

type Declared<'d> = dyn Fn(u16) -> Option<&'static FieldDecl> + 'd;

fn whole(bytes: &[u8], declared: &Declared<'_>) -> Result<Fields, BadCbor> {
    let mut items = Items { bytes, at: 0 };
    let fields = fields(&mut items, declared)?;
    if items.at < bytes.len() { Err(items.bad("something behind the end")) } else { Ok(fields) }
}

fn fields(items: &mut Items<'_>, declared: &Declared<'_>) -> Result<Fields, BadCbor> {
    let mut fields = Fields::default();
    keys(items, &mut |items, number| {
        let number = u16::try_from(number).map_err(|_| items.bad("a field number above 65535"))?;
        let value = match declared(number) {
            Some(field) => value(items, &field.ty)?,
            None => raw(items)?,
        };
        fields.put(number, value);
        Ok(())
    })?;
    Ok(fields)
}

/// A map by number, whose keys must rise.
fn keys(
    items: &mut Items<'_>,
    each: &mut dyn FnMut(&mut Items<'_>, u64) -> Result<(), BadCbor>,
) -> Result<(), BadCbor> {
    let length = expect(items, MAP)?;
    let count = items.count(length, 2)?;
    let mut before = None;
    for _ in 0..count {
        let key = expect(items, UNSIGNED)?;
        if before.is_some_and(|before| before >= key) {
            return Err(items.bad("numbers that do not rise"));
        }
        before = Some(key);
        each(items, key)?;
    }
    Ok(())
}

fn value(items: &mut Items<'_>, ty: &Type) -> Result<Value, BadCbor> {
    Ok(match ty {
        Type::Bool => match expect(items, SIMPLE)? {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            _ => return Err(items.bad("true or false was expected")),
        },
        Type::Enum(_) => Value::Enum(number(items)?),
        Type::I32 { .. } => Value::Int(number(items)?),
        Type::U32 { .. } | Type::U64 { .. } | Type::Duration { .. } => Value::Uint(expect(items, UNSIGNED)?),
        Type::Decimal { scale } => {
            if expect(items, TAG)? != DECIMAL_FRACTION || expect(items, ARRAY)? != 2 {
                return Err(items.bad("a decimal fraction was expected"));
            }
            if integer(items)? != -i128::from(*scale) {
                return Err(items.bad("a decimal of another scale"));
            }
            Value::Decimal(number(items)?)
        }
        Type::Text { .. } | Type::Ref(_) => Value::Text(string(items)?.into()),
        Type::Bytes { .. } => Value::Bytes(octets(items)?.into()),
        Type::Secret { .. } => {
            let text = std::str::from_utf8(octets(items)?).map_err(|_| items.bad("a secret that is not UTF-8"))?;
            Value::Secret(Secret::new(text))
        }
        Type::Time => Value::Time(Time(number(items)?)),
        Type::List { of, .. } => {
            let length = expect(items, ARRAY)?;
            let count = items.count(length, 1)?;
            let mut list = Vec::with_capacity(count.min(64));
            for _ in 0..count {
                list.push(value(items, of)?);
            }
            Value::List(list)
        }
        Type::Rows { of, .. } => Value::Rows(rows(items, of)?),
        Type::Map { .. } => Value::Map(map(items)?),
        Type::Any { .. } => Value::Any(Box::new(any(items, 1)?)),
    })
}

fn rows(items: &mut Items<'_>, of: &'static [FieldDecl]) -> Result<Rows, BadCbor> {
    let mut rows = Rows::new();
    keys(items, &mut |items, no| {
        let no = u32::try_from(no).map_err(|_| items.bad("a number out of range"))?;
        rows.insert(no, fields(items, &|number| of.iter().find(|f| f.number == number))?);
        Ok(())
    })?;
    Ok(rows)
}

fn map(items: &mut Items<'_>) -> Result<BTreeMap<Text, Text>, BadCbor> {
    let length = expect(items, MAP)?;
    let count = items.count(length, 2)?;
    let mut map = BTreeMap::new();
    let mut before: Option<&str> = None;
    for _ in 0..count {
        let key = string(items)?;
        if before.is_some_and(|before| (before.len(), before) >= (key.len(), key)) {
            return Err(items.bad("keys that do not rise"));
        }
        before = Some(key);
        map.insert(key.into(), string(items)?.into());
    }
    Ok(map)
}

fn any(items: &mut Items<'_>, depth: u32) -> Result<Any, BadCbor> {
    if depth > DEEPEST {
        return Err(items.bad("nested too deep"));
    }
    let head = items.head()?;
    Ok(match head.major {
        UNSIGNED => Any::Int(head.argument.into()),
        NEGATIVE if head.argument <= i64::MAX.unsigned_abs() => Any::Int(-1 - i128::from(head.argument)),
        TEXT => Any::Text(items.text(head.argument)?.into()),
        ARRAY => {
            let count = items.count(head.argument, 1)?;
            let mut list = Vec::with_capacity(count.min(64));
            for _ in 0..count {
                list.push(any(items, depth + 1)?);
            }
            Any::List(list)
        }
        MAP => {
            let count = items.count(head.argument, 2)?;
            let mut map = Vec::with_capacity(count.min(64));
            let mut seen = BTreeSet::new();
            for _ in 0..count {
                let key = string(items)?;
                if !seen.insert(key) {
                    return Err(items.bad("a key twice"));
                }
                map.push((Text::from(key), any(items, depth + 1)?));
            }
            Any::Map(map)
        }
        SIMPLE => match head.info {
            20 => Any::Bool(false),
            21 => Any::Bool(true),
            22 => Any::Null,
            info => Any::Float(float::of(info, head.argument).ok_or_else(|| items.bad("no float we write"))?),
        },
        _ => return Err(items.bad("an item that JSON does not have")),
    })
}

/// One item of a newer release, as it is.
fn raw(items: &mut Items<'_>) -> Result<Value, BadCbor> {
    let start = items.at;
    pass(items, 1)?;
    Ok(Value::Raw(items.bytes.get(start..items.at).unwrap_or_default().into()))
}

fn pass(items: &mut Items<'_>, depth: u32) -> Result<(), BadCbor> {
    if depth > DEEPEST {
        return Err(items.bad("nested too deep"));
    }
    let head = items.head()?;
    match head.major {
        OCTETS => items.take(head.argument).map(drop),
        TEXT => items.text(head.argument).map(drop),
        ARRAY => {
            for _ in 0..items.count(head.argument, 1)? {
                pass(items, depth + 1)?;
            }
            Ok(())
        }
        MAP => {
            let mut seen = BTreeSet::new();
            for _ in 0..items.count(head.argument, 2)? {
                let key = items.at;
                pass(items, depth + 1)?;
                if !seen.insert(items.bytes.get(key..items.at)) {
                    return Err(items.bad("a key twice"));
                }
                pass(items, depth + 1)?;
            }
            Ok(())
        }
        TAG => pass(items, depth + 1),
        _ => Ok(()),
    }
}

/// The argument of the next item, which must be of that major type.
fn expect(items: &mut Items<'_>, major: u8) -> Result<u64, BadCbor> {
    let start = items.at;
    let head = items.head()?;
    if head.major != major || (major == SIMPLE && head.info > 24) {
        return Err(BadCbor { at: start, why: "an item of another type" });
    }
    Ok(head.argument)
}

fn integer(items: &mut Items<'_>) -> Result<i128, BadCbor> {
    let start = items.at;
    let head = items.head()?;
    match head.major {
        UNSIGNED => Ok(head.argument.into()),
        NEGATIVE => Ok(-1 - i128::from(head.argument)),
        _ => Err(BadCbor { at: start, why: "an item of another type" }),
    }
}

fn string<'a>(items: &mut Items<'a>) -> Result<&'a str, BadCbor> {
    let length = expect(items, TEXT)?;
    items.text(length)
}

fn octets<'a>(items: &mut Items<'a>) -> Result<&'a [u8], BadCbor> {
    let length = expect(items, OCTETS)?;
    items.take(length)
}

/// A whole number that fits its type.
fn number<T: TryFrom<i128>>(items: &mut Items<'_>) -> Result<T, BadCbor> {
    let n = integer(items)?;
    T::try_from(n).map_err(|_| items.bad("a number out of range"))
}
