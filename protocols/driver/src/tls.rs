//! TLS of a listener: RFC 8446 and RFC 5246 by rustls, RFC 7301 for what is spoken inside.

mod files;
mod first;
mod reload;

use std::sync::{Arc, Once};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use reload::Reload;

use crate::{Error, Tls};

/// What a TLS listener needs at each handshake.
#[derive(Debug)]
pub(crate) struct Secured {
    pub(crate) config: Arc<rustls::ServerConfig>,
    pub(crate) reload: Reload,
    /// Seconds between two looks at the files.
    pub(crate) every: u64,
}

/// Makes aws-lc-rs the cryptography of this process's TLS. Later calls do nothing.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Only somebody who installed one before us makes this fail: then that one stays.
        let _installed = aws_lc_rs::default_provider().install_default();
    });
}

/// Reads the files, made now where there are none and the options say so.
pub(crate) fn secure(options: &Tls, protocol: &str) -> Result<Secured, Error> {
    install_provider();
    let provider = Arc::new(aws_lc_rs::default_provider());
    if options.self_signed {
        first::make_where_missing(options)?;
    }
    let reload = Reload::open(options, Arc::clone(&provider))?;
    let config = config(provider, &reload, protocol)
        .map_err(|source| Error::Pair { path: options.certificate.clone(), source: Arc::new(source) })?;
    Ok(Secured { config: Arc::new(config), reload, every: options.reload })
}

fn config(
    provider: Arc<CryptoProvider>,
    reload: &Reload,
    protocol: &str,
) -> Result<rustls::ServerConfig, rustls::Error> {
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(reload.current());
    // RFC 9113 §3.2: HTTP/2 over TLS is chosen by ALPN.
    if protocol == "http" {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    // Sessions are resumed from tickets, so that nothing is kept here for each peer.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}
