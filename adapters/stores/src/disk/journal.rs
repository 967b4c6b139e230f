//! Mends the journals of the engine before it is opened.
//!
//! A batch is synced before the next one begins, so only the last one can be half there. Where a crash tore it, it is
//! cut off: fjall itself bears a batch that ends early, but takes one with a hole in it for damage and opens no more.
//! A batch that failed while the process went on is cut off too, whole or not: it was refused. What is left of the
//! last batch is written again and synced, because a sync that failed leaves pages the kernel takes for clean.
//! A damaged batch with a whole one behind it was not torn by a crash: that is refused, never cut.
//!
//! The layout is fjall 3's, little endian: a batch is `1`, items (u32), number (u64); its items, each `2`, sort,
//! compression, table (u64), octets of the key (u16), of the value (u32), of the stored value (u32), key, stored
//! value, or `4`, table (u64); then `3`, XXH3 of the items' octets (u64), `FJL` and 3. Zeros follow the last batch.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::disk::keys;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8; 4] = b"FJL\x03";

/// Mends the newest journal in `directory`. With `acknowledged`, batches behind that commit are cut off, and all
/// journals are looked through: the engine may have begun a new one behind the batch that failed.
///
/// # Errors
/// Where a file cannot be read, cut or synced, or [`io::ErrorKind::InvalidData`] where it is damaged.
pub(crate) fn mend(directory: &Path, acknowledged: Option<u64>) -> io::Result<()> {
    let journals = journals(directory)?;
    let skipped = if acknowledged.is_some() { 0 } else { journals.len().saturating_sub(1) };
    journals.iter().skip(skipped).try_for_each(|path| mend_one(path, acknowledged))
}

fn mend_one(path: &Path, acknowledged: Option<u64>) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut walk = Walk { reader: BufReader::with_capacity(64 * 1024, &file), at: 0, length };
    let (mut good, mut last) = (0, 0);
    let torn = loop {
        match walk.batch() {
            Ok(Some(commit)) if commit > acknowledged.unwrap_or(u64::MAX) => break false,
            Ok(Some(_)) => (last, good) = (good, walk.at),
            Ok(None) => break false,
            Err(error) if torn(&error) => break true,
            Err(error) => return Err(error),
        }
    };
    if torn && whole_behind(&file, good + 1)? {
        let what = format!("a batch at octet {good} of {} is damaged, and others follow", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    if torn {
        tracing::info!(octet = good, "what a crash left half-written is cut off");
    }
    if good < length {
        file.set_len(good)?;
    }
    let mut batch = vec![0; usize::try_from(good - last).map_err(io::Error::other)?];
    file.read_exact_at(&mut batch, last)?;
    file.write_all_at(&batch, last)?;
    file.sync_all()
}

/// All journals, the oldest first.
fn journals(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let number = path.extension().filter(|e| *e == "jnl").and(path.file_stem()).and_then(|s| s.to_str());
        found.extend(number.and_then(|n| n.parse().ok()).map(|n| (n, path.clone())));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn torn(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

fn bad() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Whether a whole batch begins anywhere from `from` on.
fn whole_behind(mut file: &File, from: u64) -> io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(from))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let starts = rest.iter().enumerate().filter(|(_, octet)| **octet == START).map(|(i, _)| from + i as u64);
    for start in starts {
        file.seek(SeekFrom::Start(start))?;
        let mut walk = Walk { reader: BufReader::with_capacity(4096, file), at: start, length };
        match walk.batch() {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(error) if torn(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Goes from batch to batch.
struct Walk<'a> {
    reader: BufReader<&'a File>,
    at: u64,
    length: u64,
}

impl Walk<'_> {
    /// Reads one batch. Returns the number of its commit, 0 where it names none; `None` at the end of what was written.
    fn batch(&mut self) -> io::Result<Option<u64>> {
        if self.at == self.length {
            return Ok(None);
        }
        match self.octets::<1>(None)? {
            [START] => {}
            [0] => return Ok(None),
            _ => return Err(bad()),
        }
        let items = u32::from_le_bytes(self.octets(None)?);
        let _number: [u8; 8] = self.octets(None)?;
        let mut sum = Xxh3::new();
        let mut commit = 0;
        for _ in 0..items {
            match self.octets::<1>(Some(&mut sum))? {
                [ITEM] => {
                    if let Some(found) = self.item(&mut sum)? {
                        commit = found;
                    }
                }
                [CLEAR] => drop(self.octets::<8>(Some(&mut sum))?),
                _ => return Err(bad()),
            }
        }
        if self.octets(None)? != [END]
            || u64::from_le_bytes(self.octets(None)?) != sum.digest()
            || self.octets(None)? != *TRAILER
        {
            return Err(bad());
        }
        Ok(Some(commit))
    }

    /// Reads one item. Returns the number of the commit where that is what it says.
    fn item(&mut self, sum: &mut Xxh3) -> io::Result<Option<u64>> {
        let _sort_compression_table: [u8; 10] = self.octets(Some(sum))?;
        let key = u64::from(u16::from_le_bytes(self.octets(Some(sum))?));
        let _value: [u8; 4] = self.octets(Some(sum))?;
        let value = u64::from(u32::from_le_bytes(self.octets(Some(sum))?));
        let key = self.part(key, sum)?;
        let value = self.part(value, sum)?;
        let names = key == keys::COMMIT;
        Ok(if names { value.try_into().ok().map(u64::from_be_bytes) } else { None })
    }

    fn octets<const N: usize>(&mut self, sum: Option<&mut Xxh3>) -> io::Result<[u8; N]> {
        let mut octets = [0; N];
        self.reader.read_exact(&mut octets)?;
        self.at += N as u64;
        if let Some(sum) = sum {
            sum.update(&octets);
        }
        Ok(octets)
    }

    fn part(&mut self, length: u64, sum: &mut Xxh3) -> io::Result<Vec<u8>> {
        if length > self.length - self.at {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut part = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.reader.read_exact(&mut part)?;
        self.at += length;
        sum.update(&part);
        Ok(part)
    }
}
