//! Values as they are said, read by their type: scalars, `a&b`, `a&&b`, `"k=v"&"k=v"`, `{NO=1,A=2}&{..}`, JSON.

use std::collections::BTreeMap;

use strowger_primitive::{
    FieldDecl, Fields, Flaw, Inner, Name, Path, Place, Rows, Text, Type, Value, common, read_scalar, same_word, upper,
};

use crate::json;
use crate::near::near;
use crate::reading::MOST_FLAWS;
use crate::shown::misleads;
use crate::syntax::{Named, Said};

/// Reads what was said of a field; `None` where that is null or flawed.
pub(crate) fn read(field: &FieldDecl, said: &Said<'_>, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let at = Path::whole(field.number);
    let value = typed(&field.ty, said, &at, flaws).filter(|v| !v.is_null())?;
    // The name of a new thing has a grammar of its own.
    if field.number == common::NAME.number
        && field.name == common::NAME.name
        && let Some(Err(error)) = value.as_text().map(|name| Name::check(name))
    {
        return flaw(at, error.to_string(), flaws);
    }
    Some(value)
}

/// Reads one scalar; of a list, one element.
pub(crate) fn element(field: &FieldDecl, said: &Said<'_>, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let ty = if let Type::List { of, .. } = &field.ty { of } else { &field.ty };
    scalar(ty, said, &Path::whole(field.number), flaws).filter(|v| !v.is_null())
}

/// A scalar's text as it was said.
pub(crate) fn plain<'s>(said: &'s Said<'_>) -> Option<&'s str> {
    match said {
        Said::Word(word) => Some(word),
        Said::Quoted(text) => Some(text),
        Said::Null | Said::Set(_) | Said::Range(..) | Said::Record(_) => None,
    }
}

/// What a type takes, for people: `a whole number from 1 to 100`.
pub(crate) fn expected(ty: &Type) -> String {
    let octets = |max: &u32| format!("at most {max} octets");
    match ty {
        Type::Bool => "TRUE or FALSE".to_owned(),
        Type::Enum(decl) => {
            let words: Vec<_> = decl.values.iter().map(|v| upper(v.name)).collect();
            format!("one of {}", words.join(", "))
        }
        Type::I32 { min, max } => format!("a whole number from {min} to {max}"),
        Type::U32 { min, max, .. } => format!("a whole number from {min} to {max}"),
        Type::U64 { .. } => format!("a whole number from 0 to {}", u64::MAX),
        Type::Decimal { scale } => format!("a number with at most {scale} digits after the point"),
        Type::Text { max } => format!("text of {}", octets(max)),
        Type::Bytes { max } => format!("{}, in hexadecimal as H'0AFF", octets(max)),
        Type::Time => "a time as \"2026-11-24T12:00:03Z\"".to_owned(),
        Type::Duration { max } => format!("a whole number from 0 to {max}, or one with d, h, m or s"),
        Type::Ref(kind) => format!("the name of one {}", upper(kind)),
        Type::Secret { max } => format!("a secret of {}", octets(max)),
        Type::List { of, max } => format!("a&b&c, at most {max}, each {}", expected(of)),
        Type::Rows { max, .. } => format!("records {{NO=1,A=b}}&{{NO=2,A=c}}, at most {max}"),
        Type::Map { max, .. } => format!("\"name=value\"&\"name=value\", at most {max}"),
        Type::Any { max } => format!("JSON in a string, {}", octets(max)),
    }
}

fn typed(ty: &Type, said: &Said<'_>, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    if matches!(said, Said::Null) {
        return None;
    }
    match ty {
        Type::List { of, max } => list(of, *max, said, at, flaws),
        Type::Map { max, .. } => map(*max, ty, said, at, flaws),
        Type::Rows { of, max } => rows(of, *max, said, at, flaws),
        Type::Any { max } => {
            let Some(text) = plain(said) else { return wrong(ty, at, flaws) };
            match json::read(text, *max as usize) {
                Ok(any) => Some(Value::Any(Box::new(any))),
                Err(why) => flaw(at.clone(), why, flaws),
            }
        }
        Type::Bool
        | Type::Enum(_)
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Text { .. }
        | Type::Bytes { .. }
        | Type::Time
        | Type::Duration { .. }
        | Type::Ref(_)
        | Type::Secret { .. } => scalar(ty, said, at, flaws),
    }
}

