//! argon2id (RFC 9106): what a password is verified against.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Version};
use zeroize::Zeroizing;

use crate::options::Cost;

/// Why a password has no verifier: the costs are none, as the options' check should have told.
#[derive(Debug, thiserror::Error)]
#[error("argon2id cannot be computed: {0}")]
pub(crate) struct Error(String);

/// The PHC string of a password.
pub(crate) fn hash(secret: &str, cost: Cost, salt: &[u8; 16]) -> Result<String, Error> {
    let salt = SaltString::encode_b64(salt).map_err(|e| Error(e.to_string()))?;
    let phc = engine(cost)?.hash_password(secret.as_bytes(), &salt).map_err(|e| Error(e.to_string()))?;
    Ok(phc.to_string())
}

/// Whether the password is that of the PHC string; costs what the string says and compares in constant time.
pub(crate) fn verify(secret: &str, phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|phc| Argon2::default().verify_password(secret.as_bytes(), &phc).is_ok())
}

/// Costs what verifying a password costs.
pub(crate) fn burn(secret: &str, cost: Cost) {
    let mut out = Zeroizing::new([0; 32]);
    if let Ok(engine) = engine(cost) {
        // Whether it succeeds is of no interest: nobody has this password.
        let _ = engine.hash_password_into(secret.as_bytes(), &[0; 16], &mut *out);
    }
    std::hint::black_box(&out);
}

fn engine(cost: Cost) -> Result<Argon2<'static>, Error> {
    let params = cost.params().map_err(|e| Error(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_verifies_and_another_does_not() {
        let cost = Cost { memory: 8, passes: 1, lanes: 1 };
        let phc = hash("correct horse", cost, &[7; 16]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
        assert!(verify("correct horse", &phc));
        assert!(!verify("correct hors", &phc));
        assert!(!verify("correct horse", "no phc"));
        burn("anything", cost);
    }
}
