//! Bounded JSON, and the rules that all its readers share.

use crate::Text;

/// Any JSON, bounded in size and depth by its declaration. Object keys keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Any {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from -2^63 to 2^64-1.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Text),
    /// An array.
    List(Vec<Any>),
    /// An object.
    Map(Vec<(Text, Any)>),
}

impl Any {
    /// Deepest nesting; a scalar is 1 deep.
    pub const DEEPEST: usize = 16;

    /// What a number that follows the grammar of RFC 8259 §6 stands for: whole numbers stay whole, but `-0`, whose sign
    /// only a float keeps. `None` where it is beyond 64 bits.
    #[must_use]
    pub fn number(text: &str) -> Option<Self> {
        let whole = text.parse().ok().filter(|n| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(n));
        match whole.filter(|_| text != "-0") {
            Some(n) => Some(Self::Int(n)),
            None => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Self::Float),
        }
    }

    /// How deep it is nested.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) => 1,
            Self::List(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(map) => 1 + map.iter().map(|(_, v)| v.depth()).max().unwrap_or(0),
        }
    }

    /// What a declaration's most octets are compared with, however it was written: its shortest JSON, near enough; each
    /// number counts 8.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 5,
            Self::Int(_) | Self::Float(_) => 8,
            Self::Text(text) => text.len() + 2,
            Self::List(list) => 2 + list.iter().map(|v| v.size() + 1).sum::<usize>(),
            Self::Map(map) => 2 + map.iter().map(|(k, v)| k.len() + v.size() + 4).sum::<usize>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_they_say() {
        for (text, number) in [
            ("0", Some(Any::Int(0))),
            ("-9223372036854775808", Some(Any::Int(i64::MIN.into()))),
            ("18446744073709551615", Some(Any::Int(u64::MAX.into()))),
            ("18446744073709551616", Some(Any::Float(18_446_744_073_709_551_616.0))),
            ("1e2", Some(Any::Float(100.0))),
            ("1e999", None),
        ] {
            assert_eq!(Any::number(text), number, "{text}");
        }
        assert!(matches!(Any::number("-0"), Some(Any::Float(zero)) if zero.is_sign_negative()));
    }

    #[test]
    fn depth_and_size_are_counted() {
        let any =
            Any::Map(vec![("ab".into(), Any::List(vec![Any::Int(1), Any::Null])), ("c".into(), Any::Text("d".into()))]);
        assert_eq!((any.depth(), any.size()), (3, 2 + (2 + 2 + 9 + 6 + 4) + (1 + 3 + 4)));
    }
}
