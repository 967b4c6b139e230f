//! Whose a folder of workspaces is: what another gateway runs is never taken for what nobody owns.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::Error;
use super::folder::is_ours;
use crate::workspace::{open_to_read, write_synced};

/// Holds the identity of the gateway that the folder belongs to.
pub(super) const OWNER: &str = ".owner";
/// Longest identity, in octets.
const LONGEST: u64 = 1_024;

/// Makes sure that `folder` belongs to `owner`. A folder without an owner is taken where nothing but workspaces is in
/// it; a refused one is left as it was. `fresh`: a name beside it that nobody else uses.
pub(super) fn take(folder: &Path, owner: &str, fresh: &Path) -> Result<(), Error> {
    let unusable = |source| Error::Folder { path: folder.to_owned(), source };
    if whose(folder).map_err(unusable)?.is_none() {
        if let Some(found) = foreign(folder).map_err(unusable)? {
            return Err(Error::Foreign { path: folder.to_owned(), found });
        }
        mark(folder, owner, fresh).map_err(unusable)?;
    }
    match whose(folder).map_err(unusable)?.unwrap_or_default() {
        ours if ours == owner => Ok(()),
        other => Err(Error::Owned { path: folder.to_owned(), owner: other, file: folder.join(OWNER) }),
    }
}

fn whose(folder: &Path) -> io::Result<Option<String>> {
    let file = match open_to_read(&folder.join(OWNER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut octets = Vec::new();
    file.take(LONGEST).read_to_end(&mut octets)?;
    Ok(Some(String::from_utf8_lossy(&octets).trim_end().to_owned()))
}

/// The first entry that no gateway made.
fn foreign(folder: &Path) -> io::Result<Option<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_ours(&entry)? {
            all.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(all.into_iter().min())
}

/// The file appears whole or not at all. Where somebody was faster, theirs counts; they may have swept `fresh` away.
fn mark(folder: &Path, owner: &str, fresh: &Path) -> io::Result<()> {
    write_synced(fresh, format!("{owner}\n").as_bytes())?;
    match fs::hard_link(fresh, folder.join(OWNER)) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
            return Err(error);
        }
        Ok(()) | Err(_) => {}
    }
    match fs::remove_file(fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::File::open(folder)?.sync_all()
}