fn scalar(ty: &Type, said: &Said<'_>, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let text = match said {
        Said::Null => return None,
        Said::Word(_) | Said::Quoted(_) | Said::Set(_) | Said::Range(..) | Said::Record(_) => plain(said),
    };
    // The reader's own words repeat the value, and a value may be a secret in the wrong place.
    let Some(Ok(value)) = text.map(|text| read_scalar(ty, text)) else { return wrong(ty, at, flaws) };
    match outside(ty, &value) {
        false => Some(value),
        true => wrong(ty, at, flaws),
    }
}

/// Whether a value of the type is out of its bounds, so that one fault names every offending field.
fn outside(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::I32 { min, max }, Value::Int(n)) => !(min..=max).contains(&n),
        (Type::U32 { min, max, .. }, Value::Uint(n)) => !(u64::from(*min)..=u64::from(*max)).contains(n),
        (Type::Duration { max }, Value::Uint(n)) => *n > u64::from(*max),
        (Type::Text { max }, Value::Text(text)) => text.len() > *max as usize,
        (Type::Secret { max }, Value::Secret(secret)) => secret.expose().len() > *max as usize,
        (Type::Bytes { max }, Value::Bytes(bytes)) => bytes.len() > *max as usize,
        (Type::Ref(_), Value::Text(name)) => !name.is_empty() && Name::check(name).is_err(),
        _ => false,
    }
}

fn list(of: &Type, max: u32, said: &Said<'_>, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let most = max as usize;
    let mut values = Vec::new();
    for part in parts(said) {
        if let Said::Range(from, to) = part {
            match range(of, from, to, most) {
                Ok(more) => values.extend(more),
                Err(why) => return flaw(at.clone(), why, flaws),
            }
        } else {
            let index = u32::try_from(values.len()).unwrap_or(u32::MAX);
            let inner = if at.inner == Inner::Whole { Inner::Element(index) } else { at.inner.clone() };
            let before = flaws.len();
            let value = scalar(of, part, &Path { field: at.field, inner: inner.clone() }, flaws);
            match value.filter(|v| !v.is_null()) {
                Some(value) => values.push(value),
                None if flaws.len() > before => {}
                None => return flaw(Path { field: at.field, inner }, "an element cannot be null", flaws),
            }
        }
        if values.len() > most {
            return flaw(at.clone(), format!("must have at most {max} elements"), flaws);
        }
    }
    Some(Value::List(values))
}

/// `3&&7` is 3, 4, 5, 6, 7.
fn range(of: &Type, from: &str, to: &str, most: usize) -> Result<Vec<Value>, String> {
    let whole = matches!(of, Type::I32 { .. } | Type::U32 { .. } | Type::U64 { .. } | Type::Duration { .. });
    let (Ok(first), Ok(last)) = (from.parse::<i128>(), to.parse::<i128>()) else {
        return Err("a range is of whole numbers, as 3&&7".to_owned());
    };
    if !whole || first > last {
        return Err("a range is of whole numbers, the smaller one first, as 3&&7".to_owned());
    }
    if usize::try_from(last - first).map_or(true, |more| more >= most) {
        return Err(format!("must have at most {most} elements"));
    }
    (first..=last)
        .map(|n| read_scalar(of, &n.to_string()).ok().filter(|v| !outside(of, v)))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("each must be {}", expected(of)))
}

fn map(max: u32, ty: &Type, said: &Said<'_>, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let mut map: BTreeMap<Text, Text> = BTreeMap::new();
    for part in parts(said) {
        let Some((key, value)) = plain(part).and_then(|text| text.split_once('=')) else { return wrong(ty, at, flaws) };
        if map.insert(key.into(), value.into()).is_some() {
            let inner = if at.inner == Inner::Whole { Inner::Key(shown(key)) } else { at.inner.clone() };
            flaws.push(Flaw { place: Place::Field(Path { field: at.field, inner }), why: "is said twice".to_owned() });
        }
        if map.len() > max as usize {
            return flaw(at.clone(), format!("must have at most {max} entries"), flaws);
        }
    }
    Some(Value::Map(map))
}

