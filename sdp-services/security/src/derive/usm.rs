//! Keys of SNMPv3's user-based security model (RFC 3414 §A.2, RFC 7860 §9.3): equivalent to the secret at one engine.

use aws_lc_rs::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use zeroize::Zeroizing;

/// Octets a secret is repeated to (RFC 3414 §A.2.1).
const MEBIBYTE: usize = 1_048_576;

/// The hash of an authentication protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// usmHMACSHAAuthProtocol.
    Sha1,
    /// usmHMAC192SHA256AuthProtocol.
    Sha256,
}

/// The key of a secret, localised for an engine.
pub(crate) fn localised(hash: Hash, secret: &[u8], engine: &[u8]) -> Vec<u8> {
    let hash = match hash {
        Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &SHA256,
    };
    let user = user_key(hash, secret);
    let joined = Zeroizing::new([&user, engine, &user].concat());
    digest(hash, &joined).as_ref().to_vec()
}

/// The secret repeated to a mebibyte, hashed. An empty one has no key.
fn user_key(hash: &'static Algorithm, secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut context = Context::new(hash);
    // Long blocks of whole repetitions: the hash sees the same octets, in few calls.
    let block = Zeroizing::new(secret.repeat(4_096 / secret.len().max(1) + 1));
    let mut left = MEBIBYTE;
    while left > 0 && !block.is_empty() {
        let part = block.get(..left.min(block.len())).unwrap_or(&block);
        context.update(part);
        left -= part.len();
    }
    Zeroizing::new(context.finish().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{print, read};

    #[test]
    fn rfc_3414_section_a_3_2() {
        let engine = read("000000000000000000000002").unwrap();
        let user = user_key(&SHA1_FOR_LEGACY_USE_ONLY, b"maplesyrup");
        assert_eq!(print(&user), "9fb5cc0381497b3793528939ff788d5d79145211");
        let key = localised(Hash::Sha1, b"maplesyrup", &engine);
        assert_eq!(print(&key), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    #[test]
    fn sha_256_as_net_snmp_and_pysnmp_give_it() {
        // RFC 7860 gives no vectors; these are those that implementations of it share.
        let engine = read("000000000000000000000002").unwrap();
        let user = user_key(&SHA256, b"maplesyrup");
        assert_eq!(print(&user), "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac");
        let key = localised(Hash::Sha256, b"maplesyrup", &engine);
        assert_eq!(print(&key), "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b");
    }
}
