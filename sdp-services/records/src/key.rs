//! The signing key of a node: Ed25519, in a file of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::head::Origin;
use crate::note::{Unsigned, Verifier};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
const END: &str = "-----END PRIVATE KEY-----\n";
/// Longest key file read, in octets.
const LONGEST: u64 = 4_096;

/// What signs the heads of the logs.
pub struct Key(Ed25519KeyPair);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the signing key {path} cannot be {done}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        done: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the signing key {path} can be read by others: give it mode 0600")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{path} holds no Ed25519 private key (PKCS #8 in PEM)")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The generator failed.
    #[error("no signing key could be generated")]
    Generate,
}

impl Key {
    /// The key in that file; on the first start it is made: PKCS #8 in PEM, mode 0600.
    ///
    /// # Errors
    /// [`KeyError`]; a file that holds something else is never overwritten.
    pub fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Self::make(path),
            loaded => loaded,
        }
    }

    /// The key in that file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), done: "read", source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned() });
        }
        let mut pem = Vec::new();
        file.take(LONGEST).read_to_end(&mut pem).map_err(failed)?;
        let key = std::str::from_utf8(&pem).ok().and_then(read_pem);
        key.map(Self).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    /// A key that is kept nowhere.
    ///
    /// # Errors
    /// [`KeyError::Generate`].
    pub fn generate() -> Result<Self, KeyError> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| KeyError::Generate)
    }

    /// The same key each time, for what must be the same each time.
    ///
    /// # Errors
    /// [`KeyError::Generate`].
    pub(crate) fn of_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| KeyError::Generate)
    }

    /// What checks the heads of a log that this key signs.
    #[must_use]
    pub fn verifier(&self, origin: &Origin) -> Verifier {
        let mut public = [0; 32];
        public.copy_from_slice(self.0.public_key().as_ref());
        Verifier::new(origin.text(), public)
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Result<[u8; 64], Unsigned> {
        let signature = self.0.try_sign(text).map_err(|_| Unsigned)?;
        <[u8; 64]>::try_from(signature.as_ref()).map_err(|_| Unsigned)
    }

    /// The file appears whole or not at all, and before anything is signed with the key: a head whose key is lost proves
    /// nothing.
    fn make(path: &Path) -> Result<Self, KeyError> {
        let key = Self::generate()?;
        let pem = write_pem(&key.0).ok_or(KeyError::Generate)?;
        let new = path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(pem.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&new, path)?;
            fs::remove_file(&new)?;
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        write().map_err(|source| KeyError::File { path: path.to_owned(), done: "written", source })?;
        Ok(key)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(*****)")
    }
}

fn write_pem(key: &Ed25519KeyPair) -> Option<String> {
    let der = key.to_pkcs8v1().ok()?;
    let mut pem = BEGIN.to_owned();
    pem.push_str(&STANDARD.encode(der.as_ref()));
    pem.push('\n');
    pem.push_str(END);
    Some(pem)
}

fn read_pem(pem: &str) -> Option<Ed25519KeyPair> {
    let body: String =
        pem.trim_start().strip_prefix(BEGIN.trim_end())?.split_once(END.trim_end())?.0.split_whitespace().collect();
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&STANDARD.decode(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(key: &Key) -> Verifier {
        key.verifier(&Origin::new("node-1", strowger_primitive::Log::AUDIT).unwrap())
    }

    #[test]
    fn a_key_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.key");
        let made = Key::load_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(public(&Key::load_or_make(&path).unwrap()), public(&made));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Key::load_or_make(&path), Err(KeyError::Open { .. })));
    }

    #[test]
    fn what_is_no_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.key");
        let long = "x".repeat(9_000);
        for content in ["", "hello", BEGIN, &long, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Key::load_or_make(&path), Err(KeyError::Malformed { .. })), "{content:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let error = Key::load_or_make(Path::new("/nonexistent/records.key")).unwrap_err();
        assert!(matches!(error, KeyError::File { done: "written", .. }), "{error}");
    }
}
