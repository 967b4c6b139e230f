//! Descriptors of the MIB: one space of names for all modules of a manager (RFC 2578 §3.1), so each begins with `strw`
//! and no two of ours may be one.

use std::collections::BTreeMap;

use strowger_primitive::{KindDecl, Schema, Type, Verb, pascal};

use super::Broken;

/// What RFC 2578 §3.1 asks for, and what it allows.
const ASKED: usize = 32;
const ALLOWED: usize = 64;

pub(super) fn descriptors(schema: &Schema, broken: &mut Broken) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for kind in schema.kinds() {
        for (descriptor, what) in of_kind(kind) {
            if descriptor.len() > ALLOWED {
                broken.add(&what, format!("{descriptor} is longer than {ALLOWED} letters"));
            }
            if let Some(other) = seen.insert(descriptor.to_ascii_lowercase(), what.clone()) {
                broken.add(&what, format!("the descriptor {descriptor} is also that of {other}"));
            }
        }
    }
}

pub(super) fn long(schema: &Schema) -> Vec<String> {
    schema
        .kinds()
        .flat_map(of_kind)
        .filter(|(descriptor, _)| (ASKED + 1..=ALLOWED).contains(&descriptor.len()))
        .map(|(descriptor, what)| format!("{what}: {descriptor} has {} letters, more than {ASKED}", descriptor.len()))
        .collect()
}

/// Every descriptor of a kind, with what it stands for.
fn of_kind(kind: &'static KindDecl) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let before = format!("strw{}", pascal(kind.name));
    let mut add = |name: String, what: String| all.push((name, what));
    // How many there are is strwOrderNumber, as ifNumber is.
    for own in ["Table", "Entry", "Number", "Group", "Created", "Changed", "Deleted"] {
        add(format!("{before}{own}"), kind.name.to_owned());
    }
    if kind.has(Verb::Create) {
        add(format!("{before}RowStatus"), kind.name.to_owned());
        add(format!("{before}StorageType"), kind.name.to_owned());
    }
    if kind.has(Verb::Update) {
        add(format!("{before}Unset"), kind.name.to_owned());
    }
    if !kind.actions.is_empty() {
        add(format!("{before}Action"), kind.name.to_owned());
    }
    for field in kind.fields() {
        let (what, column) = (format!("{}.{}", kind.name, field.name), format!("{before}{}", pascal(field.name)));
        let segmented = matches!(field.ty, Type::Text { max } | Type::Any { max } if max > 1_024);
        if let Type::Rows { of, .. } = field.ty {
            for own in ["Table", "Entry", "No", "RowStatus", "StorageType"] {
                add(format!("{column}{own}"), what.clone());
            }
            for sub in of {
                add(format!("{column}{}", pascal(sub.name)), format!("{what}.{}", sub.name));
            }
        } else if segmented {
            for own in ["Table", "Entry", "Segment", "Part"] {
                add(format!("{column}{own}"), what.clone());
            }
        } else {
            add(column, what);
        }
    }
    for action in kind.actions.iter().filter(|a| !a.input.is_empty() || !a.output.is_empty()) {
        let (what, column) = (format!("{}.{}", kind.name, action.name), format!("{before}{}", pascal(action.name)));
        for own in ["Table", "Entry", "Invocation", "State", "Fault", "RowStatus"] {
            add(format!("{column}{own}"), what.clone());
        }
        for field in action.input.iter().chain(action.output) {
            add(format!("{column}{}", pascal(field.name)), format!("{what}.{}", field.name));
        }
    }
    all
}
