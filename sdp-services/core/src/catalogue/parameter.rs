//! Parameters of an offer, and the values an order gives them.

use std::collections::BTreeMap;

use strowger_kinds::offer::{self, parameter};
use strowger_primitive::{Document, Fields, Text, Value};

/// One parameter, read from its offer.
pub(crate) struct Parameter<'a> {
    pub(crate) key: &'a str,
    takes: Takes,
    required: bool,
    default: Option<&'a Text>,
    minimum: Option<i32>,
    maximum: Option<i32>,
    choices: &'a [Value],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Integer,
    Boolean,
    /// A newer release wrote it.
    Unknown,
}

impl<'a> Parameter<'a> {
    pub(crate) fn of(row: &'a Fields) -> Self {
        let bound = |field| if let Some(Value::Int(n)) = row.get(field) { Some(*n) } else { None };
        Self {
            key: row.text(&parameter::NAME).map_or("", |t| &**t),
            takes: match row.choice(&parameter::TYPE) {
                None | Some(1) => Takes::Text,
                Some(2) => Takes::Integer,
                Some(3) => Takes::Boolean,
                Some(_) => Takes::Unknown,
            },
            required: row.bool(&parameter::REQUIRED).unwrap_or(false),
            default: row.text(&parameter::DEFAULT),
            minimum: bound(&parameter::MINIMUM),
            maximum: bound(&parameter::MAXIMUM),
            choices: row.list(&parameter::CHOICES),
        }
    }

    /// What is wrong with the declaration itself, by the number of the subfield.
    pub(crate) fn flaws(&self) -> Vec<(u16, String)> {
        let mut flaws = Vec::new();
        if let (Some(minimum), Some(maximum)) = (self.minimum, self.maximum)
            && minimum > maximum
        {
            flaws.push((parameter::MAXIMUM.number, format!("must not be less than the minimum, {minimum}")));
        }
        for (field, bound) in [(&parameter::MINIMUM, self.minimum), (&parameter::MAXIMUM, self.maximum)] {
            match (self.takes, bound) {
                (Takes::Text, Some(..0)) => flaws.push((field.number, "a length is 0 or more".to_owned())),
                (Takes::Boolean, Some(_)) => flaws.push((field.number, "a boolean has no bounds".to_owned())),
                (Takes::Text | Takes::Integer | Takes::Boolean | Takes::Unknown, _) => {}
            }
        }
        for choice in self.choices.iter().filter_map(Value::as_text) {
            if let Some(why) = self.outside(choice) {
                flaws.push((parameter::CHOICES.number, format!("{choice:?}: {why}")));
            }
        }
        if let Some(why) = self.default.and_then(|default| self.flaw(default)) {
            flaws.push((parameter::DEFAULT.number, why));
        }
        flaws
    }

    /// What is wrong with a value.
    fn flaw(&self, value: &str) -> Option<String> {
        self.outside(value).or_else(|| {
            let texts: Vec<&str> = self.choices.iter().filter_map(Value::as_text).map(|t| &**t).collect();
            (!texts.is_empty() && !texts.contains(&value)).then(|| format!("must be one of {}", texts.join(", ")))
        })
    }

    /// What is wrong with a value, choices apart.
    fn outside(&self, value: &str) -> Option<String> {
        let measured = match self.takes {
            Takes::Text => i64::try_from(value.len()).unwrap_or(i64::MAX),
            Takes::Integer => match value.parse() {
                Ok(n) => n,
                Err(_) => return Some("must be a whole number".to_owned()),
            },
            Takes::Boolean if matches!(value, "true" | "false") => return None,
            Takes::Boolean => return Some("must be true or false".to_owned()),
            Takes::Unknown => return Some("is of a type this release does not know".to_owned()),
        };
        let what = if self.takes == Takes::Text { "octets" } else { "" };
        let said = |text: String| Some(format!("{text} {what}").trim_end().to_owned());
        match (self.minimum.map(i64::from), self.maximum.map(i64::from)) {
            (Some(min), _) if measured < min => said(format!("must be at least {min}")),
            (_, Some(max)) if measured > max => said(format!("must be at most {max}")),
            (Some(_) | None, Some(_) | None) => None,
        }
    }
}

