//! The rules of declarations: what every protocol, also one that comes later, needs of names, numbers and types.

mod names;
mod smi;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use strowger_primitive::{ActionDecl, FieldDecl, Indexed, KindDecl, Schema, Verb, common};

use names::Names;

/// Every rule that the schema breaks; none where it may be released.
#[must_use]
pub fn check_schema(schema: &Schema) -> Vec<String> {
    let mut broken = Broken(Vec::new());
    let mut kinds = Names::default();
    let mut numbers = BTreeSet::new();
    let mut words = types::Words::default();
    for kind in schema.kinds() {
        let at = kind.name;
        names::kind(kind, &mut kinds, &mut broken);
        if kind.number < 10 {
            broken.add(at, "numbers of kinds begin at 10: 1 to 9 are the gateway's own tables");
        }
        if !numbers.insert(kind.number) {
            broken.add(at, format!("another kind has number {}", kind.number));
        }
        broken.doc(at, kind.doc);
        if kind.since == 0 {
            broken.add(at, "versions begin at 1");
        }
        verbs(kind, &mut broken);
        fields(kind, schema, &mut words, &mut broken);
        actions(kind, schema, &mut words, &mut broken);
    }
    names::generated(schema, &mut broken);
    smi::descriptors(schema, &mut broken);
    broken.0
}

/// Descriptors of the MIB that are longer than the 32 letters RFC 2578 §3.1 asks for, and not longer than the 64 it
/// allows.
#[must_use]
pub fn long_descriptors(schema: &Schema) -> Vec<String> {
    smi::long(schema)
}

/// What was found.
struct Broken(Vec<String>);

impl Broken {
    fn add(&mut self, at: &str, why: impl AsRef<str>) {
        self.0.push(format!("{at}: {}", why.as_ref()));
    }

    /// Doc texts stand in MIB and MOF between double quotes, and MIBs are ASCII.
    fn doc(&mut self, at: &str, doc: &str) {
        if doc.is_empty() {
            self.add(at, "has no documentation");
        }
        if !doc.bytes().all(|b| matches!(b, b' '..=b'~')) || doc.contains('"') {
            self.add(at, "documentation is one line of ASCII without double quotes");
        }
    }
}

fn verbs(kind: &KindDecl, broken: &mut Broken) {
    let mut seen = BTreeSet::new();
    for (verb, _) in kind.verbs {
        if !seen.insert(*verb) {
            broken.add(kind.name, format!("{} is declared twice", verb.word()));
        }
        if *verb == Verb::Invoke {
            broken.add(kind.name, "invoke comes from the actions");
        }
        if kind.indexed == Indexed::Sequence && matches!(verb, Verb::Create | Verb::Update | Verb::Delete) {
            broken.add(kind.name, format!("{} of a kind that is a log", verb.word()));
        }
    }
    if kind.field(kind.owner).is_none() {
        broken.add(kind.name, format!("the owner's field {} does not exist", kind.owner));
    }
    if kind.missing.strip_suffix("-not-found") != Some(kind.name) {
        broken.add(kind.name, format!("the code of its absence is {}-not-found", kind.name));
    }
}

fn fields(kind: &'static KindDecl, schema: &Schema, words: &mut types::Words, broken: &mut Broken) {
    let shared = match kind.indexed {
        Indexed::Name => common::NAMED,
        Indexed::Sequence => common::SEQUENCED,
    };
    let mut seen = Names::default();
    let mut before = 0;
    for field in kind.fields() {
        let at = format!("{}.{}", kind.name, field.name);
        rising(&at, field, &mut before, broken);
        let is_common = shared.iter().any(|c| c.number == field.number && c.name == field.name);
        match field.number {
            0 => broken.add(&at, "numbers begin at 1"),
            1..=9 if !is_common => broken.add(&at, "numbers 1 to 9 are common to all kinds"),
            100..=119 => broken.add(&at, "numbers 100 to 119 are SNMP's own columns"),
            1..=99 | 120.. => {}
        }
        names::field(&at, kind, field, &mut seen, broken);
        one_field(&at, field, kind.since, schema, words, broken);
        types::subfields(&at, field, schema, words, broken);
    }
    for number in shared.iter().filter(|c| kind.field(c.number).is_none()).map(|c| c.name) {
        broken.add(kind.name, format!("the common field {number} is not there"));
    }
}

fn actions(kind: &'static KindDecl, schema: &Schema, words: &mut types::Words, broken: &mut Broken) {
    let mut seen = Names::default();
    let mut numbers = BTreeSet::new();
    for action in kind.actions {
        let at = format!("{}.{}", kind.name, action.name);
        names::action(&at, action, &mut seen, broken);
        if action.number == 0 || !numbers.insert(action.number) {
            broken.add(&at, "numbers of actions begin at 1 and are used once");
        }
        broken.doc(&at, action.doc);
        if action.since < kind.since {
            broken.add(&at, "is older than its kind");
        }
        arguments(&at, kind, action, schema, words, broken);
    }
}

/// Input and output are columns of one table, whose column 1 is the invocation.
fn arguments(
    at: &str,
    kind: &'static KindDecl,
    action: &'static ActionDecl,
    schema: &Schema,
    words: &mut types::Words,
    broken: &mut Broken,
) {
    let mut seen = Names::default();
    let mut numbers = BTreeSet::new();
    for (field, out) in action.input.iter().map(|f| (f, false)).chain(action.output.iter().map(|f| (f, true))) {
        let at = format!("{at}.{}", field.name);
        match field.number {
            0 | 1 => broken.add(&at, "numbers of arguments begin at 2: 1 is the invocation in SNMP"),
            100..=119 => broken.add(&at, "numbers 100 to 119 are SNMP's own columns"),
            2..=99 | 120.. => {}
        }
        if !numbers.insert(field.number) {
            broken.add(&at, format!("number {} is used twice among input and output", field.number));
        }
        names::argument(&at, field, &mut seen, broken);
        one_field(&at, field, action.since.max(kind.since), schema, words, broken);
        types::argument(&at, field, out, broken);
    }
}

fn one_field(at: &str, field: &FieldDecl, since: u16, schema: &Schema, words: &mut types::Words, broken: &mut Broken) {
    broken.doc(at, field.doc);
    if field.since < since {
        broken.add(at, "is older than what it belongs to");
    }
    types::field(at, field, schema, words, broken);
}

fn rising(at: &str, field: &FieldDecl, before: &mut u16, broken: &mut Broken) {
    if field.number == *before {
        broken.add(at, format!("number {} is used twice", field.number));
    } else if field.number < *before {
        broken.add(at, "fields stand in the order of their numbers");
    }
    *before = field.number;
}
