//! JSON under construction: objects that keep the order in which they are written, printed the same way every time.

use strowger_primitive::{Any, Text};

use crate::json::write_text;

/// An object being built.
#[derive(Clone, Default)]
pub(super) struct Node(Vec<(Text, Any)>);

impl Node {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With a member more; one of that name is replaced in its place.
    pub(super) fn with(mut self, key: impl AsRef<str>, value: impl Leaf) -> Self {
        self.set(key, value);
        self
    }

    /// With a member more, where there is something to say.
    pub(super) fn maybe(self, key: &str, value: Option<impl Leaf>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(super) fn set(&mut self, key: impl AsRef<str>, value: impl Leaf) {
        let (key, value) = (key.as_ref(), value.any());
        match self.0.iter_mut().find(|(k, _)| &**k == key) {
            Some(slot) => slot.1 = value,
            None => self.0.push((key.into(), value)),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Any> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, v)| v)
    }

    /// With a member more at the end of the object `within`.
    pub(super) fn with_last(self, within: &str, key: &str, value: impl Leaf) -> Self {
        let Some(Any::Map(mut members)) = self.get(within).cloned() else { return self };
        members.push((key.into(), value.any()));
        self.with(within, Any::Map(members))
    }

    /// With a member more at the beginning of the object `within`.
    pub(super) fn with_first(self, within: &str, key: &str, value: impl Leaf) -> Self {
        let Some(Any::Map(mut members)) = self.get(within).cloned() else { return self };
        members.insert(0, (key.into(), value.any()));
        self.with(within, Any::Map(members))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text, with two spaces a level and a line end behind it.
    pub(super) fn print(self) -> String {
        let mut out = Vec::new();
        print(&self.any(), 0, &mut out);
        out.push(b'\n');
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A reference to a component.
pub(super) fn component(section: &str, name: &str) -> Node {
    Node::new().with("$ref", format!("#/components/{section}/{name}"))
}

/// What can stand in a tree.
pub(super) trait Leaf {
    fn any(self) -> Any;
}

impl Leaf for Any {
    fn any(self) -> Any {
        self
    }
}

impl Leaf for Node {
    fn any(self) -> Any {
        Any::Map(self.0)
    }
}

impl Leaf for &str {
    fn any(self) -> Any {
        Any::Text(self.into())
    }
}

impl Leaf for String {
    fn any(self) -> Any {
        Any::Text(self.into())
    }
}

impl Leaf for bool {
    fn any(self) -> Any {
        Any::Bool(self)
    }
}

impl Leaf for i128 {
    fn any(self) -> Any {
        Any::Int(self)
    }
}

impl Leaf for u32 {
    fn any(self) -> Any {
        Any::Int(self.into())
    }
}

impl<T: Leaf> Leaf for Vec<T> {
    fn any(self) -> Any {
        Any::List(self.into_iter().map(Leaf::any).collect())
    }
}

fn print(any: &Any, depth: usize, out: &mut Vec<u8>) {
    match any {
        Any::Null => out.extend_from_slice(b"null"),
        Any::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Any::Int(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Any::Float(float) => out.extend_from_slice(format!("{float:?}").as_bytes()),
        Any::Text(text) => write_text(text, out),
        Any::List(list) if list.iter().all(|v| matches!(v, Any::Text(_) | Any::Null)) => {
            out.push(b'[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.extend_from_slice(b", ");
                }
                print(value, depth, out);
            }
            out.push(b']');
        }
        Any::List(list) => {
            out.push(b'[');
            for (i, value) in list.iter().enumerate() {
                line(i > 0, depth + 1, out);
                print(value, depth + 1, out);
            }
            line(false, depth, out);
            out.push(b']');
        }
        Any::Map(map) if map.is_empty() => out.extend_from_slice(b"{}"),
        Any::Map(map) => {
            out.push(b'{');
            for (i, (key, value)) in map.iter().enumerate() {
                line(i > 0, depth + 1, out);
                write_text(key, out);
                out.extend_from_slice(b": ");
                print(value, depth + 1, out);
            }
            line(false, depth, out);
            out.push(b'}');
        }
    }
}

fn line(comma: bool, depth: usize, out: &mut Vec<u8>) {
    if comma {
        out.push(b',');
    }
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}
