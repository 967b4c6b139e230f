//! Names: the grammar, the words that some protocol keeps for itself, and names that become one.

use std::collections::{BTreeMap, BTreeSet};

use strowger_primitive::{ActionDecl, FieldDecl, KindDecl, Schema, Type, Verb, camel, pascal};

use super::Broken;

/// Words that no field may have, each with what it would clash with.
const OF_FIELDS: [(&str, &str); 19] = [
    ("table", "the table in SMI"),
    ("entry", "the row in SMI"),
    ("row-status", "a column of SNMP's own"),
    ("storage-type", "a column of SNMP's own"),
    ("unset", "the list of what is to be null"),
    ("action", "a column of SNMP's own"),
    ("tenant", "the tenant spoken of"),
    ("sort", "the parameter of lists"),
    ("limit", "the parameter of lists"),
    ("cursor", "the parameter of lists"),
    ("fields", "the parameter of lists"),
    ("json", "the option of the command line"),
    ("wait", "the option of the command line and MML"),
    ("help", "the option of the command line"),
    ("where", "the option of the command line"),
    ("set", "the option of the command line"),
    ("if-revision", "the parameter of SOAP, forms and MML"),
    ("no", "the number of a record"),
    ("invocation", "the index of an action in SMI"),
];

/// Words of a record of a list, whose table has columns of its own.
const OF_SUBFIELDS: [&str; 5] = ["table", "entry", "row-status", "storage-type", "no"];

/// Keywords of MOF (DSP0004 annex A), which has no quotes for names, and the literals of every language.
const OF_MOF: [&str; 43] = [
    "any",
    "as",
    "association",
    "boolean",
    "char16",
    "class",
    "datetime",
    "disableoverride",
    "enableoverride",
    "enumeration",
    "false",
    "flavor",
    "include",
    "indication",
    "instance",
    "interface",
    "method",
    "null",
    "of",
    "parameter",
    "pragma",
    "property",
    "qualifier",
    "real32",
    "real64",
    "ref",
    "reference",
    "restricted",
    "schema",
    "scope",
    "sint16",
    "sint32",
    "sint64",
    "sint8",
    "string",
    "structure",
    "tosubclass",
    "translatable",
    "true",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
];

/// Types of Cedar that an entity type of the same name would shadow.
const OF_CEDAR: [&str; 8] = ["bool", "boolean", "long", "string", "set", "entity", "extension", "action"];

/// Component names of the contracts that are no kind's.
const OF_CONTRACTS: [&str; 2] = ["problem", "health"];

/// Verbs of doors, and what they call their own commands.
const OF_ACTIONS: [&str; 26] = [
    "create",
    "read",
    "list",
    "update",
    "delete",
    "invoke",
    "subscribe",
    "add",
    "dsp",
    "lst",
    "mod",
    "rmv",
    "reg",
    "lgi",
    "lgo",
    "hlp",
    "use",
    "help",
    "wait",
    "none",
    "get",
    "set",
    "unset",
    "watch",
    "show",
    "edit",
];

/// Names that must differ without hyphens and case, so that every conversion can be undone.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    fn take(&mut self, at: &str, name: &str, broken: &mut Broken) {
        if !self.0.insert(name.replace('-', "").to_ascii_lowercase()) {
            broken.add(at, format!("another one is named {name}, without hyphens and case"));
        }
    }
}

pub(super) fn kind(kind: &KindDecl, seen: &mut Names, broken: &mut Broken) {
    grammar(kind.name, kind.name, broken);
    grammar(kind.name, kind.plural, broken);
    seen.take(kind.name, kind.name, broken);
    if kind.plural != kind.name {
        seen.take(kind.name, kind.plural, broken);
    }
    if OF_CEDAR.contains(&kind.name) || OF_CONTRACTS.contains(&kind.name) {
        broken.add(kind.name, "Cedar or a contract keeps this name");
    }
}

