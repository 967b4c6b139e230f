//! The schema of a declared type, as an answer, a body or a query has it.

use strowger_primitive::{Any, EnumDecl, FieldDecl, Type, Value, camel, common, pascal, read_scalar};

use super::Dialect;
use super::tree::{Leaf, Node, component};
use crate::json::LONGEST_FILTER;

/// The grammar of names.
pub(super) const NAME: &str = "^[a-z0-9][a-z0-9._-]{0,63}$";
/// A `u64` as a string.
pub(super) const DIGITS: &str = "^(0|[1-9][0-9]{0,19})$";
/// Text that every protocol can carry: no control characters but TAB and LF.
const PLAIN: &str = r"^[^\u0000-\u0008\u000B-\u001F\uFFFE\uFFFF]*$";
/// The key of a map.
const KEY: &str = r"^[^\u0000-\u0008\u000A-\u001F=\uFFFE\uFFFF]+$";

/// Where a schema stands; it decides what is allowed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// What the gateway shows. Null is not there; words of later releases may come.
    Answer,
    /// What a maker or the caller of an action sends. Null is what is not said.
    Input,
    /// What is to change. Null unsets.
    Patch,
    /// A value in a URL.
    Query,
}

/// Where a field is: the names of components are made from it.
pub(super) struct Site<'a> {
    pub(super) dialect: Dialect,
    pub(super) role: Role,
    /// The type name of what has the field: `Offer`.
    pub(super) of: &'a str,
}

impl Site<'_> {
    /// The schema of a field with all that is said of it.
    pub(super) fn field(&self, field: &FieldDecl) -> Node {
        let mut node = if field.number == common::NAME.number && field.name == common::NAME.name {
            Node::new().with("type", "string").with("pattern", NAME).with("maxLength", 64u32)
        } else {
            self.schema(&field.ty, field.name)
        };
        if self.nullable(field) {
            node = nullable(node);
        } else if self.must_be_said(field) {
            node.set("minLength", 1u32);
        }
        if !field.default.is_empty() && self.role == Role::Input {
            node = node.maybe("default", default(field));
        }
        if matches!(field.ty, Type::Secret { .. }) {
            node.set("writeOnly", true);
        } else if self.role == Role::Answer && !field.creatable() {
            node.set("readOnly", true);
        }
        let node = node.with("description", field.doc).with("x-no", u32::from(field.number));
        let node = node.maybe("x-unit", (!field.unit.is_empty()).then_some(field.unit));
        node.maybe("x-since", (field.since > 1).then_some(u32::from(field.since)))
    }

    /// Empty text is null, so what is required is not empty.
    fn must_be_said(&self, field: &FieldDecl) -> bool {
        let taken = matches!(self.role, Role::Input | Role::Patch);
        let text = matches!(field.ty, Type::Text { .. } | Type::Bytes { .. } | Type::Secret { .. });
        taken && text && field.required && field.default.is_empty()
    }

    /// Typed clients of the 3.0 form cannot send null; they have `unset`.
    fn nullable(&self, field: &FieldDecl) -> bool {
        self.dialect == Dialect::V31
            && match self.role {
                Role::Input => !(field.required && field.default.is_empty()),
                Role::Patch => !field.required,
                Role::Answer | Role::Query => false,
            }
    }

    /// The schema of a type; `name` is the field's.
    pub(super) fn schema(&self, ty: &Type, name: &str) -> Node {
        let sort = |sort: &str| Node::new().with("type", sort);
        let format = |sort: &str, format: &str| Node::new().with("type", sort).with("format", format);
        match ty {
            Type::Bool => sort("boolean"),
            Type::Enum(decl) => self.choices(decl),
            Type::I32 { min, max } => {
                format("integer", "int32").with("minimum", i128::from(*min)).with("maximum", i128::from(*max))
            }
            Type::U32 { min, max, .. } => format("integer", "uint32").with("minimum", *min).with("maximum", *max),
            Type::Duration { max } => format("integer", "uint32").with("minimum", 0u32).with("maximum", *max),
            Type::U64 { .. } => format("string", "uint64").with("pattern", DIGITS),
            Type::Decimal { scale: 0 } => format("string", "decimal").with("pattern", "^-?[0-9]{1,19}$"),
            Type::Decimal { scale } => {
                let whole = 19u8.saturating_sub(*scale).max(1);
                format("string", "decimal").with("pattern", format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$"))
            }
            Type::Text { max } if self.role == Role::Query => {
                sort("string").with("maxLength", LONGEST_FILTER.min(*max))
            }
            Type::Text { max } => {
                let plain = self.dialect == Dialect::V31 && matches!(self.role, Role::Input | Role::Patch);
                sort("string")
                    .maybe("pattern", plain.then_some(PLAIN))
                    .with("maxLength", *max)
                    .with("x-max-octets", *max)
            }
            Type::Bytes { max } if self.role == Role::Query => {
                format("string", "byte").with("maxLength", LONGEST_FILTER.min(max.div_ceil(3).saturating_mul(4)))
            }
            Type::Bytes { max } => {
                let node = format("string", "byte").with("maxLength", max.div_ceil(3).saturating_mul(4));
                let encoding = (self.dialect == Dialect::V31).then_some("base64");
                node.maybe("contentEncoding", encoding).with("x-max-octets", *max)
            }
            Type::Time => format("string", "date-time"),
            Type::Ref(kind) => sort("string").with("pattern", NAME).with("maxLength", 64u32).with("x-ref", *kind),
            Type::Secret { max } => format("string", "password").with("maxLength", *max).with("x-max-octets", *max),
            Type::List { of, max } => sort("array").with("items", self.schema(of, name)).with("maxItems", *max),
            Type::Rows { max, .. } => {
                sort("array").with("items", component("schemas", &self.row_name(name))).with("maxItems", *max)
            }
            Type::Map { max, each } => self.map(*max, *each),
            Type::Any { max } => Node::new().with("x-max-octets", *max),
        }
    }

    /// The component of a record of the list of records `field`.
    pub(super) fn row_name(&self, field: &str) -> String {
        let made = if self.role == Role::Answer { "" } else { "Create" };
        format!("{}{}Row{made}", self.of, pascal(field))
    }

    fn choices(&self, decl: &EnumDecl) -> Node {
        let words: Vec<String> = decl.values.iter().map(|v| camel(v.name)).collect();
        let node = Node::new().with("type", "string");
        // RFC 2119 to clients: later releases add words to an open enumeration, so an answer lists none as the last.
        if self.role == Role::Answer && decl.open { node.with("x-enum", words) } else { node.with("enum", words) }
    }

    fn map(&self, max: u32, each: u32) -> Node {
        let mut text = Node::new().with("type", "string").with("maxLength", each).with("x-max-octets", each);
        let mut node = Node::new().with("type", "object");
        if self.dialect == Dialect::V31 && self.role != Role::Answer {
            text = text.with("pattern", PLAIN);
            let key = Node::new().with("type", "string").with("pattern", KEY).with("maxLength", 255u32);
            node = node.with("propertyNames", key);
            if self.role == Role::Patch {
                text = nullable(text);
            }
        }
        node = node.with("additionalProperties", text);
        if self.role == Role::Patch { node } else { node.with("maxProperties", max) }
    }
}

