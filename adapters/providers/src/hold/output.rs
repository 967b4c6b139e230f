//! The program's output, kept in two files of half the limit each: the older half goes when the newer is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::workspace::{OUTPUT, OUTPUT_BEFORE};

/// Where the specification says nothing, in octets.
const DEFAULT: u64 = 1 << 20;
/// Less holds no line worth reading.
const LEAST: u64 = 4_096;

/// The two files.
pub(super) struct Output {
    folder: PathBuf,
    file: Option<File>,
    written: u64,
    half: u64,
}

impl Output {
    /// Goes on where an earlier run ended. `limit` in octets; 0: one mebibyte.
    pub(super) fn open(folder: PathBuf, limit: u64) -> Self {
        let half = if limit == 0 { DEFAULT } else { limit.max(LEAST) } / 2;
        let mut output = Self { folder, file: None, written: 0, half };
        output.file = output.append().ok();
        output.written = output.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |data| data.len());
        output
    }

    /// Keeps what the program said. What a full disk refuses is lost: the program must not wait for it.
    pub(super) fn keep(&mut self, mut said: &[u8]) {
        while !said.is_empty() {
            let room = self.half.saturating_sub(self.written);
            if room == 0 {
                let _full_disk = self.turn();
                continue;
            }
            let (now, later) = said.split_at(said.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            let kept = self.file.as_mut().map(|file| file.write_all(now));
            if !matches!(kept, Some(Ok(()))) {
                self.file = self.append().ok();
            }
            self.written = self.written.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX));
            said = later;
        }
    }

    fn turn(&mut self) -> io::Result<()> {
        self.file = None;
        self.written = 0;
        let newer = self.folder.join(OUTPUT);
        // Where the program made something of that name, the older half is lost, not the bound.
        fs::rename(&newer, self.folder.join(OUTPUT_BEFORE)).or_else(|_| fs::remove_file(&newer))?;
        self.file = Some(self.append()?);
        Ok(())
    }

    fn append(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(self.folder.join(OUTPUT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_together_stay_below_the_limit_and_hold_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut said = Vec::new();
        for run in 0..2 {
            let mut output = Output::open(folder.path().to_owned(), 8_192);
            for line in 0..2_000 {
                let line = format!("run {run} line {line}\n");
                output.keep(line.as_bytes());
                said.extend_from_slice(line.as_bytes());
            }
            output.keep(&[b'x'; 10_000]);
            said.extend_from_slice(&[b'x'; 10_000]);
            let (older, newer) = (fs::read(path(OUTPUT_BEFORE)).unwrap(), fs::read(path(OUTPUT)).unwrap());
            assert!(older.len() == 4_096 && newer.len() <= 4_096, "{} {}", older.len(), newer.len());
            assert!(said.ends_with(&[older, newer].concat()), "nothing of the newest is missing");
        }
    }

    #[test]
    fn it_is_bounded_whatever_the_program_put_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(OUTPUT_BEFORE).join("x")).unwrap();
        let mut output = Output::open(folder.path().to_owned(), 8_192);
        output.keep(&[b'x'; 100_000]);
        assert!(fs::metadata(folder.path().join(OUTPUT)).unwrap().len() <= 4_096);
    }

    #[test]
    fn what_cannot_be_kept_is_lost_and_nothing_else_happens() {
        let mut output = Output::open("/nowhere".into(), 4_096);
        output.keep(&[b'x'; 100_000]);
    }
}
