//! Names of fields in JSON, both ways, and the places of flaws.

use strowger_primitive::{FieldDecl, Flaw, Place, camel};

/// Where a flaw is, as JSON names it: `items.1.offer`.
#[must_use]
pub fn place(flaw: &Flaw, fields: &[&[FieldDecl]]) -> String {
    match &flaw.place {
        Place::Field(path) => path.print(fields, camel),
        Place::Unknown(name) => name.clone(),
    }
}

/// Whether `said` is `kebab` in camel case, to the letter.
pub(super) fn is_camel(said: &str, kebab: &str) -> bool {
    let mut said = said.bytes();
    let mut capital = false;
    for b in kebab.bytes() {
        if b == b'-' {
            capital = true;
            continue;
        }
        let wanted = if std::mem::take(&mut capital) { b.to_ascii_uppercase() } else { b };
        if said.next() != Some(wanted) {
            return false;
        }
    }
    said.next().is_none()
}

/// Writes `kebab` in camel case.
pub(super) fn put_camel(kebab: &str, out: &mut Vec<u8>) {
    if !kebab.contains('-') {
        return out.extend_from_slice(kebab.as_bytes());
    }
    let mut capital = false;
    for b in kebab.bytes() {
        if b == b'-' {
            capital = true;
        } else if std::mem::take(&mut capital) {
            out.push(b.to_ascii_uppercase());
        } else {
            out.push(b);
        }
    }
}

/// A name nobody declared, fit to be told back: short, without control characters.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect();
    if shown.len() < name.len() && name.chars().nth(64).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_is_to_the_letter() {
        assert!(is_camel("maxCalls", "max-calls") && is_camel("id", "id"));
        for said in ["max-calls", "maxcalls", "MaxCalls", "maxCall", "maxCallss", ""] {
            assert!(!is_camel(said, "max-calls"), "{said}");
        }
        let mut out = Vec::new();
        put_camel("max-calls", &mut out);
        assert_eq!(out, b"maxCalls");
    }

    #[test]
    fn a_foreign_name_is_told_back_short() {
        assert_eq!(shown("a\nb"), "a?b");
        assert_eq!(shown(&"x".repeat(100)).len(), 67);
    }
}
