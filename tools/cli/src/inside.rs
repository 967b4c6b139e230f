//! What only the binary itself can do: the root crate implements it, the commands call it.

use std::io::Write;
use std::path::{Path, PathBuf};

use strowger_primitive::Schema;

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file.
    pub file: Option<PathBuf>,
    /// `path=value`, as given on the command line.
    pub set: Vec<String>,
    /// Whether the environment is passed over.
    pub alone: bool,
}

/// What is to be verified.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// The gateway's configuration: where its store and key are.
    pub sources: Sources,
    /// An export in JSON lines instead of the store.
    pub export: Option<PathBuf>,
    /// A head saved earlier, which the log must still begin with.
    pub head: Option<PathBuf>,
    /// The verifier key, where the node's own is not at hand.
    pub key: Option<PathBuf>,
}

/// How records are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// JSON lines, which can be verified.
    Jsonl,
    /// CSV (RFC 4180).
    Csv,
}

/// What only the binary itself can do.
pub trait Inside {
    /// Serves until SIGTERM or SIGINT. With `ready_file`, where it listens is written there as JSON once it serves:
    /// `{"listeners":{"http":"127.0.0.1:41234"},"pid":7,"operator":"operator","operatorSecret":"..."}`, the last two at
    /// the first start alone; without, it is printed.
    ///
    /// # Errors
    /// Why it cannot start.
    fn serve(&self, sources: &Sources, ready_file: Option<&Path>) -> anyhow::Result<()>;

    /// All mistakes of a configuration; none: it is right.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    fn check(&self, sources: &Sources) -> anyhow::Result<Vec<String>>;

    /// What is to be said of a file of policies.
    ///
    /// # Errors
    /// All its mistakes.
    fn check_policy(&self, file: &Path) -> anyhow::Result<Vec<String>>;

    /// The effective configuration as TOML.
    ///
    /// # Errors
    /// All its mistakes.
    fn config(&self, sources: &Sources) -> anyhow::Result<String>;

    /// Verifies the records; says what was verified. `progress` is told how many are done.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    fn verify(&self, what: &Verify, progress: &dyn Fn(u64)) -> anyhow::Result<String>;

    /// The verifier key of the records, to verify elsewhere with.
    ///
    /// # Errors
    /// Where there is none.
    fn key(&self, sources: &Sources) -> anyhow::Result<String>;

    /// The newest signed head of the records, to be saved elsewhere and compared with later.
    ///
    /// # Errors
    /// Where there is none, or it is not the node's.
    fn head(&self, sources: &Sources) -> anyhow::Result<String>;

    /// Checks what the action `prove` answered for that record, by the key of the node that is configured; says what it
    /// shows.
    ///
    /// # Errors
    /// Why it shows nothing.
    fn check_proof(&self, sources: &Sources, sequence: u64, answer: &[u8]) -> anyhow::Result<String>;

    /// Writes the records out.
    ///
    /// # Errors
    /// What cannot be read or written.
    fn export(&self, sources: &Sources, form: ExportForm, out: &mut dyn Write) -> anyhow::Result<()>;

    /// All kinds of this release.
    fn schema(&self) -> Schema;
}
