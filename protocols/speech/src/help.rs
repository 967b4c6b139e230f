//! Help at every level: all verbs, one verb, one kind, one command, one parameter.

use strowger_primitive::{Access, EnumDecl, FieldDecl, KindDecl, Schema, Type, upper};

use crate::example::example;
use crate::form::{Form, Parameter, Role, kind_named, verbs};
use crate::near::{near, unknown_kind, unknown_verb};
use crate::shown::table;
use crate::value::expected;

/// The text for `HLP words;`. Words that mean nothing get the nearest that do.
///
/// ```
/// let text = strowger_speech::help(&strowger_kinds::all(), &["ADD", "ORDER", "OFFER"]);
/// assert!(text.contains("the name of one OFFER"));
/// ```
#[must_use]
pub fn help(schema: &Schema, words: &[&str]) -> String {
    let lines = match *words {
        [] => all(schema),
        [word] => of_word(schema, word),
        [verb, object, ..] => match Form::find(schema, verb, Some(object)) {
            Ok(form) => words.get(2).map_or_else(|| of_form(form), |name| of_parameter(form, name)),
            Err(bad) => vec![bad.to_string()],
        },
    };
    lines.join("\n")
}

fn all(schema: &Schema) -> Vec<String> {
    let mut lines = vec!["A command is VERB KIND: NAME=value, NAME=value;".to_owned(), String::new()];
    let rows = verbs(schema).into_iter().map(|(word, doc)| vec![word, doc.to_owned()]).collect();
    lines.extend(rows_of(&["VERB", "WHAT IT DOES"], rows));
    lines.push(String::new());
    let kinds = schema.kinds().map(|k| vec![upper(k.name), k.doc.to_owned()]).collect();
    lines.extend(rows_of(&["KIND", "WHAT IT IS"], kinds));
    lines
}

/// One word: a verb, else a kind.
fn of_word(schema: &Schema, word: &str) -> Vec<String> {
    let forms: Vec<Form> = Form::all(schema).filter(|f| f.has_verb(word)).collect();
    match forms.as_slice() {
        [] => kind_named(schema, word).map_or_else(|| vec![unknown(schema, word)], of_kind),
        [form] if form.kind().is_none() => of_form(*form),
        [first, ..] => {
            let mut lines = vec![format!("{}: {}", first.verb(), first.doc()), String::new()];
            lines.extend(forms.iter().map(|f| example(*f)));
            lines
        }
    }
}

fn unknown(schema: &Schema, word: &str) -> String {
    let kinds: Vec<String> = schema.kinds().map(|k| upper(k.name)).collect();
    match near(word, kinds.iter().map(String::as_str)) {
        Some(_) => unknown_kind(schema, word).to_string(),
        None => unknown_verb(schema, word).to_string(),
    }
}

fn of_kind(kind: &'static KindDecl) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", upper(kind.name), kind.doc), String::new()];
    lines.extend(Form::of_kind(kind).map(example));
    lines.push(String::new());
    let rows = kind.fields().map(|f| vec![upper(f.name), written(f.access).to_owned(), brief(f), f.doc.to_owned()]);
    lines.extend(rows_of(&["FIELD", "WRITTEN", "TYPE", "WHAT IT IS"], rows.collect()));
    lines
}

fn of_form(form: Form) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", form.title(), form.doc()), format!("Example: {}", example(form))];
    let row = |p: &Parameter| {
        let must = if p.required { "yes" } else { "" };
        vec![upper(p.decl.name), must.to_owned(), brief(p.decl), default(p).to_owned(), p.decl.doc.to_owned()]
    };
    let parameters = form.parameters();
    if !parameters.is_empty() {
        lines.push(String::new());
        let rows = parameters.iter().map(row).collect();
        lines.extend(rows_of(&["PARAMETER", "REQUIRED", "TYPE", "DEFAULT", "WHAT IT IS"], rows));
    }
    if let Form::Verb(strowger_primitive::Verb::Update, _) = form {
        lines.push(String::new());
        lines.push("NAME=NULL takes a value away. Lists, maps and records are replaced as a whole.".to_owned());
    }
    lines
}

