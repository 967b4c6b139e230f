//! The reference of all kinds, as Markdown: fields, verbs and actions, and how each door says them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use strowger_primitive::{
    ActionDecl, EnumDecl, FieldDecl, Indexed, KindDecl, RecordClass, Schema, Type, Verb, camel, upper,
};

use crate::said;
use crate::types::{TYPES, TypeRow};

/// Prints the page.
#[must_use]
pub fn print(schema: &Schema) -> String {
    let mut page = Page(String::new());
    page.text("# Reference");
    page.text(&format!("Generated from the schema, version {}.", schema.version()));
    page.list(schema.kinds().map(|k| format!("[{}](#{}): {}", k.name, k.name, cell(k.doc))));
    page.text(
        "Names are written here as the command line takes them, in kebab case; JSON writes `maxCalls`, MML `MAX_CALLS`. \
         A list of records is one flag a record, without its s: `--item`. Limits of text are octets. No: the stable number of a field. Access: `read` is written by the \
         gateway alone, `write` at any time, `create-only` by the maker, `write-only` is never shown.",
    );
    for kind in schema.kinds() {
        page.kind(kind);
    }
    page.enums(schema);
    page.text("## Types");
    page.text("How each type is said. The doors of today speak JSON, MML and CLI; the other columns are what the doors to come \
         will say. A policy sees `owner` and `tenant` of a resource alone. n, a, b and s are its bounds.");
    page.table(&TypeRow::COLUMNS, TYPES.iter().map(|row| row.cells().map(cell).to_vec()));
    page.0
}

struct Page(String);

impl Page {
    fn kind(&mut self, kind: &'static KindDecl) {
        self.text(&format!("## {}", kind.name));
        self.text(&format!("{} Kind number {}, since schema version {}.", kind.doc, kind.number, kind.since));
        let columns = ["verb", "REST", "MML", "command line", "recorded"];
        let verbs = kind.verbs.iter().map(|(verb, class)| verb_cells(kind, *verb, *class));
        self.table(&columns, verbs.chain(kind.actions.iter().map(|action| action_cells(kind, action))));
        self.fields(kind.fields());
        for field in kind.fields() {
            if let Type::Rows { of, .. } = field.ty {
                self.text(&format!("### {}: {}", kind.name, field.name));
                self.text(&format!("{} Each record has a number, `no`.", field.doc));
                self.fields(of.iter());
            }
        }
        for action in kind.actions {
            self.text(&format!("### {}: {}", kind.name, action.name));
            self.text(action.doc);
            for (title, fields) in [("It takes:", action.input), ("It gives back:", action.output)] {
                if !fields.is_empty() {
                    self.text(title);
                    self.fields(fields.iter());
                }
            }
        }
    }

    fn fields(&mut self, fields: impl Iterator<Item = &'static FieldDecl>) {
        let columns = ["no", "field", "type", "access", "unit", "default", "what"];
        self.table(
            &columns,
            fields.map(|field| {
                let required = if field.required { ", required" } else { "" };
                let since = if field.since > 1 { format!(" Since {}.", field.since) } else { String::new() };
                vec![
                    field.number.to_string(),
                    format!("`{}`", field.name),
                    said::type_of(&field.ty),
                    format!("{}{required}", said::access(field.access)),
                    field.unit.to_owned(),
                    field.default.to_owned(),
                    format!("{}{since}", cell(field.doc)),
                ]
            }),
        );
    }

    fn enums(&mut self, schema: &Schema) {
        let mut all: BTreeMap<&'static str, &'static EnumDecl> = BTreeMap::new();
        let fields = schema
            .kinds()
            .flat_map(|kind| kind.fields().chain(kind.actions.iter().flat_map(|a| a.input.iter().chain(a.output))));
        for field in fields {
            collect(&field.ty, &mut all);
        }
        self.text("## Enumerations");
        self.text("Words of an open enumeration may become more; a client must bear those it does not know.");
        for (name, decl) in all {
            self.text(&format!("### {name}{}", if decl.open { " (open)" } else { "" }));
            let rows = decl.values.iter();
            self.table(
                &["no", "word", "JSON", "MML", "what"],
                rows.map(|v| vec![v.number.to_string(), v.name.to_owned(), camel(v.name), upper(v.name), cell(v.doc)]),
            );
        }
    }

