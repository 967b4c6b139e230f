//! The certificate in use, changed while running.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use strowger_primitive::{Stop, World};

use super::files;
use crate::{Error, Tls};

/// Has a listener's certificate read again. New connections get the new one; those that stand keep theirs.
#[derive(Clone)]
pub struct Reload(Arc<Watched>);

struct Watched {
    options: Tls,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// The files as they were when last read, whether they could be used or not.
    seen: Mutex<[Option<Stamp>; 2]>,
}

/// What tells one state of a file from another: inode, length, seconds and nanoseconds of its last change.
type Stamp = (u64, u64, i64, i64);

#[derive(Debug)]
pub(super) struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Reload {
    pub(super) fn open(options: &Tls, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let seen = Mutex::new(stamps(options));
        let current = Arc::new(Current(ArcSwap::from_pointee(files::load(options, &provider)?)));
        Ok(Self(Arc::new(Watched { options: options.clone(), provider, current, seen })))
    }

    pub(super) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.0.current)
    }

    /// Reads the files now.
    ///
    /// # Errors
    /// The new pair cannot be used; the old one stays.
    pub fn now(&self) -> Result<(), Error> {
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamps(&self.0.options);
        let pair = files::load(&self.0.options, &self.0.provider)?;
        self.0.current.0.store(Arc::new(pair));
        Ok(())
    }

    /// Looks at the files every `every` until told to stop, and reads them when they changed.
    pub(crate) async fn watch(self, every: Duration, world: Arc<dyn World>, mut stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => return,
                () = world.sleep(every) => {}
            }
            let changed = *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) != stamps(&self.0.options);
            if !changed {
                continue;
            }
            let path = self.0.options.certificate.display();
            match self.now() {
                Ok(()) => tracing::info!(%path, "new certificate taken"),
                // The two files may be written one after the other: the second one's change leads here again.
                Err(error) => {
                    tracing::warn!(%path, error = %Chain(&error), "new certificate refused, the old one stays")
                }
            }
        }
    }
}

fn stamps(options: &Tls) -> [Option<Stamp>; 2] {
    let stamp =
        |path: &Path| path.metadata().ok().map(|file| (file.ino(), file.len(), file.mtime(), file.mtime_nsec()));
    [stamp(&options.certificate), stamp(&options.key)]
}

/// An error and its sources in one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("certificate", &self.0.options.certificate).finish_non_exhaustive()
    }
}
