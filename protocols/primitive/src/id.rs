//! Names people choose and identifiers we give.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::{Now, OPERATOR, SHARED, Text, World};

/// The name of a thing, unique in its tenant and kind, chosen by the user or given by us, never changed:
/// `[a-z0-9][a-z0-9._-]{0,63}`. Ordered as SNMP orders indexes (RFC 2578 §7.7): by length, then by octets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

/// Why a text is no [`Name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadName;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit")
    }
}

impl std::error::Error for BadName {}

impl Name {
    /// Longest name, in octets.
    pub const MAX: usize = 64;

    /// Takes `text` as a name.
    ///
    /// # Errors
    /// [`BadName`] where it does not follow the grammar.
    pub fn new(text: &str) -> Result<Self, BadName> {
        Self::check(text).map(|()| Self(text.into()))
    }

    /// Likewise, without a copy.
    ///
    /// # Errors
    /// [`BadName`] where it does not follow the grammar.
    pub fn of_text(text: &Text) -> Result<Self, BadName> {
        Self::check(text).map(|()| Self(Text::clone(text)))
    }

    /// Whether `text` is a name.
    ///
    /// # Errors
    /// [`BadName`] where it does not follow the grammar.
    pub fn check(text: &str) -> Result<(), BadName> {
        let inner = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let bytes = text.as_bytes();
        match bytes.first() {
            Some(b'a'..=b'z' | b'0'..=b'9') if bytes.len() <= Self::MAX && bytes.iter().all(|b| inner(*b)) => Ok(()),
            _ => Err(BadName),
        }
    }

    /// A name we give where the user chose none: the identifier in lower case.
    #[must_use]
    pub fn of_id(id: Id) -> Self {
        let mut digits = id.digits();
        digits.make_ascii_lowercase();
        Self(std::str::from_utf8(&digits).unwrap_or_default().into())
    }

    /// The tenant [`OPERATOR`].
    #[must_use]
    pub fn operator() -> &'static Self {
        static NAME: LazyLock<Name> = LazyLock::new(|| Name(OPERATOR.into()));
        &NAME
    }

    /// The tenant [`SHARED`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static NAME: LazyLock<Name> = LazyLock::new(|| Name(SHARED.into()));
        &NAME
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as shared text, without a copy.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.as_bytes().cmp(other.0.as_bytes()))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An identifier of ours: a ULID, 48 bits of milliseconds and 80 random bits, printed as 26 characters of
/// Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

/// The identifier of a request, told to the peer and written in the record.
pub type RequestId = Id;

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Id {
    /// A new identifier of this moment.
    #[must_use]
    pub fn new(world: &dyn World, now: Now) -> Self {
        let mut random = [0u8; 16];
        if let Some(low) = random.get_mut(6..) {
            world.random(low);
        }
        let milliseconds = u128::from(now.wall.0.unsigned_abs()) & 0xFFFF_FFFF_FFFF;
        Self(milliseconds << 80 | u128::from_be_bytes(random))
    }

    fn digits(self) -> [u8; 26] {
        let mut digits = [b'0'; 26];
        let mut rest = self.0;
        for slot in digits.iter_mut().rev() {
            *slot = CROCKFORD.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        digits
    }

    /// Reads the printed form; case does not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 26 {
            return None;
        }
        let mut id: u128 = 0;
        for (i, b) in text.bytes().enumerate() {
            let digit = CROCKFORD.iter().position(|c| *c == b.to_ascii_uppercase())?;
            if i == 0 && digit > 7 {
                return None;
            }
            id = id << 5 | u128::try_from(digit).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_and_the_order_of_snmp() {
        for good in ["a", "demo-1", "0.x_y", &"a".repeat(64)] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert_eq!(Name::new(bad), Err(BadName), "{bad}");
        }
        let mut names: Vec<Name> = ["svc-10", "svc-2", "b", "a"].iter().filter_map(|n| Name::new(n).ok()).collect();
        names.sort();
        assert_eq!(names.iter().map(Name::as_str).collect::<Vec<_>>(), ["a", "b", "svc-2", "svc-10"]);
    }

    #[test]
    fn an_identifier_reads_back() {
        for id in [Id(0), Id(u128::MAX), Id(0x0192_8A00_0000_1234_5678_9ABC_DEF0_1234)] {
            assert_eq!(Id::parse(&id.to_string()), Some(id));
        }
        assert_eq!(Id::parse("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), None, "more than 128 bits");
        assert_eq!(Id::parse("short"), None);
    }
}
