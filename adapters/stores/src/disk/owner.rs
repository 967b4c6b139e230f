//! The folder of a store: made durable, for the gateway alone, and owned by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use crate::Error;

/// How often the lock is tried where a store is opened, and how long between: ten seconds. A process that was killed
/// holds it until the kernel has put it away.
pub(crate) const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// The folder's owner until dropped.
#[derive(Debug)]
pub(crate) struct Owner {
    _lock: File,
}

impl Owner {
    /// Makes `directory` where it is not there, and takes it, trying `tries` times.
    pub(crate) fn take(directory: &Path, tries: u32) -> Result<Self, Error> {
        let at = |path: &Path| {
            let at = path.to_owned();
            move |source| Error::Io { at, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at(directory))?;
        std::fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(at(directory))?;
        let path = directory.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        for _ in 0..tries {
            match lock.try_lock() {
                Ok(()) => {
                    sync(directory).map_err(at(directory))?;
                    if let Some(parent) = directory.parent() {
                        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                        sync(parent).map_err(at(parent))?;
                    }
                    return Ok(Self { _lock: lock });
                }
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(PAUSE),
                Err(TryLockError::Error(source)) => return Err(Error::Io { at: path, source }),
            }
        }
        Err(Error::InUse(directory.to_owned()))
    }
}

/// Makes the entries of a folder and of all below it durable.
pub(crate) fn sync_all(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        }
    }
    sync(directory)
}

/// Makes the entries of a folder durable.
pub(crate) fn sync(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_is_closed_to_others() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("a/store");
        let owner = Owner::take(&directory, 1).unwrap();
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        let refused = Owner::take(&directory, 2).unwrap_err();
        assert!(refused.to_string().contains("a/store"), "{refused}");
        drop(owner);
        assert!(Owner::take(&directory, 1).is_ok());
    }
}
