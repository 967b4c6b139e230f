//! Taking a listener's address and certificate, before anything is served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use strowger_primitive::Text;
use tokio::net::{TcpListener, TcpSocket};

use crate::tls::{self, Reload, Secured};
use crate::{Limits, Options};

/// Connections the kernel keeps while the accept loop is busy.
const BACKLOG: u32 = 4_096;

/// A listener that has its address and serves nobody yet.
#[derive(Debug)]
pub struct Bound {
    pub(crate) name: Text,
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) limits: Limits,
    pub(crate) secured: Option<Secured>,
}

/// Why a listener cannot begin, or a certificate cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be had.
    #[error("listener {name} cannot listen on {address}")]
    Listen {
        /// The listener.
        name: String,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate or key.
    #[error("{path} holds no PEM {expected}", path = path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// The certificate and the key do not go together, or TLS does not take them.
    #[error("certificate {path} and its key cannot be used", path = path.display())]
    Pair {
        /// The certificate.
        path: PathBuf,
        /// Why.
        source: Arc<rustls::Error>,
    },
    /// A certificate cannot be made.
    #[error("a certificate for {names} cannot be made")]
    Make {
        /// For whom.
        names: String,
        /// Why.
        source: rcgen::Error,
    },
}

/// Takes the address and the certificate. It needs a tokio runtime around the caller.
///
/// # Errors
/// The address is taken or not of this machine; a file of TLS is missing or wrong.
pub fn bind(options: &Options) -> Result<Bound, Error> {
    let refused = |source| Error::Listen { name: options.name.clone(), address: options.address, source };
    // The certificate comes first: an address is not taken in vain.
    let secured = options.tls.as_ref().map(|tls| tls::secure(tls, &options.protocol)).transpose()?;
    let listener = listen(options.address).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(Bound { name: options.name.as_str().into(), listener, address, limits: options.limits, secured })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Bound {
    /// The listener's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address it has, with the port where 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What has the certificate read again at once, besides the regular look; `None` in the clear.
    #[must_use]
    pub fn reload(&self) -> Option<Reload> {
        self.secured.as_ref().map(|secured| secured.reload.clone())
    }
}
