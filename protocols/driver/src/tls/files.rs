//! Reading a certificate and its key.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Error, Tls};

/// Reads both files; they must go together.
pub(super) fn load(options: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let path = &options.certificate;
    let no_certificate = || Error::Pem { path: path.clone(), expected: "certificate" };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<_, _>>().map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&options.key)?)
        .map_err(|_| Error::Pem { path: options.key.clone(), expected: "private key" })?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|source| Error::Pair { path: path.clone(), source: Arc::new(source) })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
