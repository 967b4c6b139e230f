//! Texts that many documents hold: one copy of each.

use std::collections::{BTreeMap, HashSet};

use strowger_primitive::{Document, Text, Type, Value, common};

/// Shares the texts of references, of makers' names and of maps' keys between documents.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Text>);

/// Most texts remembered: the offers, providers, principals and parameters in use, not one of each order.
const MOST: usize = 8_192;

impl Texts {
    /// Makes `document` hold the copies the others hold, and no room for more.
    pub(crate) fn share(&mut self, document: &mut Document) {
        let kind = document.kind;
        for field in kind.fields() {
            let shared = field.number == common::CREATED_BY.number || matches!(field.ty, Type::Ref(_));
            match document.fields.get_mut(field.number) {
                Some(Value::Text(text)) if shared => *text = self.one(Text::clone(text)),
                Some(Value::Map(map)) => {
                    let all = std::mem::take(map).into_iter();
                    *map = all.map(|(key, value)| (self.one(key), value)).collect::<BTreeMap<_, _>>();
                }
                Some(_) | None => {}
            }
        }
        document.fields.shrink();
    }

    fn one(&mut self, text: Text) -> Text {
        if let Some(shared) = self.0.get(&text) {
            return Text::clone(shared);
        }
        if self.0.len() < MOST {
            self.0.insert(Text::clone(&text));
        }
        text
    }
}
