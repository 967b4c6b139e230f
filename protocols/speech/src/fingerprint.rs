//! Fingerprints: whether a command under the same key is the same command, however it was typed.

use strowger_primitive::{FieldDecl, Fields, Fnv, Operation, Ref, Type, Value};

use crate::print::literal;

/// The hash of what is asked; it is kept for a day beside the key.
pub(crate) fn fingerprint(operation: &Operation) -> u64 {
    let mut hash = Print::default();
    hash.text(operation.word());
    hash.text(operation.kind().map_or("", |k| k.name));
    match operation {
        Operation::Create(document) => hash.fields(document.kind.fields(), &document.fields),
        Operation::Read(target) => hash.target(target),
        Operation::Update(target, only, patch) => {
            hash.target(target);
            hash.text(&only.map_or_else(String::new, |r| r.0.to_string()));
            for (path, change) in &patch.0 {
                let field = target.kind.field(path.field);
                hash.text(&path.field.to_string());
                match (field, change) {
                    (Some(field), strowger_primitive::Change::Set(value)) => hash.value(&field.ty, value),
                    (_, strowger_primitive::Change::Set(_) | strowger_primitive::Change::Unset) => hash.text("NULL"),
                }
            }
        }
        Operation::Delete(target, only) => {
            hash.target(target);
            hash.text(&only.map_or_else(String::new, |r| r.0.to_string()));
        }
        Operation::Invoke(target, action, input) => {
            hash.target(target);
            hash.fields(action.input.iter(), input);
        }
        Operation::List(_) | Operation::Cancel(_) | Operation::Prove => {}
    }
    hash.0.0
}

#[derive(Default)]
struct Print(Fnv);

impl Print {
    /// A text and its end, so that two texts never run into one.
    fn text(&mut self, text: &str) {
        self.0.add(text.as_bytes());
        self.0.add(&[0xFF]);
    }

    fn target(&mut self, target: &Ref) {
        self.text(&target.index.to_string());
    }

    fn fields<'a>(&mut self, declared: impl Iterator<Item = &'a FieldDecl>, fields: &Fields) {
        for field in declared {
            if let Some(value) = fields.get(field) {
                self.text(&field.number.to_string());
                self.value(&field.ty, value);
            }
        }
    }

    fn value(&mut self, ty: &Type, value: &Value) {
        if let Value::Secret(secret) = value {
            self.text(secret.expose());
        } else {
            self.text(&literal(ty, value));
        }
    }
}
