//! The key ring of a principal: the verifiers of all its credentials, kept as one value. So a change of a credential,
//! the making of another and the removal of the principal exclude each other by that one value's revision.

use std::collections::BTreeMap;

use bytes::Bytes;
use minicbor::{Decoder, Encoder};
use strowger_primitive::{Expect, Fault, Name, Op, OwnKey, Store, World};
use zeroize::Zeroizing;

use crate::derive::{Derived, Scheme};
use crate::seal::{Broken, Seal, Sealed};

/// The room's word in what the store keeps.
const ROOM: &str = "security.ring";

/// The verifiers of a principal's credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ring(BTreeMap<Name, Vec<Verifier>>);

/// One verifier as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verifier {
    /// What it is for.
    pub(crate) scheme: Scheme,
    /// The realm or engine it holds in; empty: any.
    pub(crate) realm: String,
    /// The verifier.
    pub(crate) lock: Lock,
}

/// A verifier, sealed where it would open something by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// As it is.
    Plain(String),
    /// Sealed.
    Sealed(Sealed),
}

/// Whose a verifier is: where it is sealed for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) tenant: &'a Name,
    pub(crate) principal: &'a Name,
    pub(crate) credential: &'a Name,
}

/// What is kept is no ring.
#[derive(Debug, thiserror::Error)]
#[error("the kept verifiers of a principal cannot be read")]
pub(crate) struct Unreadable;

impl Ring {
    /// Most credentials of one principal.
    pub(crate) const MOST: usize = 16;

    /// The ring of a principal and what its next change must expect.
    pub(crate) fn of(store: &dyn Store, tenant: &Name, principal: &Name) -> Result<(Self, Expect), Fault> {
        match store.kept(&key(tenant, principal))? {
            None => Ok((Self::default(), Expect::Absent)),
            Some((revision, octets)) => {
                let ring = Self::read(&octets).ok_or_else(|| Fault::internal(Unreadable))?;
                Ok((ring, Expect::Revision(revision)))
            }
        }
    }

    /// The operation that keeps it.
    pub(crate) fn keep(&self, tenant: &Name, principal: &Name, expect: Expect) -> Op {
        Op::Keep { key: key(tenant, principal), expect, value: self.write(), expires: None }
    }

    /// The operation that forgets it.
    pub(crate) fn forget(tenant: &Name, principal: &Name, expect: Expect) -> Op {
        Op::Forget { key: key(tenant, principal), expect }
    }

    /// Hangs a credential on it, in place of what it was.
    pub(crate) fn hang(&mut self, credential: Name, verifiers: Vec<Verifier>) {
        self.0.insert(credential, verifiers);
    }

    /// Takes a credential off.
    pub(crate) fn take(&mut self, credential: &Name) {
        self.0.remove(credential);
    }

    /// The names of its credentials.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    /// The verifiers of a credential.
    pub(crate) fn verifiers(&self, credential: &Name) -> &[Verifier] {
        self.0.get(credential).map_or(&[], Vec::as_slice)
    }

    /// How many credentials it has.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn write(&self) -> Bytes {
        let mut to = Encoder::new(Vec::new());
        // Writing to a vector cannot fail.
        let _ = self.encode(&mut to);
        to.into_writer().into()
    }

    /// A map of credential to verifiers; a verifier is its scheme and realm, then a text, or key, nonce and octets.
    fn encode(&self, to: &mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        to.map(self.0.len() as u64)?;
        for (credential, verifiers) in &self.0 {
            to.str(credential.as_str())?.array(verifiers.len() as u64)?;
            for verifier in verifiers {
                let parts = match &verifier.lock {
                    Lock::Plain(_) => 3,
                    Lock::Sealed(_) => 5,
                };
                to.array(parts)?.u8(verifier.scheme.number())?.str(&verifier.realm)?;
                match &verifier.lock {
                    Lock::Plain(text) => to.str(text)?,
                    Lock::Sealed(sealed) => to.u32(sealed.key)?.bytes(&sealed.nonce)?.bytes(&sealed.octets)?,
                };
            }
        }
        Ok(())
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(octets);
        let mut ring = Self::default();
        for _ in 0..from.map().ok()?? {
            let name = Name::new(from.str().ok()?).ok()?;
            let mut verifiers = Vec::new();
            for _ in 0..from.array().ok()?? {
                verifiers.extend(verifier(&mut from)?);
            }
            ring.0.insert(name, verifiers);
        }
        Some(ring)
    }
}

