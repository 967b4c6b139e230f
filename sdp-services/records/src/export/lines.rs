//! JSON lines: the head first, then each record as JSON with the octets it was sealed as.

use std::io::{BufRead, Read as _, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use strowger_forms::json;
use strowger_primitive::{Document, Log, Store};

use super::ExportError;
use crate::head::Head;
use crate::note::Verifier;
use crate::replay::{Offence, Replay, Report};
use crate::stored::{each, read_record};
use crate::verify::Told;

/// Longest line read, in octets: more than a record of the largest fields makes.
const LONGEST: u64 = 131_072;
const HEAD: &str = "{\"head\":\"";
const STORED: &str = "\"stored\":\"";
const END: &str = "\"}";

/// One line of an export.
#[derive(Debug)]
pub enum Line {
    /// The signed head of the log, unverified.
    Head(String),
    /// One record: as it is stored, and what that says.
    Record(Bytes, Box<Document>),
}

/// Why a line is none of ours: it is written in one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadLine(&'static str);

/// Writes all records under the newest head of a log, as JSON lines; how many. An empty log is no line at all.
///
/// # Errors
/// [`ExportError`].
pub fn json_lines(
    store: &dyn Store,
    log: Log,
    key: &Verifier,
    out: &mut dyn Write,
    told: &mut Told<'_>,
) -> Result<u64, ExportError> {
    let Some(head) = Head::newest(store, log, key)? else { return Ok(0) };
    let mut line = Vec::new();
    write_head(head.note(), &mut line);
    out.write_all(&line)?;
    each(store, log, 0, head.size, &mut |sequence, stored| {
        let record = read_record(stored).map_err(|source| ExportError::Record { sequence, source })?;
        line.clear();
        write_record(&record, stored, &mut line);
        out.write_all(&line)?;
        told(sequence + 1, head.size);
        Ok::<_, ExportError>(true)
    })?;
    out.flush()?;
    Ok(head.size)
}

/// Verifies an export as [`verify`](crate::verify) does the log, but for the hashes kept for proofs, which are not in it.
/// `Ok(None)`: it is empty.
///
/// # Errors
/// The first [`Offence`].
pub fn verify_export(
    reader: &mut dyn BufRead,
    key: &Verifier,
    given: Option<&Head>,
    told: &mut Told<'_>,
) -> Result<Option<Report>, Offence> {
    let mut line = Vec::new();
    if !next_line(reader, &mut line, 1)? {
        return match given.filter(|head| head.size > 0) {
            Some(given) => Err(Offence::Cut { given: given.size, size: 0 }),
            None => Ok(None),
        };
    }
    let head = match Line::read(&line) {
        Ok(Line::Head(note)) => Head::open(&note, key).map_err(Offence::Head)?,
        Ok(Line::Record(..)) => return Err(Offence::Line { line: 1, why: "the head should be first" }),
        Err(BadLine(why)) => return Err(Offence::Line { line: 1, why }),
    };
    let size = head.size;
    let mut replay = Replay::new(head, given)?;
    for number in 2.. {
        if !next_line(reader, &mut line, number)? {
            break;
        }
        let stored = match Line::read(&line) {
            Ok(Line::Record(stored, _)) => stored,
            Ok(Line::Head(_)) => return Err(Offence::Line { line: number, why: "there is one head, the first line" }),
            Err(BadLine(why)) => return Err(Offence::Line { line: number, why }),
        };
        if replay.left() == 0 {
            return Err(Offence::Unsealed { from: size });
        }
        // Lines carry no number of their own: a record says its own place.
        let says = read_record(&stored).ok().and_then(|r| r.fields.uint(&strowger_primitive::common::SEQUENCE));
        replay.record(says.unwrap_or_else(|| replay.next()), &stored)?;
        told(replay.next(), size);
    }
    replay.end().map(Some)
}

impl Line {
    /// Reads one line, with or without its line feed.
    ///
    /// # Errors
    /// [`BadLine`]: it is not exactly as an export writes it, or what is shown is not what is stored.
    pub fn read(line: &[u8]) -> Result<Self, BadLine> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| BadLine("it is not UTF-8"))?;
        let bare = text.strip_suffix(END).ok_or(BadLine("it does not end as a line of an export"))?;
        if let Some(head) = bare.strip_prefix(HEAD) {
            let note = head.replace("\\n", "\n");
            let mut again = Vec::new();
            write_head(&note, &mut again);
            return if again.strip_suffix(b"\n") == Some(line) {
                Ok(Self::Head(note))
            } else {
                Err(BadLine("its head is malformed"))
            };
        }
        let (_, stored) = bare.rsplit_once(STORED).ok_or(BadLine("it has no record in it"))?;
        let stored = STANDARD.decode(stored).map_err(|_| BadLine("its stored record is not in base 64"))?;
        let record = read_record(&stored).map_err(|_| BadLine("its stored record cannot be read"))?;
        let mut again = Vec::new();
        write_record(&record, &stored, &mut again);
        if again.strip_suffix(b"\n") == Some(line) {
            Ok(Self::Record(stored.into(), Box::new(record)))
        } else {
            Err(BadLine("what it shows is not what is stored in it"))
        }
    }
}

/// Reads the next line; `false` at the end.
fn next_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, number: u64) -> Result<bool, Offence> {
    line.clear();
    let read = reader.take(LONGEST).read_until(b'\n', line)?;
    if read as u64 == LONGEST && line.last() != Some(&b'\n') {
        return Err(Offence::Line { line: number, why: "it is too long" });
    }
    Ok(read > 0)
}

/// A note has printable characters and line feeds, and its names no quote or backslash: one escape is enough.
pub(crate) fn write_head(note: &str, line: &mut Vec<u8>) {
    line.extend_from_slice(HEAD.as_bytes());
    line.extend_from_slice(note.replace('\n', "\\n").as_bytes());
    line.extend_from_slice(END.as_bytes());
    line.push(b'\n');
}

/// Writes a record beside what it is stored as.
pub(crate) fn write_record(record: &Document, stored: &[u8], line: &mut Vec<u8>) {
    json::write_document(record, &[], None, line);
    if line.last() == Some(&b'}') {
        line.pop();
    }
    if line.last() != Some(&b'{') {
        line.push(b',');
    }
    line.extend_from_slice(STORED.as_bytes());
    line.extend_from_slice(STANDARD.encode(stored).as_bytes());
    line.extend_from_slice(END.as_bytes());
    line.push(b'\n');
}
