//! The certificate of the first start, signed with its own key.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::files::read;
use crate::{Error, Tls};

/// Makes what is missing: the key first, then the certificate, so that a start that was cut short is taken up again.
pub(super) fn make_where_missing(options: &Tls) -> Result<(), Error> {
    if options.certificate.exists() {
        return Ok(());
    }
    let refused = |source| Error::Make { names: options.names.join(", "), source };
    let key = if options.key.exists() {
        let pem = String::from_utf8(read(&options.key)?)
            .map_err(|_| Error::Pem { path: options.key.clone(), expected: "private key" })?;
        rcgen::KeyPair::from_pem(&pem).map_err(refused)?
    } else {
        let key = rcgen::KeyPair::generate().map_err(refused)?;
        write_new(&options.key, &key.serialize_pem())?;
        key
    };
    let params = rcgen::CertificateParams::new(options.names.clone()).map_err(refused)?;
    write_new(&options.certificate, &params.self_signed(&key).map_err(refused)?.pem())
}

/// Writes a file that only its owner reads; it appears whole or not at all.
fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut half = path.as_os_str().to_owned();
        half.push(".half");
        match std::fs::remove_file(&half) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&half, path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|source| Error::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_pair_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let options = Tls {
            certificate: folder.path().join("new/c.pem"),
            key: folder.path().join("new/k.pem"),
            self_signed: true,
            ..Tls::default()
        };
        make_where_missing(&options).unwrap();
        let (key, certificate) = (read(&options.key).unwrap(), read(&options.certificate).unwrap());
        for path in [&options.key, &options.certificate] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        make_where_missing(&options).unwrap();
        assert_eq!(read(&options.certificate).unwrap(), certificate, "the second start keeps it");

        std::fs::remove_file(&options.certificate).unwrap();
        make_where_missing(&options).unwrap();
        assert_eq!(read(&options.key).unwrap(), key, "a key that is there is certified, not replaced");
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        assert!(super::super::files::load(&options, &provider).is_ok(), "they go together");
    }
}
