//! Examples: for every command one that parses.

use strowger_primitive::{Choice, FieldDecl, Type, Verb, upper};

use crate::form::{Form, Parameter, Role};

/// A command of that form, with what it must have and a little of what it may.
pub(crate) fn example(form: Form) -> String {
    let parameters = form.parameters();
    let mut said: Vec<String> = Vec::new();
    let telling = telling(form, &parameters);
    for parameter in &parameters {
        let wanted = match parameter.role {
            Role::Target => true,
            Role::Field | Role::Filter if parameter.required => true,
            Role::Field | Role::Filter if parameter.decl.name == "name" => {
                matches!(form, Form::Verb(Verb::Create, _))
            }
            Role::Field | Role::Filter => telling == Some(parameter.decl.number),
            Role::Operator | Role::Password => true,
            Role::Wait
            | Role::Key
            | Role::Tenant
            | Role::IfRevision
            | Role::Unlike
            | Role::Sort
            | Role::Limit
            | Role::Cursor
            | Role::Fields => false,
        };
        if wanted {
            let value = sample(&parameter.decl.ty, parameter.decl);
            said.push(format!("{}={value}", upper(parameter.decl.name)));
        }
    }
    let behind = if said.is_empty() { String::new() } else { format!(" {}", said.join(", ")) };
    format!("{}:{behind};", form.title())
}

/// The optional field that tells most in an example: a state in a list, what a new one is made of, else its label.
fn telling(form: Form, parameters: &[Parameter]) -> Option<u16> {
    let rank = |parameter: &&Parameter| match (parameter.role, &parameter.decl.ty) {
        (Role::Filter, Type::Enum(_)) | (Role::Field, Type::Ref(_)) => 0,
        (Role::Field, Type::Text { .. }) if parameter.decl.number >= 10 => 1,
        _ => 2,
    };
    let writable = |p: &&Parameter| match form {
        Form::Verb(Verb::Create, _) => p.decl.creatable(),
        Form::Verb(..) => p.decl.patchable() || p.role == Role::Filter,
        Form::Action(..) | Form::LogIn | Form::LogOut | Form::UseTenant | Form::StopCommand => false,
    };
    let optional = parameters.iter().filter(|p| matches!(p.role, Role::Field | Role::Filter) && !p.required);
    optional.filter(|p| p.decl.number > 2).filter(writable).min_by_key(rank).map(|p| p.decl.number)
}

/// A value of that type.
pub(crate) fn sample(ty: &Type, field: &FieldDecl) -> String {
    match ty {
        Type::Bool => "TRUE".to_owned(),
        Type::Enum(decl) => decl.values.first().map_or_else(String::new, |Choice { name, .. }| upper(name)),
        Type::I32 { min, max } => 5.clamp(*min, *max).to_string(),
        Type::U32 { min, max, .. } => 5.clamp(*min, *max).to_string(),
        Type::U64 { .. } => "5".to_owned(),
        Type::Decimal { scale: 0 } => "12".to_owned(),
        Type::Decimal { .. } => "12.5".to_owned(),
        Type::Text { .. } if field.name == "name" => "\"demo-1\"".to_owned(),
        Type::Text { .. } if field.name == "op" => "\"alice@acme\"".to_owned(),
        Type::Text { .. } => "\"text\"".to_owned(),
        Type::Bytes { .. } => "H'0AFF".to_owned(),
        Type::Time => "\"2026-11-24T12:00:03Z\"".to_owned(),
        Type::Duration { max } => 20.min(*max).to_string(),
        Type::Ref(kind) if *kind == "offer" => "\"hello\"".to_owned(),
        Type::Ref(kind) if *kind == "tenant" => "\"acme\"".to_owned(),
        Type::Ref(kind) if *kind == "principal" => "\"alice\"".to_owned(),
        Type::Ref(kind) => format!("\"{kind}-1\""),
        Type::Secret { .. } => "\"...\"".to_owned(),
        Type::List { of, .. } => sample(of, field),
        Type::Map { .. } => "\"a=1\"&\"b=2\"".to_owned(),
        Type::Rows { of, .. } => {
            let mut subs: Vec<&FieldDecl> = of.iter().filter(|f| f.required && f.default.is_empty()).collect();
            if subs.is_empty() {
                subs.extend(of.iter().find(|f| f.creatable()));
            }
            let said: Vec<String> = subs.iter().map(|f| format!(",{}={}", upper(f.name), sample(&f.ty, f))).collect();
            format!("{{NO=1{}}}", said.concat())
        }
        Type::Any { .. } => "\"{\\\"a\\\":1}\"".to_owned(),
    }
}
