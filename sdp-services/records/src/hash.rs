//! Hashes of the tree (RFC 9162 §2.1.1).

use std::fmt;

use aws_lc_rs::digest;

/// One hash of the tree: SHA-256. Printed in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Octets of one.
    pub const LEN: usize = 32;

    /// The hash of a record as it is stored: SHA-256 of a zero octet and the record, so that no node passes for one.
    #[must_use]
    pub fn leaf(stored: &[u8]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&[0]);
        hash.update(stored);
        Self::of(&hash.finish())
    }

    /// The hash over two subtrees.
    pub(crate) fn node(left: &Self, right: &Self) -> Self {
        let mut both = [1u8; 1 + 2 * Self::LEN];
        let (_, hashes) = both.split_at_mut(1);
        let (first, second) = hashes.split_at_mut(Self::LEN);
        first.copy_from_slice(&left.0);
        second.copy_from_slice(&right.0);
        Self::of(&digest::digest(&digest::SHA256, &both))
    }

    /// The root over subtrees of one height, the last of which may be lower.
    pub(crate) fn root(nodes: &[Self]) -> Self {
        match nodes {
            [] => Self::of(&digest::digest(&digest::SHA256, &[])),
            [one] => *one,
            [left, right] => Self::node(left, right),
            more => {
                let (left, right) = more.split_at(below(more.len()));
                Self::node(&Self::root(left), &Self::root(right))
            }
        }
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 2 * Self::LEN || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut hash = [0; Self::LEN];
        for (octet, digits) in hash.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// Of octets that are no part of a tree.
    pub(crate) fn of_octets(octets: &[u8]) -> Self {
        Self::of(&digest::digest(&digest::SHA256, octets))
    }

    fn of(digest: &digest::Digest) -> Self {
        let mut hash = [0; Self::LEN];
        hash.copy_from_slice(digest.as_ref());
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each record of a keyed request prints one: in one piece, not in 32.
        let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
        let mut digits = [0; 2 * Self::LEN];
        for (pair, octet) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(octet >> 4), digit(octet & 15)]);
        }
        f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The largest power of two below `n`, where a tree of `n` leaves is split; `n` is at least 2.
pub(crate) fn below(n: usize) -> usize {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_roots() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::root(&[]).to_string(), empty);
        // The leaf of an empty record, as Certificate Transparency's own tests have it.
        let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(Hash::leaf(b"").to_string(), leaf);
        assert_eq!(Hash::parse(leaf), Some(Hash::leaf(b"")));
        assert_eq!(Hash::parse("6e"), None);
        assert_eq!(Hash::parse(&"g".repeat(64)), None);
    }
}
