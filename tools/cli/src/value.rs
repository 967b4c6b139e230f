//! What is typed on the command line, as the JSON that the door reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use strowger_primitive::{FieldDecl, Shape, Type, Value, camel, print_scalar, read_scalar, same_word};

use crate::exit::Failure;

/// The values said for one field, each time its flag was given.
pub(crate) fn field(field: &FieldDecl, said: &[String]) -> Result<Json, Failure> {
    match field.ty.shape() {
        Shape::List(of) => said.iter().map(|one| scalar(field.name, of, one)).collect(),
        Shape::Map => {
            let pairs = said.iter().flat_map(|one| one.split('\n')).map(|one| pair(field.name, one));
            Ok(Json::Object(pairs.collect::<Result<Map<_, _>, _>>()?))
        }
        Shape::Rows(of) => {
            let mut rows = Vec::new();
            for one in said {
                let row = record(field.name, of, one)?;
                match row.as_array() {
                    Some(more) => rows.extend(more.iter().cloned()),
                    None => rows.push(row),
                }
            }
            Ok(Json::Array(rows))
        }
        Shape::Scalar | Shape::Any => match said {
            [one] => scalar(field.name, &field.ty, one),
            [] | [_, ..] => Err(Failure::usage(format!("--{} is given once", field.name))),
        },
    }
}

fn scalar(name: &str, ty: &Type, said: &str) -> Result<Json, Failure> {
    let wrong = |why: String| Failure::usage(format!("--{name}: {why}"));
    match ty {
        Type::Secret { .. } => {
            let text = match said.strip_prefix('@') {
                Some(path) => file(name, path)?.trim_end_matches(['\r', '\n']).to_owned(),
                None if said.is_empty() || said == "-" => crate::secret::ask(&format!("{name}: "))?,
                None => {
                    return Err(wrong(
                        "a secret on the command line is seen by others: give @FILE, or nothing and type it".to_owned(),
                    ));
                }
            };
            Ok(Json::String(text))
        }
        Type::Text { .. } => Ok(Json::String(match said.strip_prefix('@') {
            Some(path) => file(name, path)?,
            None => said.to_owned(),
        })),
        Type::Bytes { .. } => match said.strip_prefix('@') {
            Some(path) => {
                let octets = std::fs::read(path).map_err(|error| wrong(format!("{path}: {error}")))?;
                Ok(Json::String(STANDARD.encode(octets)))
            }
            None => Ok(Json::String(said.to_owned())),
        },
        Type::Any { .. } => {
            let text = match said.strip_prefix('@') {
                Some(path) => file(name, path)?,
                None => said.to_owned(),
            };
            serde_json::from_str(&text).map_err(|error| wrong(format!("expected JSON: {error}")))
        }
        Type::List { .. } | Type::Rows { .. } | Type::Map { .. } => {
            Err(wrong("a list within a record is given as JSON".to_owned()))
        }
        Type::Bool
        | Type::Enum(_)
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::U64 { .. }
        | Type::Decimal { .. }
        | Type::Time
        | Type::Duration { .. }
        | Type::Ref(_) => {
            let value = read_scalar(ty, said).map_err(|error| wrong(error.to_string()))?;
            Ok(json_of(ty, &value))
        }
    }
}

/// A scalar as JSON says it: 64-bit numbers and decimals are strings.
fn json_of(ty: &Type, value: &Value) -> Json {
    match (ty, value) {
        (_, Value::Bool(b)) => Json::Bool(*b),
        (_, Value::Int(n)) => Json::from(*n),
        (Type::U64 { .. }, Value::Uint(n)) => Json::String(n.to_string()),
        (_, Value::Uint(n)) => Json::from(*n),
        (Type::Enum(decl), Value::Enum(n)) => Json::String(camel(decl.name_of(*n).unwrap_or_default())),
        _ => Json::String(print_scalar(ty, value)),
    }
}

fn pair(name: &str, said: &str) -> Result<(String, Json), Failure> {
    match said.split_once('=') {
        Some((key, value)) => match value.strip_prefix('@') {
            Some(path) => Ok((key.to_owned(), Json::String(file(name, path)?))),
            None => Ok((key.to_owned(), Json::String(value.to_owned()))),
        },
        None => Err(Failure::usage(format!("--{name}: expected key=value, not {said:?}"))),
    }
}

/// `no=1,offer=hello`, or JSON, or a file of JSON.
fn record(name: &str, of: &'static [FieldDecl], said: &str) -> Result<Json, Failure> {
    let text = match said.strip_prefix('@') {
        Some(path) => file(name, path)?,
        None => said.to_owned(),
    };
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(&text).map_err(|e| Failure::usage(format!("--{name}: expected JSON: {e}")));
    }
    let mut row = Map::new();
    for part in text.split(',') {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Failure::usage(format!("--{name}: expected no=1,field=value or JSON, not {part:?}")));
        };
        if key.trim() == "no" {
            let no: u32 = value.trim().parse().map_err(|_| Failure::usage(format!("--{name}: no is a number")))?;
            row.insert("no".to_owned(), Json::from(no));
            continue;
        }
        let Some(sub) = of.iter().find(|f| same_word(key.trim(), f.name)) else {
            let known: Vec<_> = of.iter().map(|f| f.name).collect();
            return Err(Failure::usage(format!("--{name}: no field {key:?}; there are no, {}", known.join(", "))));
        };
        row.insert(camel(sub.name), field(sub, &value.split('&').map(str::to_owned).collect::<Vec<_>>())?);
    }
    Ok(Json::Object(row))
}

fn file(name: &str, path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("--{name}: {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use strowger_kinds::{credential, offer, order, tenant};

    fn said(field_: &FieldDecl, texts: &[&str]) -> Result<Json, Failure> {
        field(field_, &texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn each_type_becomes_its_json() {
        assert_eq!(said(&tenant::STATE, &["SUSPENDED"]), Ok(json!("suspended")));
        assert_eq!(said(&order::PARAMETERS, &["a=1", "b=x=y"]), Ok(json!({"a": "1", "b": "x=y"})));
        assert_eq!(
            said(&order::ITEMS, &["no=2,act=add,offer=hello", "{\"offer\":\"x\"}"]),
            Ok(json!([{"no": 2, "act": "add", "offer": "hello"}, {"offer": "x"}]))
        );
        assert_eq!(
            said(&offer::COMPONENTS, &["key=web,executable=strowger,arguments=sample-app&--port,memory-limit=7"]),
            Ok(
                json!([{"key": "web", "executable": "strowger", "arguments": ["sample-app", "--port"], "memoryLimit": "7"}])
            )
        );
    }

    #[test]
    fn what_is_wrong_names_the_flag() {
        for (field, said_) in [
            (&tenant::STATE, "gone"),
            (&order::PARAMETERS, "greeting"),
            (&order::ITEMS, "ofer=hello"),
            (&order::ITEMS, "{"),
            (&credential::SECRET, "plain-to-see"),
        ] {
            let failure = said(field, &[said_]).unwrap_err();
            assert_eq!(failure.code, crate::exit::USAGE);
            assert!(failure.text.starts_with(&format!("--{}: ", field.name)), "{failure}");
        }
        assert!(said(&tenant::STATE, &["active", "active"]).is_err());
    }
}
