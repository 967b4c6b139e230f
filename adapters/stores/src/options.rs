//! What the operator decides about the store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Options of the embedded store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The folder of the store; made where it is not there, readable by the gateway alone.
    pub directory: PathBuf,
    /// Free space under which changes are refused as on a full disk, in B: room for what the engine must write by
    /// itself.
    pub reserve: u64,
    /// Memory for blocks read from the disk, in B.
    pub cache: u64,
    /// Size at which what was written leaves memory for a sorted file, per table, in B. Less opens faster after a
    /// crash, more writes less.
    pub memory: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("strowger-store"),
            reserve: 16 * 1024 * 1024,
            cache: 32 * 1024 * 1024,
            memory: 16 * 1024 * 1024,
        }
    }
}
