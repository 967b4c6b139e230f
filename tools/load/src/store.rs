//! Stores as a gateway keeps them, opened where no gateway runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use strowger_driver::System;
use strowger_primitive::Log;
use strowger_records::{Key, Seal};
use strowger_stores::{Embedded, Options};

/// The gateway's name where nobody gave it one.
pub(crate) const NODE: &str = "strowger";

/// The store there, or a fresh one.
pub(crate) fn open(folder: &Path, key: Arc<Key>) -> Result<Arc<Embedded>> {
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    let seal = Seal::new(key, NODE, &[Log::AUDIT])?;
    Ok(Embedded::open(&options, strowger_kinds::all(), Box::new(seal), Arc::new(System))?)
}
