//! A workspace on disk: its layout, its lock, and how its files are written so that a crash leaves the old or the new.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::seen::{Seen, boot};
use crate::spec::Spec;

/// What is ours in a workspace.
pub(crate) const CONTROL: &str = ".hold";
/// The program's output.
pub(crate) const OUTPUT: &str = "output.log";
/// The output before that.
pub(crate) const OUTPUT_BEFORE: &str = "output.1.log";
/// The hold's socket, seen from the control folder.
pub(crate) const SOCKET: &str = "socket";

const SPEC: &str = "spec.json";
const LOCK: &str = "lock";
const RUNNING: &str = "running.json";
const ENDED: &str = "ended.json";
/// No file of ours is longer: a specification holds at most what an offer may declare, filled in.
const LONGEST: u64 = 16 << 20;

/// A workspace.
#[derive(Clone, Debug)]
pub(crate) struct Workspace(PathBuf);

/// `running.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The boot they run in.
    pub(crate) boot: String,
    /// The hold.
    pub(crate) hold: i32,
    /// When it started.
    pub(crate) hold_start: u64,
    /// Its program, from the moment there is one.
    pub(crate) pid: Option<i32>,
    /// When that started.
    pub(crate) start: Option<u64>,
}

/// The variable that tells the descendants of one hold from all others.
const MARK: &str = "STROWGER_HOLD";

impl Running {
    /// What the program and all that it starts carry in their environment, so that whoever leaves the session is
    /// found, too.
    pub(crate) fn mark(&self) -> (&'static str, String) {
        (MARK, format!("{}-{}", self.hold, self.hold_start))
    }

    /// All that runs of it: what is in its session and what carries its mark.
    fn remains(&self) -> Vec<Seen> {
        let (name, value) = self.mark();
        let mark = format!("{name}={value}");
        // While anybody is in a session its number is given to nobody else. A process of that number is therefore
        // either the hold, or proof that the session is gone and another has its number.
        let same = Seen::of(self.hold).is_none_or(|now| now.start == self.hold_start);
        let ours = |seen: &Seen| (same && seen.session == self.hold) || seen.carries(&mark);
        let later = |seen: &Seen| !seen.zombie && seen.start >= self.hold_start;
        Seen::all().into_iter().filter(|seen| later(seen) && ours(seen)).collect()
    }
}

/// `ended.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// The exit status; 128 and the number of the signal that ended it, as shells count.
    pub(crate) status: i32,
}

/// What became of a wish for the lock.
pub(crate) enum Wish {
    /// It is ours until the file is dropped.
    Locked(File),
    /// A hold has it.
    Taken,
    /// There is no workspace, or one that no hold was ever in.
    Nothing,
}

impl Workspace {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.0.join(CONTROL)
    }

    /// Makes the folder, `.hold` in it and the files, all synced: what is renamed into place later is whole.
    pub(crate) fn lay_out(&self, spec: &Spec, files: &[(PathBuf, String)]) -> io::Result<()> {
        private_folder(&self.0)?;
        private_folder(&self.control())?;
        self.write_files(files)?;
        self.write(SPEC, spec, true)?;
        File::open(&self.0)?.sync_all()
    }

    /// Writes specification and files anew. To be called under the lock. A crash in between leaves a workspace without
    /// a specification, which is made from the beginning.
    pub(crate) fn rewrite(&self, spec: &Spec, files: &[(PathBuf, String)]) -> io::Result<()> {
        if !files.is_empty() {
            fs::remove_file(self.control().join(SPEC))?;
            File::open(self.control())?.sync_all()?;
            self.write_files(files)?;
        }
        self.write(SPEC, spec, true)
    }

    fn write_files(&self, files: &[(PathBuf, String)]) -> io::Result<()> {
        for (path, content) in files {
            let whole = self.0.join(path);
            if let Some(folder) = whole.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            write_synced(&whole, content.as_bytes())?;
            for folder in path.ancestors().skip(1) {
                File::open(self.0.join(folder))?.sync_all()?;
            }
        }
        Ok(())
    }

    pub(crate) fn spec(&self) -> io::Result<Spec> {
        self.read(SPEC)
    }

    /// How its program ended, where that was written down.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.read(ENDED).ok()
    }

    pub(crate) fn write_ended(&self, ended: Ended) -> io::Result<()> {
        self.write(ENDED, &ended, true)
    }

    pub(crate) fn forget_ended(&self) -> io::Result<()> {
        match fs::remove_file(self.control().join(ENDED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Whoever runs or ran in it since this boot.
    pub(crate) fn running(&self) -> Option<Running> {
        self.read::<Running>(RUNNING).ok().filter(|running| running.boot == boot())
    }

    /// Not synced: it means nothing after a power cut.
    pub(crate) fn write_running(&self, running: &Running) -> io::Result<()> {
        self.write(RUNNING, running, false)
    }

    /// Wishes for the lock, without waiting.
    pub(crate) fn lock(&self) -> io::Result<Wish> {
        let path = self.control().join(LOCK);
        let file = match OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Wish::Nothing);
            }
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Wish::Locked(file)),
            Err(TryLockError::WouldBlock) => Ok(Wish::Taken),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Kills what a killed hold's program left; says how many there were. To be asked, under the lock, until there is
    /// none.
    pub(crate) fn kill_remains(&self) -> usize {
        // A hold that lived to write this down has ended everything before.
        if self.ended().is_some() {
            return 0;
        }
        let remains = self.running().map(|running| running.remains()).unwrap_or_default();
        remains.into_iter().map(Seen::kill).count()
    }

    /// The last lines of the output, at most that many.
    pub(crate) fn last_lines(&self, most: usize) -> String {
        let newest = tail(&self.0.join(OUTPUT));
        let text = if newest.lines().count() < most { tail(&self.0.join(OUTPUT_BEFORE)) + &newest } else { newest };
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(most)..).unwrap_or_default().join("\n")
    }

    /// Whether that path still means the folder this process works in.
    pub(crate) fn is_where_we_are(&self) -> io::Result<bool> {
        let (there, here) = (fs::metadata(&self.0)?, fs::metadata(".")?);
        Ok((there.dev(), there.ino()) == (here.dev(), here.ino()))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<T> {
        let mut octets = Vec::new();
        open_to_read(&self.control().join(name))?.take(LONGEST).read_to_end(&mut octets)?;
        Ok(serde_json::from_slice(&octets)?)
    }

    fn write(&self, name: &str, value: &impl Serialize, synced: bool) -> io::Result<()> {
        let (path, fresh) = (self.control().join(name), self.control().join(format!("{name}.new")));
        let octets = serde_json::to_vec(value)?;
        if synced {
            write_synced(&fresh, &octets)?;
        } else {
            private_file(&fresh)?.write_all(&octets)?;
        }
        fs::rename(fresh, path)?;
        if synced { File::open(self.control())?.sync_all() } else { Ok(()) }
    }
}

/// Whether there is no space left, for us or at all.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Makes a folder that the gateway alone may look into.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// The program may have put anything there: a pipe without an end must not hold us up.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    #[expect(clippy::cast_possible_wrap, reason = "the flags of open(2) are an int there and unsigned here")]
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)
}

pub(crate) fn write_synced(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = private_file(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

fn tail(path: &Path) -> String {
    const OCTETS: u64 = 4_096;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = open_to_read(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(OCTETS)))?;
        let mut octets = Vec::new();
        file.take(OCTETS).read_to_end(&mut octets)?;
        Ok(octets)
    };
    read().map(|octets| String::from_utf8_lossy(&octets).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
