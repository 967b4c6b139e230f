//! SCRAM (RFC 5802, RFC 7677): what a client is verified against that never sends its secret.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

/// The hash of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SCRAM-SHA-1.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

impl Hash {
    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        }
    }
}

/// What the server keeps (RFC 5802 §3).
pub(crate) struct Keys {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    pub(crate) stored: Vec<u8>,
    pub(crate) server: Vec<u8>,
}

/// The keys of a secret. It is prepared with SASLprep (RFC 4013); what that refuses is taken as it is.
pub(crate) fn keys(hash: Hash, secret: &str, salt: &[u8], iterations: u32) -> Keys {
    let prepared = Zeroizing::new(stringprep::saslprep(secret).map_or_else(|_| secret.to_owned(), Into::into));
    let mut salted = Zeroizing::new(vec![0; hash.digest().output_len()]);
    let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(hash.pbkdf2(), rounds, salt, prepared.as_bytes(), &mut salted);
    let key = hmac::Key::new(hash.hmac(), &salted);
    let client = hmac::sign(&key, b"Client Key");
    Keys {
        salt: salt.to_vec(),
        iterations: rounds.get(),
        stored: digest::digest(hash.digest(), client.as_ref()).as_ref().to_vec(),
        server: hmac::sign(&key, b"Server Key").as_ref().to_vec(),
    }
}

impl Keys {
    /// As it is sealed: an array of salt, iterations, StoredKey and ServerKey in CBOR.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut to = minicbor::Encoder::new(Vec::new());
        // Writing to a vector cannot fail.
        let _ = to
            .array(4)
            .and_then(|to| to.bytes(&self.salt))
            .and_then(|to| to.u32(self.iterations))
            .and_then(|to| to.bytes(&self.stored))
            .and_then(|to| to.bytes(&self.server));
        to.into_writer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD as B64;

    /// The client's proof and the server's signature as the server works them out from what it keeps.
    fn exchange(hash: Hash, salt: &str, auth_message: &str, proof: &str) -> (bool, String) {
        let keys = keys(hash, "pencil", &B64.decode(salt).unwrap(), 4_096);
        let stored = hmac::Key::new(hash.hmac(), &keys.stored);
        let signature = hmac::sign(&stored, auth_message.as_bytes());
        let client: Vec<u8> = B64.decode(proof).unwrap().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        let good = digest::digest(hash.digest(), &client).as_ref() == keys.stored;
        let server = hmac::sign(&hmac::Key::new(hash.hmac(), &keys.server), auth_message.as_bytes());
        (good, B64.encode(server))
    }

    #[test]
    fn rfc_5802_section_5() {
        let message = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,\
                       r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,\
                       c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let (good, server) = exchange(Hash::Sha1, "QSXCR+Q6sek8bf92", message, "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
        assert!(good);
        assert_eq!(server, "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    #[test]
    fn rfc_7677_section_3() {
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                       r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                       c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let (good, server) =
            exchange(Hash::Sha256, "W22ZaJ0SNY7soEsUEjb6gQ==", message, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert!(good);
        assert_eq!(server, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn the_secret_is_prepared() {
        let keys = |secret| super::keys(Hash::Sha256, secret, b"salt", 4_096).stored;
        assert_eq!(keys("I\u{ad}X"), keys("IX"), "RFC 4013 section 3: a soft hyphen is mapped to nothing");
        assert_eq!(keys("\u{aa}"), keys("a"), "NFKC");
    }
}
