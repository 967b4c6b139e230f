//! The undo log: what a power cut takes back. The library writes it, `strowger-power-cut` reads it.

/// The log's file in the folder of the faults.
pub(crate) const UNDO: &str = "undo.log";
/// Files that were unlinked or overwritten by a rename, kept by a second link.
pub(crate) const SAVED: &str = "saved";
/// What the library does from now on: words, one a line.
pub(crate) const CONTROL: &str = "control";

/// One thing that was done and may be taken back. Written before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Octets of a file were overwritten, or its length changed.
    Content {
        /// Which file.
        inode: u64,
        /// Its length before.
        length: u64,
        /// From where on.
        offset: u64,
        /// What was there, as far as the file went.
        before: Vec<u8>,
    },
    /// A name was made in a folder.
    Made {
        /// Which folder.
        folder: u64,
        /// The name's whole path.
        path: Vec<u8>,
    },
    /// A name was taken out of a folder.
    Unlinked {
        /// Which folder.
        folder: u64,
        /// The name's whole path.
        path: Vec<u8>,
        /// The second link.
        saved: Vec<u8>,
    },
    /// A name was changed.
    Renamed {
        /// The folder it came into.
        folder: u64,
        /// Before.
        from: Vec<u8>,
        /// After.
        to: Vec<u8>,
        /// What had that name before: its second link; empty: nothing.
        saved: Vec<u8>,
    },
    /// A file's content, or a folder's names, are on the disk: all entries of it before that position.
    Synced {
        /// Which file or folder.
        inode: u64,
        /// Position in the log.
        before: u64,
    },
}

impl Entry {
    /// The entry as octets: its length, then its parts.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        let number = |out: &mut Vec<u8>, n: u64| out.extend_from_slice(&n.to_le_bytes());
        let octets = |out: &mut Vec<u8>, b: &[u8]| {
            out.extend_from_slice(&(b.len() as u64).to_le_bytes());
            out.extend_from_slice(b);
        };
        match self {
            Self::Content { inode, length, offset, before } => {
                out.push(1);
                number(&mut out, *inode);
                number(&mut out, *length);
                number(&mut out, *offset);
                octets(&mut out, before);
            }
            Self::Made { folder, path } => {
                out.push(2);
                number(&mut out, *folder);
                octets(&mut out, path);
            }
            Self::Unlinked { folder, path, saved } => {
                out.push(3);
                number(&mut out, *folder);
                octets(&mut out, path);
                octets(&mut out, saved);
            }
            Self::Renamed { folder, from, to, saved } => {
                out.push(4);
                number(&mut out, *folder);
                octets(&mut out, from);
                octets(&mut out, to);
                octets(&mut out, saved);
            }
            Self::Synced { inode, before } => {
                out.push(5);
                number(&mut out, *inode);
                number(&mut out, *before);
            }
        }
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX).to_le_bytes();
        out.iter_mut().zip(length).for_each(|(slot, octet)| *slot = octet);
        out
    }
}

/// Reads the entries of a log with their positions; one that was cut off at the end was never done.
#[cfg_attr(not(test), allow(dead_code, reason = "the library only writes"))]
pub(crate) fn read(log: &[u8]) -> Vec<(u64, Entry)> {
    let mut entries = Vec::new();
    let mut at = 0usize;
    while let Some(entry) = one(log, at) {
        let (entry, end) = entry;
        entries.push((at as u64, entry));
        at = end;
    }
    entries
}

fn one(log: &[u8], at: usize) -> Option<(Entry, usize)> {
    let (length, rest) = log.get(at..)?.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let mut body = Body(rest.get(..length)?);
    let entry = match body.take(1)? {
        [1] => Entry::Content {
            inode: body.number()?,
            length: body.number()?,
            offset: body.number()?,
            before: body.octets()?,
        },
        [2] => Entry::Made { folder: body.number()?, path: body.octets()? },
        [3] => Entry::Unlinked { folder: body.number()?, path: body.octets()?, saved: body.octets()? },
        [4] => {
            Entry::Renamed { folder: body.number()?, from: body.octets()?, to: body.octets()?, saved: body.octets()? }
        }
        [5] => Entry::Synced { inode: body.number()?, before: body.number()? },
        _ => return None,
    };
    Some((entry, at + 4 + length))
}

struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn octets(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_a_torn_one_was_never_done() {
        let entries = [
            Entry::Content { inode: 7, length: 9, offset: 2, before: b"abc".to_vec() },
            Entry::Made { folder: 1, path: b"/a/b".to_vec() },
            Entry::Unlinked { folder: 1, path: b"/a/b".to_vec(), saved: b"/s/1".to_vec() },
            Entry::Renamed { folder: 1, from: b"/a/b".to_vec(), to: b"/a/c".to_vec(), saved: Vec::new() },
            Entry::Synced { inode: 7, before: 40 },
        ];
        let log: Vec<u8> = entries.iter().flat_map(Entry::write).collect();
        let back: Vec<Entry> = read(&log).into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(back, entries);
        assert_eq!(read(&log[..log.len() - 1]).len(), 4);
    }
}
