//! Verifiers of a secret: all are derived in the one moment it is set, then it is dropped.

pub(crate) mod digest;
pub(crate) mod password;
pub(crate) mod scram;
pub(crate) mod usm;
pub(crate) mod work;

use strowger_primitive::{Name, World};
use zeroize::Zeroizing;

use crate::options::Cost;
use scram::Hash;

/// What a secret is for; its number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// A PHC string of argon2id (RFC 9106): the only one that may be read by others.
    Argon2id = 1,
    /// SCRAM-SHA-1 (RFC 5802).
    ScramSha1 = 2,
    /// SCRAM-SHA-256 (RFC 7677).
    ScramSha256 = 3,
    /// HA1 with MD5 (RFC 7616 §3.4.2).
    DigestMd5 = 4,
    /// HA1 with SHA-256 (RFC 7616, RFC 8760).
    DigestSha256 = 5,
    /// A USM key with SHA-1, localised (RFC 3414 §A.2).
    UsmSha1 = 6,
    /// A USM key with SHA-256, localised (RFC 7860).
    UsmSha256 = 7,
}

impl Scheme {
    const ALL: [Self; 7] = [
        Self::Argon2id,
        Self::ScramSha1,
        Self::ScramSha256,
        Self::DigestMd5,
        Self::DigestSha256,
        Self::UsmSha1,
        Self::UsmSha256,
    ];

    /// The number it is stored by.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// The scheme stored by that number.
    pub(crate) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.number() == number)
    }
}

/// One verifier, before it is sealed.
pub(crate) struct Derived {
    /// What it is for.
    pub(crate) scheme: Scheme,
    /// The realm or engine it holds in; empty: any.
    pub(crate) realm: String,
    /// The verifier.
    pub(crate) octets: Zeroizing<Vec<u8>>,
}

/// What verifiers depend on beside the secret.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) cost: Cost,
    pub(crate) iterations: u32,
    pub(crate) realms: Vec<String>,
    pub(crate) engine: Vec<u8>,
}

/// The verifiers of a person's password.
pub(crate) fn of_password(secret: &str, recipe: &Recipe, world: &dyn World) -> Result<Vec<Derived>, password::Error> {
    let phc = password::hash(secret, recipe.cost, &salt(world))?;
    let mut all = vec![derived(Scheme::Argon2id, "", phc.into_bytes())];
    all.extend(scrams(secret, recipe, world));
    Ok(all)
}

/// The verifiers of a device's generated secret.
pub(crate) fn of_device(secret: &str, user: &Name, recipe: &Recipe, world: &dyn World) -> Vec<Derived> {
    let mut all = scrams(secret, recipe, world);
    for realm in &recipe.realms {
        all.push(derived(Scheme::DigestMd5, realm, digest::ha1_md5(user.as_str(), realm, secret)));
        all.push(derived(Scheme::DigestSha256, realm, digest::ha1_sha256(user.as_str(), realm, secret)));
    }
    let engine = crate::hex::print(&recipe.engine);
    for (scheme, hash) in [(Scheme::UsmSha1, usm::Hash::Sha1), (Scheme::UsmSha256, usm::Hash::Sha256)] {
        all.push(derived(scheme, &engine, usm::localised(hash, secret.as_bytes(), &recipe.engine)));
    }
    all
}

fn scrams(secret: &str, recipe: &Recipe, world: &dyn World) -> Vec<Derived> {
    [(Scheme::ScramSha1, Hash::Sha1), (Scheme::ScramSha256, Hash::Sha256)]
        .into_iter()
        .map(|(scheme, hash)| {
            let keys = scram::keys(hash, secret, &salt(world), recipe.iterations);
            derived(scheme, "", keys.octets())
        })
        .collect()
}

fn derived(scheme: Scheme, realm: &str, octets: Vec<u8>) -> Derived {
    Derived { scheme, realm: realm.to_owned(), octets: Zeroizing::new(octets) }
}

fn salt(world: &dyn World) -> [u8; 16] {
    let mut salt = [0; 16];
    world.random(&mut salt);
    salt
}