/// One verifier; `Some(None)` where a later release wrote a scheme this one does not know.
fn verifier(from: &mut Decoder<'_>) -> Option<Option<Verifier>> {
    let parts = from.array().ok()??;
    let scheme = Scheme::numbered(from.u8().ok()?);
    let realm = from.str().ok()?.to_owned();
    let lock = match parts {
        3 => Lock::Plain(from.str().ok()?.to_owned()),
        5 => Lock::Sealed(Sealed {
            key: from.u32().ok()?,
            nonce: from.bytes().ok()?.try_into().ok()?,
            octets: from.bytes().ok()?.to_vec(),
        }),
        _ => return None,
    };
    Some(scheme.map(|scheme| Verifier { scheme, realm, lock }))
}

impl Verifier {
    /// Seals what was derived, where it needs it.
    pub(crate) fn new(derived: Derived, seal: &Seal, owner: Owner<'_>, world: &dyn World) -> Result<Self, Broken> {
        let Derived { scheme, realm, octets } = derived;
        let lock = match (scheme, std::str::from_utf8(&octets)) {
            (Scheme::Argon2id, Ok(phc)) => Lock::Plain(phc.to_owned()),
            _ => Lock::Sealed(seal.seal(&owner.place(scheme, &realm), &octets, world)?),
        };
        Ok(Self { scheme, realm, lock })
    }

    /// The PHC string of a password's verifier.
    pub(crate) fn phc(&self) -> Option<&str> {
        if let Lock::Plain(text) = &self.lock { Some(text) } else { None }
    }

    /// What was sealed; a password's verifier is not.
    pub(crate) fn open(&self, seal: &Seal, owner: Owner<'_>) -> Result<Zeroizing<Vec<u8>>, Broken> {
        match &self.lock {
            Lock::Plain(_) => Err(Broken(0)),
            Lock::Sealed(sealed) => seal.unseal(&owner.place(self.scheme, &self.realm), sealed),
        }
    }
}

impl Owner<'_> {
    /// What binds a sealed verifier to its place: moved elsewhere, it opens nothing.
    fn place(&self, scheme: Scheme, realm: &str) -> Vec<u8> {
        let parts = [self.tenant.as_str(), self.principal.as_str(), self.credential.as_str()];
        let mut place = parts.join("\0").into_bytes();
        place.extend([0, scheme.number(), 0]);
        place.extend_from_slice(realm.as_bytes());
        place
    }
}

fn key(tenant: &Name, principal: &Name) -> OwnKey {
    OwnKey::new(ROOM, &[tenant.as_str().as_bytes(), principal.as_str().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_reads_back_and_bears_what_it_does_not_know() {
        let mut ring = Ring::default();
        let sealed = Sealed { key: 3, nonce: [1; 12], octets: vec![9; 40] };
        ring.hang(
            Name::new("phone").unwrap(),
            vec![Verifier { scheme: Scheme::DigestMd5, realm: "acme".into(), lock: Lock::Sealed(sealed) }],
        );
        ring.hang(
            Name::new("a").unwrap(),
            vec![Verifier { scheme: Scheme::Argon2id, realm: String::new(), lock: Lock::Plain("$x".into()) }],
        );
        ring.hang(Name::new("new").unwrap(), Vec::new());
        assert_eq!(Ring::read(&ring.write()).as_ref(), Some(&ring));
        assert_eq!(Ring::read(b"\xa1\x61a\x81\x83\x18\xc8\x60\x60").unwrap().verifiers(&Name::new("a").unwrap()), []);
        for cut in 0..ring.write().len() {
            assert_eq!(Ring::read(&ring.write()[..cut]), None);
        }
    }
}
