//! The folder of all workspaces.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use strowger_primitive::{Name, World};

use crate::workspace::{Workspace, private_folder};

/// What begins like this is no step's: it is on its way out.
const GONE: &str = ".gone-";
/// What begins like this is no step's yet.
const NEW: &str = ".new-";
/// Shared by all who use the folder; whoever has it alone may remove what a crash left.
const LOCK: &str = ".lock";

/// The folder of all workspaces.
pub(super) struct Folder {
    path: PathBuf,
    world: Arc<dyn World>,
    /// Held for as long as we use it.
    _lock: File,
}

impl Folder {
    /// Makes it where it is not there, and removes what a crash left half-made or half-removed.
    pub(super) fn open(path: PathBuf, world: Arc<dyn World>) -> io::Result<Self> {
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        match private_folder(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let lock = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            sweep(&path)?;
        }
        flock(&lock, FlockOperation::LockShared)?;
        Ok(Self { path, world, _lock: lock })
    }

    pub(super) fn workspace(&self, step: &Name) -> Workspace {
        Workspace::at(self.path.join(step.as_str()))
    }

    /// Where a workspace of `step` is made. Whoever else makes one meanwhile has another place.
    pub(super) fn place_to_make(&self, step: &Name) -> PathBuf {
        self.aside(NEW, step)
    }

    /// Where a workspace of `step` goes to be removed.
    pub(super) fn place_to_go(&self, step: &Name) -> PathBuf {
        self.aside(GONE, step)
    }

    /// Names what was made in `fresh`, for good.
    pub(super) fn name(&self, fresh: &Path, step: &Name) -> io::Result<()> {
        fs::rename(fresh, self.path.join(step.as_str()))?;
        File::open(&self.path)?.sync_all()
    }

    /// The steps that have a workspace.
    pub(super) fn steps(&self) -> io::Result<Vec<Name>> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_str().and_then(|name| Name::new(name).ok());
            if let Some(name) = name.filter(|_| entry.path().is_dir()) {
                steps.push(name);
            }
        }
        steps.sort();
        Ok(steps)
    }

    fn aside(&self, prefix: &str, step: &Name) -> PathBuf {
        let mut chance = [0; 8];
        self.world.random(&mut chance);
        self.path.join(format!("{prefix}{step}-{:016x}", u64::from_ne_bytes(chance)))
    }
}

fn sweep(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(GONE) || name.starts_with(NEW)) {
            remove_or_tell(&entry.path());
        }
    }
    Ok(())
}

/// Removes what nobody needs any more; that it cannot be must not stop anybody.
pub(super) fn remove_or_tell(path: &Path) {
    if let Err(error) = remove(path) {
        tracing::warn!(%error, folder = %path.display(), "what is left of a workspace cannot be removed; the next start tries again");
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match remove_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            remove_all(path)
        }
        done => done,
    }
}

fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A program may leave folders that nobody may write in, as caches of some tools are.
fn open_up(path: &Path) -> io::Result<()> {
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_nobody_may_write_in_go_too() {
        let all = tempfile::tempdir().unwrap();
        let path = all.path().join("x");
        fs::create_dir_all(path.join("a/b")).unwrap();
        fs::write(path.join("a/b/c"), "d").unwrap();
        std::os::unix::fs::symlink("/etc", path.join("a/etc")).unwrap();
        for folder in ["a/b", "a"] {
            fs::set_permissions(path.join(folder), fs::Permissions::from_mode(0o500)).unwrap();
        }
        open_up(&path).unwrap();
        assert_eq!(fs::metadata(path.join("a/b")).unwrap().permissions().mode() & 0o777, 0o700);
        remove(&path).unwrap();
        assert!(!path.exists());
        remove(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn only_whoever_is_alone_removes_what_lies_about() {
        let all = tempfile::tempdir().unwrap();
        let world: Arc<dyn World> = Arc::new(strowger_driver::System);
        let open = || Folder::open(all.path().join("w"), Arc::clone(&world)).unwrap();
        let first = open();
        let step = Name::new("a-1").unwrap();
        let half_made = first.place_to_make(&step);
        fs::create_dir(&half_made).unwrap();
        let second = open();
        assert!(half_made.exists(), "the first may be making it");
        assert!(second.steps().unwrap().is_empty());
        drop((first, second));
        drop(open());
        assert!(!half_made.exists());
    }
}