/// The values a service of `offer` gets: what the order gives, else the default, else nothing.
///
/// # Errors
/// Everything wrong with what is given: the parameter and why.
pub(crate) fn values(
    offer: &Document,
    given: &BTreeMap<Text, Text>,
) -> Result<BTreeMap<Text, Text>, Vec<(Text, String)>> {
    let mut flaws = Vec::new();
    let mut values = BTreeMap::new();
    let rows = offer.fields.rows(&offer::PARAMETERS);
    let declared: Vec<Parameter<'_>> = rows.into_iter().flat_map(|rows| rows.values()).map(Parameter::of).collect();
    for (key, value) in given {
        match declared.iter().find(|p| *p.key == **key) {
            None => flaws.push((key.clone(), unknown(key, &declared))),
            Some(parameter) => match parameter.flaw(value) {
                Some(why) => flaws.push((key.clone(), why)),
                None => drop(values.insert(key.clone(), value.clone())),
            },
        }
    }
    for parameter in declared.iter().filter(|p| !given.contains_key(p.key)) {
        match parameter.default {
            _ if parameter.required => flaws.push((parameter.key.into(), "is required".to_owned())),
            Some(default) => drop(values.insert(parameter.key.into(), default.clone())),
            None => {}
        }
    }
    if flaws.is_empty() { Ok(values) } else { Err(flaws) }
}

fn unknown(key: &str, declared: &[Parameter<'_>]) -> String {
    let keys: Vec<&str> = declared.iter().map(|p| p.key).collect();
    match keys.as_slice() {
        [] => format!("the offer has no parameter {key:?}, and no other"),
        keys => format!("the offer has no parameter {key:?}; it has {}", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(rows: &[&[(u16, Value)]]) -> Document {
        let mut offer = Document::new(&offer::DECL);
        let rows = (1..).zip(rows).map(|(no, row)| (no, row.iter().cloned().collect())).collect();
        offer.fields.set(&offer::PARAMETERS, Value::Rows(rows));
        offer
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<Text, Text> {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    }

    #[test]
    fn values_are_given_defaulted_or_refused() {
        let offer = offer(&[
            &[(2, text("greeting")), (3, Value::Enum(1)), (5, text("hello")), (7, Value::Int(8))],
            &[(2, text("size")), (3, Value::Enum(2)), (4, Value::Bool(true)), (6, Value::Int(1)), (7, Value::Int(9))],
            &[(2, text("loud")), (3, Value::Enum(3))],
            &[(2, text("colour")), (8, Value::List(vec![text("red"), text("blue")]))],
        ]);
        let good = values(&offer, &given(&[("size", "9"), ("loud", "true"), ("colour", "red")]));
        assert_eq!(good, Ok(given(&[("greeting", "hello"), ("size", "9"), ("loud", "true"), ("colour", "red")])));
        let wrong = [("greeting", "far too long"), ("loud", "yes"), ("colour", "green"), ("speed", "1")];
        let flaws = values(&offer, &given(&wrong)).unwrap_err();
        assert_eq!(
            flaws.iter().map(|(key, _)| &**key).collect::<Vec<_>>(),
            ["colour", "greeting", "loud", "speed", "size"]
        );
        for size in ["0", "10", "1.5", "", "99999999999999999999"] {
            assert_eq!(values(&offer, &given(&[("size", size)])).unwrap_err().len(), 1, "{size}");
        }
    }

    #[test]
    fn a_declaration_must_satisfy_itself() {
        let places = |row: &[(u16, Value)]| -> Vec<u16> {
            Parameter::of(&row.iter().cloned().collect()).flaws().into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(places(&[(2, text("a")), (3, Value::Enum(2)), (5, text("7")), (6, Value::Int(7))]), []);
        assert_eq!(places(&[(2, text("a")), (6, Value::Int(3)), (7, Value::Int(2))]), [7]);
        assert_eq!(places(&[(2, text("a")), (6, Value::Int(-1))]), [6]);
        assert_eq!(places(&[(2, text("a")), (3, Value::Enum(3)), (7, Value::Int(1))]), [7]);
        assert_eq!(places(&[(2, text("a")), (3, Value::Enum(2)), (5, text("x"))]), [5]);
        let choices = Value::List(vec![text("1"), text("x")]);
        assert_eq!(places(&[(2, text("a")), (3, Value::Enum(2)), (5, text("2")), (8, choices)]), [8, 5]);
    }
}
