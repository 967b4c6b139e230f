//! Why a store does not open.

use std::error::Error as Cause;
use std::io;
use std::path::PathBuf;

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it.
    #[error("the store in {} is in use by another process; stop the gateway that runs on it", .0.display())]
    InUse(PathBuf),
    /// A newer release wrote it.
    #[error("the store in {} has format {found}; this release knows formats up to {known}", directory.display())]
    Newer {
        /// Where.
        directory: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this release reads.
        known: u32,
    },
    /// The system refuses.
    #[error("{}", at.display())]
    Io {
        /// What was touched.
        at: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Octets that were synced are not what was written.
    #[error("the store in {} is damaged: {what}", directory.display())]
    Damaged {
        /// Where.
        directory: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The engine refuses.
    #[error("the store in {} does not open", directory.display())]
    Engine {
        /// Where.
        directory: PathBuf,
        /// Why.
        source: Box<dyn Cause + Send + Sync>,
    },
    /// What the sealer kept is not of these logs.
    #[error("the records' seals cannot be taken up")]
    Seals(#[source] Box<dyn Cause + Send + Sync>),
    /// No thread for the writer.
    #[error("the store's thread does not start")]
    Thread(#[source] io::Error),
}
