//! Values: what a field holds. The list is closed; `strowger-kinds` writes down each one's form in every protocol.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::{Any, Rows, Time};

/// Shared immutable text.
pub type Text = Arc<str>;

/// What `take` makes of a printed value. Where it prints short, nothing comes onto the heap.
pub fn print_to<T>(what: &impl fmt::Display, take: impl FnOnce(&str) -> T) -> T {
    let mut short = Short { octets: [0; 96], length: 0 };
    let whole = write!(short, "{what}").ok().and_then(|()| std::str::from_utf8(short.octets.get(..short.length)?).ok());
    match whole {
        Some(text) => take(text),
        None => take(&what.to_string()),
    }
}

/// A printed value as text.
#[must_use]
pub fn printed(what: &impl fmt::Display) -> Text {
    print_to(what, |text| Text::from(text))
}

/// What is printed, as long as it is short.
struct Short {
    octets: [u8; 96],
    length: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.octets.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The value of a field. Empty text, bytes, secret or reference is no value: it is null.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// The number of an enumeration's value.
    Enum(u32),
    /// `i32`.
    Int(i32),
    /// `u32`, `u64` and durations, in the unit of the declaration.
    Uint(u64),
    /// The mantissa; the scale is the declaration's.
    Decimal(i64),
    /// Text and references.
    Text(Text),
    /// Octets.
    Bytes(Arc<[u8]>),
    /// Wall time.
    Time(Time),
    /// What is written and never read.
    Secret(Secret),
    /// A list of scalars.
    List(Vec<Value>),
    /// A list of records by their number.
    Rows(Rows),
    /// A map of text.
    Map(BTreeMap<Text, Text>),
    /// Bounded JSON; on the heap, since it is rare and would double the size of every value.
    Any(Box<Any>),
    /// One stored item whose number this release does not know, kept as it was read (CBOR).
    Raw(Arc<[u8]>),
}

impl Value {
    /// The text of a text or reference.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether this stands for no value: empty text, octets or secret.
    #[must_use]
    pub fn is_null(&self) -> bool {
        if let Self::Text(text) = self {
            text.is_empty()
        } else if let Self::Bytes(bytes) = self {
            bytes.is_empty()
        } else if let Self::Secret(secret) = self {
            secret.expose().is_empty()
        } else {
            false
        }
    }
}

/// What is written and never read: never printed, overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes `text` in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_bytes().into_boxed_slice())
    }

    /// The secret itself, for the one place that derives from it or compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}
