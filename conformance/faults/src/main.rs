//! `strowger-power-cut FOLDER [SEED]`: takes back, after the process is dead, what it did and never synced.
//!
//! `FOLDER` is the one the library wrote its log to. Without a seed all of it is taken back: nothing that was not
//! synced reached the disk. With one, a random part of it reached the disk, in pages of 4 KiB, as on a real disk.

#![allow(dead_code, reason = "the log's words are shared with the library")]

mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use log::Entry;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.as_slice() {
        [folder] => power_cut(Path::new(folder), None),
        [folder, seed] => match seed.parse() {
            Ok(seed) => power_cut(Path::new(folder), Some(seed)),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match done {
        Ok(undone) => {
            println!("{undone}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("strowger-power-cut: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: strowger-power-cut FOLDER [SEED]");
    ExitCode::from(2)
}

/// Takes back what was not synced; says how much that was.
fn power_cut(folder: &Path, seed: Option<u64>) -> io::Result<usize> {
    let path = folder.join(log::UNDO);
    let pending = pending(log::read(&fs::read(&path)?));
    let mut chance = seed.map(Chance);
    let mut undone = 0;
    let mut files = Files { folder, known: None };
    // What was done last is taken back first; a name that stays lets all names before it stay in its folder, as in a
    // file system's journal.
    let mut reached = BTreeSet::new();
    for (_, entry) in pending.into_iter().rev() {
        match entry {
            Entry::Content { inode, length, offset, before } => {
                if let Some(path) = files.of(inode, &folders(folder)?)? {
                    restore(&path, length, offset, &before, chance.as_mut())?;
                    undone += 1;
                }
            }
            Entry::Made { folder, .. } | Entry::Unlinked { folder, .. } | Entry::Renamed { folder, .. }
                if reached.contains(&folder) => {}
            Entry::Made { folder, .. } | Entry::Unlinked { folder, .. } | Entry::Renamed { folder, .. }
                if chance.as_mut().is_some_and(Chance::coin) =>
            {
                reached.insert(folder);
            }
            Entry::Made { path, .. } => {
                remove(&os(&path))?;
                files.known = None;
                undone += 1;
            }
            Entry::Unlinked { path, saved, .. } => {
                put_back(&os(&saved), &os(&path))?;
                files.known = None;
                undone += 1;
            }
            Entry::Renamed { from, to, saved, .. } => {
                if os(&to).exists() {
                    fs::rename(os(&to), os(&from))?;
                }
                if !saved.is_empty() {
                    put_back(&os(&saved), &os(&to))?;
                }
                files.known = None;
                undone += 1;
            }
            Entry::Synced { .. } => {}
        }
    }
    fs::write(&path, b"")?;
    let _not_made = fs::remove_dir_all(folder.join(log::SAVED));
    Ok(undone)
}

/// What was not synced behind it, in the order done.
fn pending(entries: Vec<(u64, Entry)>) -> Vec<(u64, Entry)> {
    let mut synced: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, entry) in &entries {
        if let Entry::Synced { inode, before } = entry {
            let until = synced.entry(*inode).or_default();
            *until = (*until).max(*before);
        }
    }
    let on_disk = |inode: &u64, at: u64| synced.get(inode).is_some_and(|until| at < *until);
    entries
        .into_iter()
        .filter(|(at, entry)| match entry {
            Entry::Content { inode, .. } => !on_disk(inode, *at),
            Entry::Made { folder, .. } | Entry::Unlinked { folder, .. } | Entry::Renamed { folder, .. } => {
                !on_disk(folder, *at)
            }
            Entry::Synced { .. } => false,
        })
        .collect()
}

/// Puts octets and length back; with chance, some pages keep what was written.
fn restore(path: &Path, length: u64, offset: u64, before: &[u8], chance: Option<&mut Chance>) -> io::Result<()> {
    const PAGE: usize = 4_096;
    let file = OpenOptions::new().write(true).open(path)?;
    match chance {
        None => {
            file.write_all_at(before, offset)?;
            file.set_len(length)
        }
        Some(chance) => {
            for (i, page) in (0u64..).zip(before.chunks(PAGE)) {
                if chance.coin() {
                    file.write_all_at(page, offset + i * PAGE as u64)?;
                }
            }
            // A longer file may have got its length and lost its octets: zeros, as file systems leave them.
            let now = file.metadata()?.len();
            if now > length {
                let kept = length + chance.below(now - length + 1);
                file.set_len(kept)?;
                if chance.coin() {
                    let hole = chance.below(kept - length + 1);
                    file.set_len(length + hole)?;
                    file.set_len(kept)?;
                }
                return Ok(());
            }
            if chance.coin() { file.set_len(length) } else { Ok(()) }
        }
    }
}

/// Finds files by their inode.
struct Files<'a> {
    folder: &'a Path,
    known: Option<BTreeMap<u64, PathBuf>>,
}

impl Files<'_> {
    fn of(&mut self, inode: u64, roots: &[PathBuf]) -> io::Result<Option<PathBuf>> {
        if self.known.is_none() {
            let mut known = BTreeMap::new();
            for root in roots.iter().map(PathBuf::as_path).chain([self.folder.join(log::SAVED).as_path()]) {
                walk(root, &mut known)?;
            }
            self.known = Some(known);
        }
        Ok(self.known.as_ref().and_then(|known| known.get(&inode).cloned()))
    }
}

/// The folders that are watched, as the library was told.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(fs::read_to_string(folder.join("under"))?.lines().map(PathBuf::from).collect())
}

fn walk(folder: &Path, known: &mut BTreeMap<u64, PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.is_dir() {
            walk(&entry.path(), known)?;
        } else {
            known.insert(meta.ino(), entry.path());
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn put_back(saved: &Path, path: &Path) -> io::Result<()> {
    if saved.exists() && !path.exists() { fs::hard_link(saved, path) } else { Ok(()) }
}

fn os(octets: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(octets))
}

/// Marsaglia's xorshift: the same seed, the same cut.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        let mut x = self.0 | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0 = x;
        x
    }

    fn coin(&mut self) -> bool {
        self.next() >> 32 & 1 == 1
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next().checked_rem(most).unwrap_or(0)
    }
}
