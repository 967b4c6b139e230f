//! The binary that knows `hold`.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::descriptors::Descriptors;

/// The binary that knows `hold`, and what its processes begin with.
pub(super) struct Binary {
    pub(super) path: PathBuf,
    pub(super) descriptors: Descriptors,
}

impl Binary {
    /// `strowger hold`, which inherits nothing of ours.
    pub(super) fn hold(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg0("strowger").arg("hold").env_clear().envs(self.descriptors.variable()).stdin(Stdio::null());
        command
    }
}