pub(super) fn field(at: &str, kind: &KindDecl, field: &FieldDecl, seen: &mut Names, broken: &mut Broken) {
    named(at, field.name, seen, broken);
    if let Some((_, what)) = OF_FIELDS.iter().find(|(word, _)| *word == field.name) {
        broken.add(at, format!("the name would clash with {what}"));
    }
    // KEY of a command that makes something is the idempotency key.
    if field.name == "key" && kind.has(Verb::Create) {
        broken.add(at, "the name would clash with the idempotency key of MML");
    }
}

pub(super) fn subfield(at: &str, field: &FieldDecl, seen: &mut Names, broken: &mut Broken) {
    named(at, field.name, seen, broken);
    if OF_SUBFIELDS.contains(&field.name) {
        broken.add(at, "the name would clash with what every list of records has");
    }
}

pub(super) fn argument(at: &str, field: &FieldDecl, seen: &mut Names, broken: &mut Broken) {
    named(at, field.name, seen, broken);
    let own = ["state", "fault", "name", "sequence", "key"];
    if own.contains(&field.name) || OF_FIELDS.iter().any(|(word, _)| *word == field.name) {
        broken.add(at, "the name would clash with what every invocation has");
    }
}

pub(super) fn action(at: &str, action: &ActionDecl, seen: &mut Names, broken: &mut Broken) {
    named(at, action.name, seen, broken);
    if OF_ACTIONS.contains(&action.name) {
        broken.add(at, "a door has a verb of this name");
    }
}

/// The words of an enumeration.
pub(super) fn choice(at: &str, name: &str, seen: &mut Names, broken: &mut Broken) {
    grammar(at, name, broken);
    seen.take(at, name, broken);
}

fn named(at: &str, name: &str, seen: &mut Names, broken: &mut Broken) {
    grammar(at, name, broken);
    seen.take(at, name, broken);
    if OF_MOF.contains(&name.replace('-', "").as_str()) {
        broken.add(at, format!("{name} is a word of MOF"));
    }
    // XML 1.0 §2.3: names that begin with xml are the W3C's.
    if name.starts_with("xml") {
        broken.add(at, "names that begin with xml are reserved");
    }
}

/// `[a-z][a-z0-9]*(-[a-z0-9]+)*`: what every protocol's grammar can be made from.
pub(super) fn grammar(at: &str, name: &str, broken: &mut Broken) {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('-').all(part) {
        broken.add(at, format!("{name:?} is not in kebab case"));
    }
}

/// Operations and component types that contracts make of names: no two may be one.
pub(super) fn generated(schema: &Schema, broken: &mut Broken) {
    let mut operations = BTreeMap::new();
    let mut types = BTreeMap::new();
    for kind in schema.kinds() {
        let of = kind.type_name();
        for (verb, _) in kind.verbs {
            let whose = if *verb == Verb::List { pascal(kind.plural) } else { of.clone() };
            one(&mut operations, format!("{}{whose}", verb.word()), kind.name, broken);
        }
        for suffix in ["", "Create", "Patch", "MergePatch", "Page"] {
            one(&mut types, format!("{of}{suffix}"), kind.name, broken);
        }
        for field in kind.fields().filter(|f| matches!(f.ty, Type::Rows { .. })) {
            for suffix in ["Row", "RowCreate"] {
                one(&mut types, format!("{of}{}{suffix}", pascal(field.name)), kind.name, broken);
            }
        }
        for action in kind.actions {
            one(&mut operations, format!("{}{of}", camel(action.name)), kind.name, broken);
            for suffix in ["Input", "Output"] {
                one(&mut types, format!("{of}{}{suffix}", pascal(action.name)), kind.name, broken);
            }
        }
    }
}

fn one(names: &mut BTreeMap<String, &'static str>, name: String, kind: &'static str, broken: &mut Broken) {
    if let Some(other) = names.insert(name.to_ascii_lowercase(), kind) {
        broken.add(kind, format!("contracts would have {name} twice, also of {other}"));
    }
}
