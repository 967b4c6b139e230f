//! Bounded JSON, kept as it is: order of keys, whole numbers whole.

use std::collections::BTreeSet;

use strowger_primitive::{Any, Text};

use super::token::{Bad, Reader, Sort};

/// Reads any JSON of at most `max` octets. It is taken either way; the inner error says why it is refused.
pub(super) fn read(reader: &mut Reader<'_>, max: u32) -> Result<Result<Any, String>, Bad> {
    let mut bounds = Bounds { left: max as usize, refused: None };
    let any = bounds.read(reader, 1)?;
    Ok(match bounds.refused {
        None => Ok(any),
        Some(Refused::Deep) => Err(format!("must not be deeper than {}", Any::DEEPEST)),
        Some(Refused::Large) => Err(format!("must be at most {max} octets")),
        Some(Refused::Twice) => Err("names a key twice".to_owned()),
        Some(Refused::Number) => Err("holds a number that no computer keeps".to_owned()),
    })
}

/// Why a value is refused; what comes behind is skipped.
enum Refused {
    Deep,
    Large,
    Twice,
    Number,
}

struct Bounds {
    left: usize,
    refused: Option<Refused>,
}

impl Bounds {
    fn read(&mut self, reader: &mut Reader<'_>, depth: usize) -> Result<Any, Bad> {
        if depth > Any::DEEPEST {
            self.refused.get_or_insert(Refused::Deep);
        }
        if self.refused.is_some() {
            reader.skip()?;
            return Ok(Any::Null);
        }
        Ok(match reader.peek()? {
            Sort::Null => {
                self.spend(5);
                reader.null()?;
                Any::Null
            }
            Sort::Bool => {
                self.spend(5);
                Any::Bool(reader.bool()?)
            }
            Sort::Number => {
                self.spend(8);
                Any::number(reader.number()?).unwrap_or_else(|| {
                    self.refused.get_or_insert(Refused::Number);
                    Any::Null
                })
            }
            Sort::Text => {
                let text = reader.text()?;
                self.spend(text.len() + 2);
                Any::Text(text.as_ref().into())
            }
            Sort::List => {
                let mut list = Vec::new();
                self.spend(2);
                reader.enter()?;
                let mut first = true;
                while reader.element(&mut first)? {
                    let value = self.read(reader, depth + 1)?;
                    self.spend(1);
                    if self.refused.is_none() {
                        list.push(value);
                    }
                }
                Any::List(list)
            }
            Sort::Object => self.object(reader, depth)?,
        })
    }

    fn object(&mut self, reader: &mut Reader<'_>, depth: usize) -> Result<Any, Bad> {
        let mut map: Vec<(Text, Any)> = Vec::new();
        let mut keys: BTreeSet<Text> = BTreeSet::new();
        self.spend(2);
        reader.enter()?;
        let mut first = true;
        while let Some(key) = reader.key(&mut first)? {
            self.spend(key.len() + 4);
            let value = self.read(reader, depth + 1)?;
            if self.refused.is_some() {
                continue;
            }
            let key: Text = key.as_ref().into();
            if !keys.insert(Text::clone(&key)) {
                self.refused.get_or_insert(Refused::Twice);
            }
            map.push((key, value));
        }
        Ok(Any::Map(map))
    }

    /// Counts as [`Any::size`] does, so that nothing larger is ever built.
    fn spend(&mut self, octets: usize) {
        match self.left.checked_sub(octets) {
            Some(left) => self.left = left,
            None => {
                self.refused.get_or_insert(Refused::Large);
            }
        }
    }
}
