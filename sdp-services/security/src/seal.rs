//! Sealing at rest: AES-256-GCM under a key with a number, so that keys can be changed one after the other.
//!
//! The keys file holds one key a line, `NUMBER:64 HEXADECIMAL DIGITS`; the last one seals, all of them open. The
//! environment variable holds the same with spaces between.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use strowger_primitive::World;
use zeroize::Zeroizing;

/// The environment variable of the master keys.
pub(crate) const VARIABLE: &str = "STROWGER_MASTER_KEY";

/// Why there is no sealing.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Neither a file nor the variable is given.
    #[error("no master key: set master_key_file or the environment variable {VARIABLE}")]
    Nowhere,
    /// The file cannot be read or made.
    #[error("the master key file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// Others may read the file.
    #[error("the master key file {0} can be read by others; make it yours alone (chmod 600)")]
    Open(PathBuf),
    /// What is in it are no keys.
    #[error("{0}: write each master key as NUMBER:64 HEXADECIMAL DIGITS, each number once")]
    Malformed(String),
}

/// Seals and opens.
pub(crate) struct Seal {
    keys: BTreeMap<u32, LessSafeKey>,
    newest: u32,
    blind: Blind,
}

/// Hides what is only ever compared, such as the hash of a request with a secret in it: without the keys nobody can try
/// what it was computed from.
#[derive(Clone)]
pub struct Blind(Arc<Blinds>);

struct Blinds {
    newest: hmac::Key,
    older: Vec<hmac::Key>,
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// The key's number.
    pub(crate) key: u32,
    /// The nonce.
    pub(crate) nonce: [u8; NONCE_LEN],
    /// Ciphertext and tag.
    pub(crate) octets: Vec<u8>,
}

/// It was not sealed here, not for this place, or was changed.
#[derive(Debug, thiserror::Error)]
#[error("what is sealed cannot be opened: key {0} is missing, or it was changed")]
pub(crate) struct Broken(pub(crate) u32);

impl Seal {
    /// Takes the keys from the variable's text, else from the file, which is made where it is not there.
    pub(crate) fn open(variable: Option<String>, file: Option<&Path>, world: &dyn World) -> Result<Self, KeyError> {
        if let Some(text) = variable.map(Zeroizing::new).filter(|text| !text.trim().is_empty()) {
            return Self::read(&text, VARIABLE);
        }
        let path = file.ok_or(KeyError::Nowhere)?;
        let text = read_or_make(path, world)?;
        Self::read(&text, &path.display().to_string())
    }

    fn read(text: &str, place: &str) -> Result<Self, KeyError> {
        let bad = || KeyError::Malformed(place.to_owned());
        let mut keys = BTreeMap::new();
        let (mut newest, mut masters) = (None, Vec::new());
        for word in text.split_whitespace() {
            let (number, digits) = word.split_once(':').ok_or_else(bad)?;
            let number = number.parse().map_err(|_| bad())?;
            let master = Zeroizing::new(crate::hex::read(digits).filter(|key| key.len() == 32).ok_or_else(bad)?);
            if keys.insert(number, sealing_key(&master).ok_or_else(bad)?).is_some() {
                return Err(bad());
            }
            newest = Some(number);
            masters.push(master);
        }
        Ok(Self { keys, newest: newest.ok_or_else(bad)?, blind: Blind::new(&masters).ok_or_else(bad)? })
    }

    /// What hides by the same keys.
    pub(crate) fn blind(&self) -> &Blind {
        &self.blind
    }

    /// Seals `plain` for the place that `aad` tells.
    pub(crate) fn seal(&self, aad: &[u8], plain: &[u8], world: &dyn World) -> Result<Sealed, Broken> {
        let key = self.keys.get(&self.newest).ok_or(Broken(self.newest))?;
        let mut nonce = [0; NONCE_LEN];
        world.random(&mut nonce);
        let mut octets = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut octets)
            .map_err(|_| Broken(self.newest))?;
        Ok(Sealed { key: self.newest, nonce, octets })
    }

    /// Opens what was sealed for that place.
    pub(crate) fn unseal(&self, aad: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let key = self.keys.get(&sealed.key).ok_or(Broken(sealed.key))?;
        let mut octets = Zeroizing::new(sealed.octets.clone());
        let plain = key
            .open_in_place(Nonce::assume_unique_for_key(sealed.nonce), Aad::from(aad), &mut octets)
            .map_err(|_| Broken(sealed.key))?
            .len();
        octets.truncate(plain);
        Ok(octets)
    }
}

impl Blind {
    /// By keys derived from master keys, the last one the newest; `None` where there are none.
    #[must_use]
    pub fn new(masters: &[impl AsRef<[u8]>]) -> Option<Self> {
        let keys = masters.iter().map(|master| blinding_key(master.as_ref()));
        let mut older = keys.collect::<Option<Vec<_>>>()?;
        Some(Self(Arc::new(Blinds { newest: older.pop()?, older })))
    }

    /// Hides it under the newest key.
    #[must_use]
    pub fn of(&self, what: u64) -> [u8; 8] {
        hidden(&self.0.newest, what)
    }

