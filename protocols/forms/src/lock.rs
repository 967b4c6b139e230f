//! The lock of the schema: what was released, in a text that is checked in, and what a change of it would break.
//!
//! Only additions are allowed. A number is never used again, a name never changed; type, bounds, access, unit and what
//! is counted stay as they are, because they are syntax in some protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use strowger_primitive::{Access, EnumDecl, FieldDecl, KindDecl, Schema, Type};

use crate::said;

const HEAD: &str =
    "# What is released: numbers, names, types, access. Additions only; compared with the declarations.\n";

/// Prints the lock: one line a thing, what it belongs to before it.
#[must_use]
pub fn print(schema: &Schema) -> String {
    let mut out = String::from(HEAD);
    let mut enums: BTreeMap<&'static str, &'static EnumDecl> = BTreeMap::new();
    line(&mut out, format_args!("schema: version {}", schema.version()));
    for kind in schema.kinds() {
        kind_lines(kind, &mut enums, &mut out);
    }
    for (name, decl) in enums {
        line(&mut out, format_args!("enum {name}: {}", if decl.open { "open" } else { "closed" }));
        let mut values: Vec<_> = decl.values.iter().collect();
        values.sort_by_key(|v| v.number);
        for value in values {
            line(&mut out, format_args!("enum {name} value {}: {}", value.number, value.name));
        }
    }
    out
}

/// What is no mere addition between two locks.
#[must_use]
pub fn breaches(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (entries(old), entries(new));
    let mut breaches = Vec::new();
    for (key, was) in &old {
        match new.get(key) {
            None => breaches.push(format!("{key} ({was}) is gone: what was released stays")),
            Some(is) if is != was && *key != "schema" => breaches.push(changed(key, was, is)),
            Some(_) => {}
        }
    }
    let closed: BTreeSet<&str> = old.iter().filter(|(_, v)| **v == "closed").map(|(k, _)| *k).collect();
    for (key, is) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        if key.split_once(" value ").is_some_and(|(decl, _)| closed.contains(decl)) {
            breaches.push(format!("{key} ({is}) is new in a closed enumeration: old clients fail on it"));
        }
        let owner = key.rsplitn(3, ' ').nth(2).unwrap_or_default();
        if is.split(' ').any(|word| word == "required") && old.contains_key(owner) {
            breaches.push(format!("{key} ({is}) is new and required: old clients do not send it"));
        }
    }
    breaches
}

fn changed(key: &str, was: &str, is: &str) -> String {
    let name = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    if name(was) == name(is) {
        format!("{key}: was \"{was}\", is \"{is}\"")
    } else {
        format!("{key} was {} and is {}: a number is never used again, a name never changed", name(was), name(is))
    }
}

fn entries(lock: &str) -> BTreeMap<&str, &str> {
    lock.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(": ")).collect()
}

fn kind_lines(kind: &KindDecl, enums: &mut BTreeMap<&'static str, &'static EnumDecl>, out: &mut String) {
    let (number, index) = (kind.number, said::indexed(kind.indexed));
    line(out, format_args!("kind {number}: {} {} index {index} since {}", kind.name, kind.plural, kind.since));
    for (verb, class) in kind.verbs {
        line(out, format_args!("kind {number} verb {}: recorded {}", verb.word(), said::record(*class)));
    }
    for field in kind.fields() {
        field_lines(&format!("kind {number} field"), field, enums, out);
    }
    for action in kind.actions {
        let key = format!("kind {number} action {}", action.number);
        line(out, format_args!("{key}: {} since {}", action.name, action.since));
        for field in action.input {
            field_lines(&format!("{key} in"), field, enums, out);
        }
        for field in action.output {
            field_lines(&format!("{key} out"), field, enums, out);
        }
    }
}