    fn text(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn list(&mut self, items: impl Iterator<Item = String>) {
        self.0.push('\n');
        for item in items {
            // A string takes everything.
            let _infallible = writeln!(self.0, "- {item}");
        }
    }

    fn table(&mut self, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let titles: Vec<String> = columns.iter().map(ToString::to_string).collect();
        self.0.push('\n');
        self.0.push_str(&line(&titles));
        self.0.push_str(&line(&vec!["---".to_owned(); columns.len()]));
        for row in rows {
            self.0.push_str(&line(&row));
        }
    }
}

/// Text that does not break a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn collect(ty: &Type, all: &mut BTreeMap<&'static str, &'static EnumDecl>) {
    if let Type::Enum(decl) = ty {
        all.insert(decl.name, decl);
    } else if let Type::List { of, .. } = ty {
        collect(of, all);
    } else if let Type::Rows { of, .. } = ty {
        of.iter().for_each(|f| collect(&f.ty, all));
    }
}

fn index(kind: &KindDecl) -> (&'static str, &'static str) {
    match kind.indexed {
        Indexed::Name => ("name", "NAME=\"..\""),
        Indexed::Sequence => ("sequence", "SEQUENCE=.."),
    }
}

fn verb_cells(kind: &KindDecl, verb: Verb, class: RecordClass) -> Vec<String> {
    let (name, which) = index(kind);
    let (many, upper) = (format!("/v1/{}", kind.plural), upper(kind.name));
    let one = format!("{many}/{{{name}}}");
    let (rest, mml) = match verb {
        Verb::Create => (format!("POST {many}"), format!("ADD {upper}: ..;")),
        Verb::Read => (format!("GET {one}"), format!("DSP {upper}: {which};")),
        Verb::List => (format!("GET {many}"), format!("LST {upper};")),
        Verb::Update => (format!("PATCH {one}"), format!("MOD {upper}: {which}, ..;")),
        Verb::Delete => (format!("DELETE {one}"), format!("RMV {upper}: {which};")),
        Verb::Invoke => (format!("POST {one}/.."), String::new()),
    };
    let index = name.to_uppercase();
    let cli = match verb {
        Verb::Create => format!("strowger {} create {index} ..", kind.name),
        Verb::Read => format!("strowger {} show {index}", kind.name),
        Verb::List => format!("strowger {} list", kind.name),
        Verb::Update => format!("strowger {} set {index} ..", kind.name),
        Verb::Delete => format!("strowger {} delete {index}", kind.name),
        Verb::Invoke => format!("strowger {} .. {index}", kind.name),
    };
    vec![verb.word().to_owned(), code(&rest), code(&mml), code(&cli), said::record(class).to_owned()]
}

fn action_cells(kind: &KindDecl, action: &ActionDecl) -> Vec<String> {
    let (name, which) = index(kind);
    vec![
        action.name.to_owned(),
        code(&format!("POST /v1/{}/{{{name}}}/{}", kind.plural, action.name)),
        code(&format!("{} {}: {which};", upper(action.name), upper(kind.name))),
        code(&format!("strowger {} {} {}", kind.name, action.name, name.to_uppercase())),
        said::record(RecordClass::Each).to_owned(),
    ]
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_field_action_and_word_is_there() {
        let schema = strowger_kinds::all();
        let page = print(&schema);
        for kind in schema.kinds() {
            assert!(page.contains(&format!("\n## {}\n", kind.name)));
            for field in kind.fields() {
                assert!(page.contains(&format!("| {} | `{}` | ", field.number, field.name)), "{}", field.name);
            }
        }
        for wanted in [
            "| create | `POST /v1/orders` | `ADD ORDER: ..;` | `strowger order create NAME ..` | each |",
            "| `POST /v1/records/{sequence}/prove` |",
            "| 2 | in-progress | inProgress | IN_PROGRESS |",
            "| u64 |",
        ] {
            assert!(page.contains(wanted), "{wanted}");
        }
        // A cell that holds a bar of its own would make a row of another width.
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let mut width = 0;
        for line in page.lines() {
            match line.starts_with('|') {
                true if width == 0 => width = bars(line),
                true => assert_eq!(bars(line), width, "{line}"),
                false => width = 0,
            }
        }
    }
}
