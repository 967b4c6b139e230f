//! The components of a kind: what is shown, made, changed and listed of it, and what its actions take and give.

use strowger_primitive::{FieldDecl, KindDecl, Shape, Type, Verb, camel, pascal};

use super::Dialect;
use super::tree::{Node, component};
use super::types::{Role, Site};

/// Adds the kind's components to `schemas`.
pub(super) fn add(kind: &'static KindDecl, dialect: Dialect, schemas: &mut Node) {
    let of = kind.type_name();
    let answer = Site { dialect, role: Role::Answer, of: &of };
    rows(&answer, kind.fields().filter(|f| f.readable()), schemas);
    let shown = answer.object(kind.fields().filter(|f| f.readable()));
    let index: Vec<String> = kind.fields().filter(|f| f.number <= 2).map(FieldDecl::camel).collect();
    let shown = shown.with("required", index).with("description", kind.doc).with("x-no", u32::from(kind.number));
    schemas.set(&of, shown.with("x-since", u32::from(kind.since)));
    if kind.has(Verb::List) {
        schemas.set(format!("{of}Page"), page(&of));
    }
    let made = Site { dialect, role: Role::Input, of: &of };
    if kind.has(Verb::Create) || kind.has(Verb::Update) {
        rows(&made, kind.fields().filter(|f| f.creatable()), schemas);
    }
    if kind.has(Verb::Create) {
        schemas.set(format!("{of}Create"), made.body(kind.fields().filter(|f| f.creatable())));
    }
    if kind.has(Verb::Update) {
        let patch = Site { dialect, role: Role::Patch, of: &of };
        let merge = patch.object(kind.fields().filter(|f| f.patchable())).with("additionalProperties", false);
        if dialect == Dialect::V31 {
            schemas
                .set(format!("{of}MergePatch"), merge.clone().with("description", "What is to change: null unsets."));
        }
        schemas.set(format!("{of}Patch"), with_unset(kind, dialect, merge));
    }
    for action in kind.actions {
        let name = format!("{of}{}", pascal(action.name));
        if !action.input.is_empty() {
            let site = Site { dialect, role: Role::Input, of: &name };
            rows(&site, action.input.iter(), schemas);
            schemas.set(format!("{name}Input"), site.body(action.input.iter()));
        }
        if !action.output.is_empty() {
            let site = Site { dialect, role: Role::Answer, of: &name };
            rows(&site, action.output.iter(), schemas);
            schemas.set(format!("{name}Output"), site.object(action.output.iter()));
        }
    }
}

impl Site<'_> {
    fn object<'d>(&self, fields: impl Iterator<Item = &'d FieldDecl>) -> Node {
        let properties = fields.fold(Node::new(), |node, field| node.with(field.camel(), self.field(field)));
        Node::new().with("type", "object").with("properties", properties)
    }

    /// What is taken in: nothing but what is declared.
    fn body<'d>(&self, fields: impl Iterator<Item = &'d FieldDecl> + Clone) -> Node {
        let needed: Vec<String> =
            fields.clone().filter(|f| f.required && f.default.is_empty()).map(FieldDecl::camel).collect();
        let node = self.object(fields).with("additionalProperties", false);
        if needed.is_empty() { node } else { node.with("required", needed) }
    }
}

/// The records of the lists of records among `fields`.
fn rows<'d>(site: &Site<'_>, fields: impl Iterator<Item = &'d FieldDecl>, schemas: &mut Node) {
    for field in fields {
        let Type::Rows { of, .. } = field.ty else { continue };
        let no = Node::new().with("type", "integer").with("format", "uint32").with("minimum", 1u32);
        let no = no.with("maximum", u32::MAX).with("description", "Its number in the list.").with("x-no", 1u32);
        let row = if site.role == Role::Answer {
            site.object(of.iter().filter(|f| f.readable())).with("required", vec!["no"])
        } else {
            site.body(of.iter().filter(|f| f.creatable()))
        };
        schemas.set(site.row_name(field.name), row.with_first("properties", "no", no));
    }
}

fn page(of: &str) -> Node {
    let items = Node::new().with("type", "array").with("items", component("schemas", of));
    let next =
        Node::new().with("type", "string").with("description", "The cursor of the next page; absent at the end.");
    Node::new()
        .with("type", "object")
        .with("properties", Node::new().with("items", items).with("next", next))
        .with("required", vec!["items"])
}

/// The patch of clients that cannot send null.
fn with_unset(kind: &'static KindDecl, dialect: Dialect, patch: Node) -> Node {
    let name = Node::new().with("type", "string").with("maxLength", 512u32);
    let name = name.maybe("pattern", (dialect == Dialect::V31).then(|| unset_names(kind)));
    let unset = Node::new().with("type", "array").with("items", name).with("maxItems", 256u32).with(
        "description",
        "What is to be null: field, field.key of a map, field.no or field.no.subfield of a list of records.",
    );
    patch
        .with_last("properties", "unset", unset)
        .with("description", "What is to change: what is not said stays, what unset names becomes null.")
}

fn unset_names(kind: &'static KindDecl) -> String {
    let names: Vec<String> = kind
        .fields()
        .filter(|f| f.patchable() && !f.required)
        .map(|field| {
            let name = field.camel();
            match field.ty.shape() {
                Shape::Map => format!("{name}(\\..+)?"),
                Shape::Rows(of) => {
                    let subs: Vec<String> = of.iter().map(|f| camel(f.name)).collect();
                    format!("{name}(\\.[1-9][0-9]{{0,8}}(\\.({}))?)?", subs.join("|"))
                }
                Shape::Scalar | Shape::List(_) | Shape::Any => name,
            }
        })
        .collect();
    format!("^({})$", names.join("|"))
}
