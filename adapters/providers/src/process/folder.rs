//! The folder of all workspaces.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use strowger_primitive::{Name, World};

use super::names::is_step;
use super::{Error, owner};
use crate::workspace::{Workspace, private_folder};

/// What begins like this is no step's: it is on its way out.
const GONE: &str = ".gone-";
/// What begins like this is no step's yet.
const NEW: &str = ".new-";
/// Stands in such a name where it is to be the file of the owner.
const FOR_OWNER: &str = "owner";
/// Shared by all who use the folder, which are a gateway and whoever follows it; whoever has it alone may remove what a
/// crash left.
const LOCK: &str = ".lock";

/// The folder of all workspaces.
pub(super) struct Folder {
    path: PathBuf,
    world: Arc<dyn World>,
    /// Held for as long as we use it.
    _lock: File,
}

impl Folder {
    /// Makes it where it is not there, takes it for `owner`, and removes what a crash left half-made or half-removed.
    pub(super) fn open(path: PathBuf, owner: &str, world: Arc<dyn World>) -> Result<Self, Error> {
        let unusable = |source| Error::Folder { path: path.clone(), source };
        make(&path).map_err(unusable)?;
        owner::take(&path, owner, &aside(world.as_ref(), &path, NEW, FOR_OWNER))?;
        let lock = lock(&path).map_err(unusable)?;
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

    /// The steps that have a workspace. Whatever else is there is not ours.
    pub(super) fn steps(&self) -> io::Result<Vec<Name>> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_str().and_then(|name| Name::new(name).ok());
            if let Some(name) = name.filter(|name| is_step(name.as_str()) && entry.path().is_dir()) {
                steps.push(name);
            }
        }
        steps.sort();
        Ok(steps)
    }

    fn aside(&self, prefix: &str, step: &Name) -> PathBuf {
        aside(self.world.as_ref(), &self.path, prefix, step.as_str())
    }
}

/// Whether a gateway made it.
pub(super) fn is_ours(entry: &fs::DirEntry) -> io::Result<bool> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else { return Ok(false) };
    Ok(name == LOCK || name == owner::OWNER || is_aside(name) || (is_step(name) && entry.file_type()?.is_dir()))
}

fn make(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match private_folder(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join(LOCK))?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
        sweep(path)?;
    }
    flock(&lock, FlockOperation::LockShared)?;
    Ok(lock)
}

fn sweep(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_aside) {
            remove_or_tell(&entry.path());
        }
    }
    Ok(())
}

fn aside(world: &dyn World, path: &Path, prefix: &str, what: &str) -> PathBuf {
    let mut chance = [0; 8];
    world.random(&mut chance);
    path.join(format!("{prefix}{what}-{:016x}", u64::from_ne_bytes(chance)))
}

/// Whether [`aside`] made that name.
fn is_aside(name: &str) -> bool {
    let rest = name.strip_prefix(GONE).or_else(|| name.strip_prefix(NEW));
    rest.and_then(|rest| rest.rsplit_once('-')).is_some_and(|(what, chance)| {
        (what == FOR_OWNER || is_step(what)) && chance.len() == 16 && chance.bytes().all(|b| b.is_ascii_hexdigit())
    })
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

    const STEP: &str = "01jb7zq3v8c4m5n6p7r8s9t0ab-1-1";

    fn open(path: &Path, owner: &str) -> Result<Folder, Error> {
        Folder::open(path.to_owned(), owner, Arc::new(strowger_driver::System))
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_whoever_is_alone_removes_what_lies_about() {
        let all = tempfile::tempdir().unwrap();
        let open = || open(&all.path().join("w"), "a").unwrap();
        let first = open();
        let step = Name::new(STEP).unwrap();
        let (half_made, going) = (first.place_to_make(&step), first.place_to_go(&step));
        fs::create_dir(&half_made).unwrap();
        fs::create_dir(&going).unwrap();
        let second = open();
        assert!(half_made.exists(), "the first may be making it");
        assert!(second.steps().unwrap().is_empty());
        drop((first, second));
        drop(open());
        assert!(!half_made.exists() && !going.exists());
    }

    #[test]
    fn what_is_not_ours_is_neither_listed_nor_removed() {
        let all = tempfile::tempdir().unwrap();
        let folder = open(all.path(), "a").unwrap();
        for theirs in ["alice", "step-1", ".new-x", ".gone-alice-0123456789abcdef"] {
            fs::create_dir(all.path().join(theirs)).unwrap();
        }
        fs::create_dir(all.path().join(STEP)).unwrap();
        assert_eq!(folder.steps().unwrap(), [Name::new(STEP).unwrap()]);
        drop(folder);
        drop(open(all.path(), "a").unwrap());
        let left = [STEP, "alice", "step-1", ".new-x", ".gone-alice-0123456789abcdef", LOCK, owner::OWNER];
        assert!(names(all.path()).iter().all(|name| left.contains(&name.as_str())));
        assert_eq!(names(all.path()).len(), left.len());
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused_and_left_as_it_was() {
        for (theirs, is_folder) in [("alice", true), (STEP, false), (".bashrc", false), (".new-x", true)] {
            let all = tempfile::tempdir().unwrap();
            let path = all.path().join(theirs);
            if is_folder { fs::create_dir(path) } else { fs::write(path, "") }.unwrap();
            let Err(error) = open(all.path(), "a") else { panic!("{theirs} is not seen") };
            assert!(matches!(&error, Error::Foreign { found, .. } if found == theirs), "{error}");
            assert!(error.to_string().ends_with("name a new or an empty folder in process.workspaces"), "{error}");
            assert_eq!(names(all.path()), [theirs]);
        }
    }

    #[test]
    fn a_folder_of_a_build_that_knew_no_owners_is_adopted() {
        let all = tempfile::tempdir().unwrap();
        fs::write(all.path().join(LOCK), "").unwrap();
        for ours in [STEP, &format!("{GONE}{STEP}-0123456789abcdef")] {
            fs::create_dir(all.path().join(ours)).unwrap();
        }
        assert_eq!(open(all.path(), "a").unwrap().steps().unwrap().len(), 1);
        assert_eq!(names(all.path()), [LOCK, owner::OWNER, STEP]);
        assert_eq!(fs::read_to_string(all.path().join(owner::OWNER)).unwrap(), "a\n");
    }

    #[test]
    fn a_folder_of_another_gateway_is_refused_whether_that_one_runs_or_not() {
        let all = tempfile::tempdir().unwrap();
        let first = open(all.path(), "a").unwrap();
        let refused = |found: Result<Folder, Error>| {
            let Err(error) = found else { panic!("it is not refused") };
            assert!(matches!(&error, Error::Owned { owner, .. } if owner == "a"), "{error}");
            assert!(error.to_string().contains(".owner"), "{error}");
        };
        refused(open(all.path(), "b"));
        drop(first);
        refused(open(all.path(), "b"));
        drop(open(all.path(), "a").unwrap());
        fs::remove_file(all.path().join(owner::OWNER)).unwrap();
        drop(open(all.path(), "b").unwrap());
    }
}