/// A key, fit to be told back: short, on one line.
fn shown(key: &str) -> Text {
    let short: String = key.chars().take(64).map(|c| if misleads(c) { '?' } else { c }).collect();
    short.into()
}

fn rows(of: &[FieldDecl], max: u32, said: &Said<'_>, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    let mut rows = Rows::new();
    for part in parts(said) {
        let Said::Record(named) = part else {
            return flaw(at.clone(), "expected records, as {NO=1,A=b}&{NO=2,A=c}", flaws);
        };
        let next = rows.last_key_value().map_or(1, |(no, _)| no.saturating_add(1));
        let Some(no) = number(named, next) else {
            return flaw(at.clone(), format!("NO is a whole number from 1 to {}", u32::MAX), flaws);
        };
        let fields = row(of, no, named, at, flaws);
        if rows.insert(no, fields).is_some() {
            let path = Path { field: at.field, inner: Inner::Row(no) };
            flaws.push(Flaw { place: Place::Field(path), why: "is said twice".to_owned() });
        }
        if rows.len() > max as usize {
            return flaw(at.clone(), format!("must have at most {max} records"), flaws);
        }
    }
    Some(Value::Rows(rows))
}

/// The number of a record: as said, else the one behind the last.
fn number(named: &[Named<'_>], next: u32) -> Option<u32> {
    match named.iter().find(|n| n.name.eq_ignore_ascii_case("NO")) {
        Some(no) => plain(&no.said).and_then(|text| text.parse().ok()).filter(|no| *no > 0),
        None => Some(next),
    }
}

fn row(of: &[FieldDecl], no: u32, named: &[Named<'_>], at: &Path, flaws: &mut Vec<Flaw>) -> Fields {
    let mut fields = Fields::default();
    let mut seen: Vec<&str> = Vec::new();
    for Named { name, said } in named {
        if flaws.len() >= MOST_FLAWS {
            break;
        }
        let known = of.iter().find(|f| same_word(name, f.name));
        let canonical = known.map_or("no", |f| f.name);
        if known.is_none() && !name.eq_ignore_ascii_case("NO") {
            let words: Vec<String> = of.iter().map(|f| upper(f.name)).collect();
            let hint = near(name, words.iter().map(String::as_str));
            let why = hint.map_or_else(
                || format!("no such subfield; there are NO, {}", words.join(", ")),
                |w| format!("no such subfield; did you mean {w}?"),
            );
            flaws.push(Flaw { place: Place::Unknown(crate::near::cut(name)), why });
        } else if seen.contains(&canonical) {
            let path = Path { field: at.field, inner: Inner::Row(no) };
            flaws.push(Flaw { place: Place::Field(path), why: format!("{} is said twice", upper(canonical)) });
        } else if let Some(sub) = known {
            let path = Path { field: at.field, inner: Inner::Cell(no, sub.number) };
            if let Some(value) = typed(&sub.ty, said, &path, flaws) {
                fields.put(sub.number, value);
            }
        }
        seen.push(canonical);
    }
    fields
}

/// The elements of a set; what is no set is the only one.
fn parts<'s, 'a>(said: &'s Said<'a>) -> &'s [Said<'a>] {
    if let Said::Set(parts) = said { parts } else { std::slice::from_ref(said) }
}

fn wrong(ty: &Type, at: &Path, flaws: &mut Vec<Flaw>) -> Option<Value> {
    flaw(at.clone(), format!("must be {}", expected(ty)), flaws)
}

fn flaw(at: Path, why: impl Into<String>, flaws: &mut Vec<Flaw>) -> Option<Value> {
    flaws.push(Flaw { place: Place::Field(at), why: why.into() });
    None
}