fn field_lines(
    before: &str,
    field: &FieldDecl,
    enums: &mut BTreeMap<&'static str, &'static EnumDecl>,
    out: &mut String,
) {
    let key = format!("{before} {}", field.number);
    let required = if field.required && field.access != Access::Read { " required" } else { "" };
    let unit = if field.unit.is_empty() { String::new() } else { format!(" unit {}", field.unit) };
    let (ty, access) = (said::type_of(&field.ty), said::access(field.access));
    line(out, format_args!("{key}: {} {ty} {access}{required}{unit} since {}", field.name, field.since));
    if let Some(decl) = enum_of(&field.ty) {
        enums.insert(decl.name, decl);
    }
    if let Type::Rows { of, .. } = field.ty {
        for sub in of {
            field_lines(&format!("{key} sub"), sub, enums, out);
        }
    }
}

fn enum_of(ty: &Type) -> Option<&'static EnumDecl> {
    if let Type::Enum(decl) = ty {
        Some(decl)
    } else if let Type::List { of, .. } = ty {
        enum_of(of)
    } else {
        None
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _infallible = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> String {
        print(&[&crate::specimen::DECL].into_iter().collect())
    }

    #[test]
    fn every_thing_has_its_line() {
        let lock = lock();
        for wanted in [
            "schema: version 1\n",
            "kind 40: specimen specimens index name since 1\n",
            "kind 40 verb read: recorded counted\n",
            "kind 40 field 13: max-calls u32(1..10000) gauge write since 1\n",
            "kind 40 field 14: quota u64 gauge write unit B since 1\n",
            "kind 40 field 27: needed text(8) write required since 1\n",
            "kind 40 field 24: routes rows(8) write since 1\n",
            "kind 40 field 24 sub 5: max-cost decimal(3) write unit EUR since 1\n",
            "kind 40 action 1: drain since 1\n",
            "kind 40 action 1 in 2: grace-time duration(600) write required unit s since 1\n",
            "enum specimen-state: open\n",
            "enum specimen-state value 2: in-progress\n",
        ] {
            assert!(lock.contains(wanted), "{wanted}{lock}");
        }
    }

    #[test]
    fn additions_are_no_breach() {
        let old = lock();
        assert_eq!(breaches(&old, &old), [""; 0]);
        let more = "kind 40 field 28: more text(8) write since 2\nenum specimen-state value 3: held\n\
                    kind 41: other others index name since 2\nkind 41 field 10: x bool write required since 2\n";
        assert_eq!(breaches(&old, &format!("{old}{more}").replace("version 1", "version 2")), [""; 0]);
    }

    #[test]
    fn everything_else_is() {
        let old = lock();
        for (from, to, said) in [
            ("field 13: max-calls", "field 13: most-calls", "a number is never used again"),
            ("u32(1..10000)", "u32(1..9999)", "was \"max-calls u32(1..10000) gauge write since 1\""),
            ("10000) gauge", "10000) counter", "was \"max-calls"),
            ("quota u64 gauge write", "quota u64 gauge read", "was \"quota"),
            ("unit B since", "unit bit since", "was \"quota"),
            ("kind 40 field 16: ", "kind 40 field 99: ", "kind 40 field 16 (description"),
            ("value 2: in-progress", "value 2: held", "a number is never used again"),
            ("specimen-state: open", "specimen-state: closed", "open"),
            ("kind 40 verb delete: recorded each\n", "", "kind 40 verb delete (recorded each) is gone"),
            ("action 1 in 2: grace-time duration(600)", "action 1 in 2: grace-time duration(60)", "duration(60)"),
        ] {
            let new = old.replace(from, to);
            assert_ne!(old, new, "{from}");
            let found = breaches(&old, &new);
            assert!(found.iter().any(|b| b.contains(said)), "{from}: {found:?}");
        }
        let needed = format!("{old}kind 40 field 28: more text(8) write required since 2\n");
        assert_eq!(breaches(&old, &needed).len(), 1, "old clients do not send it");
        let closed = old.replace("specimen-state: open", "specimen-state: closed");
        assert_eq!(breaches(&closed, &format!("{closed}enum specimen-state value 3: held\n")).len(), 1);
    }
}
