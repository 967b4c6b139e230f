//! A result that is kept in a file.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::exit::{Failure, GENERAL};

/// Writes the file `--output` names, whole or not at all: where it fails, what was there before is still there.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let told = |error: &io::Error| format!("--output {}: {error}", path.display());
    let wrong = |error: io::Error| Failure::usage(told(&error));
    let failed = |error: io::Error| Failure::new(GENERAL, told(&error));
    // What a link points to is replaced, not the link.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // Who may not write to it may not replace it either.
    let earlier = match File::options().write(true).open(&place) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(wrong(error)),
    };
    let mut permissions = None;
    if let Some(file) = earlier {
        let about = file.metadata().map_err(wrong)?;
        // A device or a pipe: there is nothing before, and nothing to put in its place.
        if !about.is_file() {
            let mut out = BufWriter::new(file);
            write(&mut out)?;
            return out.flush().map_err(failed);
        }
        permissions = Some(about.permissions());
    }
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::Builder::new();
    let fresh = fresh.prefix(".strowger-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
    let fresh = fresh.map_err(wrong)?;
    if let Some(permissions) = permissions {
        fresh.as_file().set_permissions(permissions).map_err(failed)?;
    }
    let mut out = BufWriter::new(fresh);
    write(&mut out)?;
    let fresh = out.into_inner().map_err(|error| failed(error.into_error()))?;
    fresh.as_file().sync_all().map_err(failed)?;
    fresh.persist(&place).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(_: &mut dyn Write) -> Result<(), Failure> {
        Err(Failure::new(GENERAL, "there is no store"))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_was_exported_before_outlives_an_export_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        assert_eq!(replace(&path, refused).unwrap_err().text, "there is no store");
        assert!(names(folder.path()).is_empty(), "nothing is left");
        replace(&path, |out| Ok(out.write_all(b"one")?)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let half = replace(&path, |out| {
            out.write_all(b"half")?;
            refused(out)
        });
        assert!(half.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace(&path, |out| Ok(out.write_all(b"two")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["log.jsonl"]);
    }

    #[test]
    fn a_link_stays_one_and_a_device_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, |out| Ok(out.write_all(b"two")?)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"two");
        let full = replace(Path::new("/dev/full"), |out| Ok(out.write_all(b"x")?)).unwrap_err();
        assert_eq!(full.code, GENERAL);
        assert!(full.text.starts_with("--output /dev/full: "), "{full}");
        let nowhere = replace(&folder.path().join("none/log"), |_| Ok(())).unwrap_err();
        assert_eq!(nowhere.code, crate::exit::USAGE);
    }
}