fn of_parameter(form: Form, name: &str) -> Vec<String> {
    let parameters = form.parameters();
    let Some(parameter) = Form::parameter(&parameters, name).and_then(|i| parameters.get(i)) else {
        let words: Vec<String> = parameters.iter().map(|p| upper(p.decl.name)).collect();
        return vec![near(name, words.iter().map(String::as_str)).map_or_else(
            || format!("{} takes {}", form.title(), words.join(", ")),
            |word| format!("{} has no such parameter; did you mean {word}?", form.title()),
        )];
    };
    let field = parameter.decl;
    let mut lines = vec![format!("{} of {}: {}", upper(field.name), form.title(), field.doc)];
    lines.push(format!("Type: {}", typed(field)));
    if parameter.required {
        lines.push("It is required.".to_owned());
    }
    if !default(parameter).is_empty() {
        lines.push(format!("Default: {}", default(parameter)));
    }
    lines.push(format!("Example: {}={}", upper(field.name), crate::example::sample(&field.ty, field)));
    if let Type::Rows { of, .. } = field.ty {
        lines.push(String::new());
        let rows = of.iter().map(|f| vec![upper(f.name), brief(f), f.default.to_owned(), f.doc.to_owned()]);
        lines.extend(rows_of(&["SUBFIELD", "TYPE", "DEFAULT", "WHAT IT IS"], rows.collect()));
    }
    let each = if let Type::List { of, .. } = field.ty { *of } else { field.ty };
    if let Type::Enum(decl) = each {
        lines.extend(choices(decl));
    }
    lines
}

fn choices(decl: &EnumDecl) -> Vec<String> {
    let mut lines = vec![String::new()];
    let rows = decl.values.iter().map(|v| vec![upper(v.name), v.doc.to_owned()]).collect();
    lines.extend(rows_of(&["VALUE", "WHAT IT MEANS"], rows));
    lines
}

fn typed(field: &FieldDecl) -> String {
    if field.unit.is_empty() { expected(&field.ty) } else { format!("{}, in {}", expected(&field.ty), field.unit) }
}

/// A type as it fits a column; help on the one parameter tells all.
fn brief(field: &FieldDecl) -> String {
    let short = match &field.ty {
        Type::Enum(decl) if decl.values.len() > 4 => format!("one of {} words", decl.values.len()),
        Type::I32 { min: i32::MIN, max: i32::MAX } | Type::U32 { max: u32::MAX, .. } | Type::U64 { .. } => {
            "a whole number".to_owned()
        }
        Type::Duration { max: u32::MAX } => "a whole number".to_owned(),
        Type::Duration { max } => format!("0 to {max}"),
        Type::Time => "a time".to_owned(),
        Type::List { max, .. } => format!("a&b&c, at most {max}"),
        Type::Rows { max, .. } => format!("records, at most {max}"),
        Type::Bool
        | Type::Enum(_)
        | Type::I32 { .. }
        | Type::U32 { .. }
        | Type::Decimal { .. }
        | Type::Text { .. }
        | Type::Bytes { .. }
        | Type::Ref(_)
        | Type::Secret { .. }
        | Type::Map { .. }
        | Type::Any { .. } => expected(&field.ty),
    };
    if field.unit.is_empty() { short } else { format!("{short} {}", field.unit) }
}

/// A default counts where a thing is made or an action is begun, not where one is changed or chosen.
fn default(parameter: &Parameter) -> &'static str {
    if parameter.role == Role::Filter { "" } else { parameter.decl.default }
}

fn written(access: Access) -> &'static str {
    match access {
        Access::Read => "never",
        Access::Write => "any time",
        Access::CreateOnly => "when made",
        Access::WriteOnly => "any time, never read",
    }
}

fn rows_of(names: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    table(&names, rows).map(|(head, lines)| head.into_iter().chain(lines).collect()).unwrap_or_default()
}