/// What JSON Schema 2020-12 calls nullable.
fn nullable(node: Node) -> Node {
    let Some(Any::Text(sort)) = node.get("type").cloned() else { return node };
    let words = match node.get("enum") {
        Some(Any::List(words)) => Some(words.iter().cloned().chain([Any::Null]).collect::<Vec<_>>()),
        Some(_) | None => None,
    };
    node.with("type", vec![Any::Text(sort), "null".any()]).maybe("enum", words)
}

/// The default as JSON writes it.
fn default(field: &FieldDecl) -> Option<Any> {
    let mut out = Vec::new();
    let value = read_scalar(&field.ty, field.default).ok()?;
    Some(match value {
        Value::Bool(b) => Any::Bool(b),
        Value::Int(n) => Any::Int(n.into()),
        Value::Uint(n) if !matches!(field.ty, Type::U64 { .. }) => Any::Int(n.into()),
        Value::Enum(n) => {
            let Type::Enum(decl) = field.ty else { return None };
            camel(decl.name_of(n)?).any()
        }
        Value::Text(text) => Any::Text(text),
        Value::Uint(_) | Value::Decimal(_) | Value::Time(_) | Value::Bytes(_) => {
            crate::json::write_scalar(&field.ty, &value, &mut out);
            String::from_utf8(out).ok()?.trim_matches('"').any()
        }
        Value::Secret(_) | Value::List(_) | Value::Rows(_) | Value::Map(_) | Value::Any(_) | Value::Raw(_) => {
            return None;
        }
    })
}
