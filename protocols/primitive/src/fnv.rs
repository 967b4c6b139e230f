//! FNV-1a of 64 bits: the same on every machine and in every release, as the standard hasher may not be, so that what is
//! made of it can be kept.

/// A hash in the making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Fnv {
    /// Adds octets.
    pub fn add(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    /// The hash of octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> u64 {
        let mut hash = Self::default();
        hash.add(octets);
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_its_authors_say() {
        // draft-eastlake-fnv: test vectors of FNV-1a, 64 bits.
        assert_eq!(Fnv::of(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(Fnv::of(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(Fnv::of(b"foobar"), 0x8594_4171_F739_67E8);
    }
}