    /// Whether that is what it hides as, under any of the keys.
    #[must_use]
    pub fn is_of(&self, kept: &[u8; 8], what: u64) -> bool {
        let mut keys = std::iter::once(&self.0.newest).chain(&self.0.older);
        keys.any(|key| verify_slices_are_equal(kept, &hidden(key, what)).is_ok())
    }
}

impl std::fmt::Debug for Blind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blind").finish_non_exhaustive()
    }
}

/// Eight octets tell two requests apart, and no more of the code is needed (RFC 2104 section 5).
fn hidden(key: &hmac::Key, what: u64) -> [u8; 8] {
    let code = hmac::sign(key, &what.to_be_bytes());
    code.as_ref().first_chunk().copied().unwrap_or_default()
}

/// The key that seals verifiers, of a master key: the master key itself may serve other rooms (RFC 5869).
fn sealing_key(master: &[u8]) -> Option<LessSafeKey> {
    let key = extracted(master);
    let okm = key.expand(&[b"verifiers"], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(okm)))
}

/// Likewise the one that hides.
fn blinding_key(master: &[u8]) -> Option<hmac::Key> {
    let key = extracted(master);
    let okm = key.expand(&[b"blind"], hmac::HMAC_SHA256).ok()?;
    Some(hmac::Key::from(okm))
}

fn extracted(master: &[u8]) -> Prk {
    Salt::new(HKDF_SHA256, b"strowger").extract(master)
}

fn read_or_make(path: &Path, world: &dyn World) -> Result<Zeroizing<String>, KeyError> {
    let failed = |why| KeyError::File { path: path.to_owned(), why };
    match std::fs::File::open(path) {
        Ok(file) => {
            if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
                return Err(KeyError::Open(path.to_owned()));
            }
            let mut text = Zeroizing::new(String::new());
            file.take(65_536).read_to_string(&mut text).map_err(failed)?;
            Ok(text)
        }
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => make(path, world).map_err(failed),
        Err(why) => Err(failed(why)),
    }
}

/// Appears by one rename, synced: what is sealed under a key that a crash took away is lost.
fn make(path: &Path, world: &dyn World) -> std::io::Result<Zeroizing<String>> {
    let mut fresh = Zeroizing::new([0; 32]);
    world.random(&mut *fresh);
    let line = Zeroizing::new(format!("1:{}\n", crate::hex::print(&*fresh)));
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Stage;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_sealed_opens_only_in_its_place() {
        let world = Stage::default();
        let seal = Seal::open(Some(format!("1:{}", "ab".repeat(32))), None, &world).unwrap();
        let sealed = seal.seal(b"acme", b"ha1", &world).unwrap();
        assert!(!sealed.octets.windows(3).any(|w| w == b"ha1"));
        assert_eq!(seal.unseal(b"acme", &sealed).unwrap().as_slice(), b"ha1");
        assert!(seal.unseal(b"beta", &sealed).is_err(), "moved to another place");
        let mut bent = sealed.clone();
        bent.octets[0] ^= 1;
        assert!(seal.unseal(b"acme", &bent).is_err(), "one bit flipped");
        let both = format!("1:{}\n7:{}", "ab".repeat(32), "cd".repeat(32));
        let changed = Seal::open(Some(both), None, &world).unwrap();
        assert_eq!(changed.unseal(b"acme", &sealed).unwrap().as_slice(), b"ha1", "an older key opens");
        assert_eq!(changed.seal(b"acme", b"ha1", &world).unwrap().key, 7, "the newest seals");
        let other = Seal::open(Some(format!("7:{}", "cd".repeat(32))), None, &world).unwrap();
        assert!(other.unseal(b"acme", &sealed).is_err());
    }

    #[test]
    fn what_is_hidden_is_known_again_under_every_key() {
        let open = |text: String| Seal::open(Some(text), None, &Stage::default()).unwrap().blind().clone();
        let (one, two) = (format!("1:{}", "ab".repeat(32)), format!("7:{}", "cd".repeat(32)));
        let (old, both, new) = (open(one.clone()), open(format!("{one} {two}")), open(two));
        assert_ne!(old.of(7), new.of(7), "who has no key cannot try");
        assert_eq!(both.of(7), new.of(7));
        assert!(both.is_of(&old.of(7), 7) && both.is_of(&new.of(7), 7));
        assert!(!both.is_of(&old.of(7), 8) && !new.is_of(&old.of(7), 7));
    }

    #[test]
    fn the_file_is_made_once_and_for_us_alone() {
        let world = Stage::default();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = Seal::open(None, Some(&path), &world).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = first.seal(b"", b"x", &world).unwrap();
        assert!(Seal::open(Some(" ".into()), Some(&path), &world).unwrap().unseal(b"", &sealed).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Seal::open(None, Some(&path), &world), Err(KeyError::Open(_))));
        assert!(matches!(Seal::open(None, None, &world), Err(KeyError::Nowhere)));
        for bad in ["x", "1:ab", "1:", "a:00", &format!("1:{0} 1:{0}", "ab".repeat(32))] {
            assert!(matches!(Seal::open(Some(bad.into()), None, &world), Err(KeyError::Malformed(_))), "{bad}");
        }
    }
}
