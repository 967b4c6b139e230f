//! Mends the journals of the engine before it is opened.
//!
//! A batch is synced before the next one begins, so only the last one can be half there. Where a crash tore it, it is
//! cut off: fjall itself bears a batch that ends early, but takes one with a hole in it for damage and opens no more.
//! A batch that failed while the process went on is cut off too, whole or not: it was refused; the engine may have
//! begun a new journal behind it. What is left of the last batch is written again and synced, because a sync that
//! failed leaves pages the kernel takes for clean.
//! A damaged batch with a whole one behind it, in its journal or a newer one, was not torn by a crash: that is refused,
//! never cut. The last one cannot be told from a torn one.
//!
//! The layout is fjall 3's, little endian: a batch is `1`, items (u32), number (u64); its items, each `2`, sort,
//! compression, table (u64), octets of the key (u16), of the value (u32), of the stored value (u32), key, stored
//! value, or `4`, table (u64); then `3`, XXH3 of the items' octets (u64), `FJL` and 3. Zeros follow the last batch.
//! The number is in no sum, and decides what counts as flushed and which value is the newest. It rises from batch to
//! batch through all journals, as the engine goes on behind the highest it finds: one that does not rise is refused.
//! That of the oldest journal's first batch has none before it to be compared with.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use xxhash_rust::xxh3::Xxh3;

use crate::disk::keys;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8; 4] = b"FJL\x03";
/// fjall's numbers stay below.
const NUMBERS: u64 = 1 << 63;
/// How much of a journal is in memory at once.
const CHUNK: usize = 64 * 1024;

/// Mends the journals in `directory`. With `acknowledged`, batches behind that commit are cut off.
///
/// # Errors
/// Where a file cannot be read, cut or synced, or [`io::ErrorKind::InvalidData`] where one is damaged: then all are
/// left as they are.
pub(crate) fn mend(directory: &Path, acknowledged: Option<u64>) -> io::Result<()> {
    look(directory, acknowledged)?.iter().try_for_each(Journal::mend)
}

/// Looks through all journals in `directory`, the oldest first.
pub(crate) fn look(directory: &Path, acknowledged: Option<u64>) -> io::Result<Vec<Journal>> {
    let (mut found, mut number) = (Vec::new(), None);
    for path in journals(directory)? {
        found.push(Journal::look(path, acknowledged, &mut number)?);
    }
    let mut followed = false;
    for journal in found.iter().rev() {
        if journal.torn && (followed || whole_behind(&journal.file, journal.good + 1)?) {
            return Err(damaged(&journal.path, journal.good, "others follow"));
        }
        followed |= journal.good > 0;
    }
    Ok(found)
}

/// A journal as it was found.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// Where the last whole batch begins.
    last: u64,
    /// Where it ends.
    pub(crate) good: u64,
    /// Whether what follows is neither a batch nor zeros.
    torn: bool,
}

impl Journal {
    /// `number` is that of the batch before.
    fn look(path: PathBuf, acknowledged: Option<u64>, number: &mut Option<u64>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len();
        let mut walk = Walk { reader: BufReader::with_capacity(CHUNK, &file), at: 0, length };
        let (mut good, mut last) = (0, 0);
        let torn = loop {
            match walk.batch() {
                Ok(Some(batch)) if batch.commit > acknowledged.unwrap_or(u64::MAX) => break false,
                Ok(Some(batch)) if !batch.follows(*number) => {
                    return Err(damaged(&path, good, "its number is wrong"));
                }
                Ok(Some(batch)) => {
                    *number = Some(batch.number);
                    (last, good) = (good, walk.at);
                }
                Ok(None) => break any_chunk(&file, good, |_, octets| Ok(octets.iter().any(|octet| *octet != 0)))?,
                Err(error) if torn(&error) => break true,
                Err(error) => return Err(error),
            }
        };
        drop(walk);
        Ok(Self { path, file, length, last, good, torn })
    }

    fn mend(&self) -> io::Result<()> {
        if self.torn {
            tracing::info!(octet = self.good, "what a crash left half-written is cut off");
        }
        if self.good < self.length {
            self.file.set_len(self.good)?;
        }
        let mut batch = vec![0; usize::try_from(self.good - self.last).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut batch, self.last)?;
        self.file.write_all_at(&batch, self.last)?;
        self.file.sync_all()
    }
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

fn damaged(path: &Path, octet: u64, why: &str) -> io::Error {
    let what = format!("the batch at octet {octet} of {} is damaged: {why}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Whether a whole batch begins anywhere from `from` on.
fn whole_behind(mut file: &File, from: u64) -> io::Result<bool> {
    let length = file.metadata()?.len();
    any_chunk(file, from, |at, octets| {
        for (_, start) in octets.iter().zip(at..).filter(|(octet, _)| **octet == START) {
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
    })
}

/// Whether `is` says yes to a chunk of `file` from `from` on; it is shown where the chunk begins. Holes are left out:
/// a new journal is one of 64 MiB.
fn any_chunk(file: &File, from: u64, mut is: impl FnMut(u64, &[u8]) -> io::Result<bool>) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK];
    let mut at = from;
    loop {
        at = match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(false),
            // Not every file system tells its holes.
            Err(_) => at,
        };
        let read = file.read_at(&mut chunk, at)?;
        if read == 0 {
            return Ok(false);
        }
        if is(at, chunk.split_at(read).0)? {
            return Ok(true);
        }
        at += read as u64;
    }
}

/// A whole batch.
struct Batch {
    /// The number of its commit, 0 where it names none.
    commit: u64,
    /// The engine's own number.
    number: u64,
}

impl Batch {
    fn follows(&self, before: Option<u64>) -> bool {
        self.number < NUMBERS && before.is_none_or(|before| self.number > before)
    }
}

/// Goes from batch to batch.
struct Walk<'a> {
    reader: BufReader<&'a File>,
    at: u64,
    length: u64,
}

impl Walk<'_> {
    /// Reads one batch; `None` at the end of what was written.
    fn batch(&mut self) -> io::Result<Option<Batch>> {
        if self.at == self.length {
            return Ok(None);
        }
        match self.octets::<1>(None)? {
            [START] => {}
            [0] => return Ok(None),
            _ => return Err(bad()),
        }
        let items = u32::from_le_bytes(self.octets(None)?);
        let number = u64::from_le_bytes(self.octets(None)?);
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
        Ok(Some(Batch { commit, number }))
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
