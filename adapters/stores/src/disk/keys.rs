//! The layout of the keys, in three tables.
//!
//! - `documents`: length and octets of the tenant, kind (big endian), length and octets of the name: so the order on
//!   disk is the order of views. Keys that begin with a zero octet are the engine's own.
//! - `kept`: `k` and the room's key; `x`, the expiry (big endian, offset so that it sorts) and the room's key again.
//! - `log`: the log's number, the sequence (big endian).
//!
//! What is kept has its revision and its expiry before it, 16 octets; no expiry is the latest moment.

use bytes::Bytes;
use strowger_primitive::{DocKey, Log, Name, Revision, Time};

use crate::engine::Stored;

/// Under which the number of the last commit is written, in each batch.
pub(crate) const COMMIT: &[u8] = b"\0commit";
/// Under which the format is written.
pub(crate) const FORMAT: &[u8] = b"\0format";
/// What rooms keep.
pub(crate) const KEPT: u8 = b'k';
/// What expires, by moment.
pub(crate) const EXPIRES: u8 = b'x';

pub(crate) fn document(key: &DocKey) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + key.tenant.as_str().len() + key.name.as_str().len());
    text(&mut out, key.tenant.as_str());
    out.extend_from_slice(&key.kind.to_be_bytes());
    text(&mut out, key.name.as_str());
    out
}

/// A name is at most 64 octets.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// `None`: it is no key of a document.
pub(crate) fn read_document(key: &[u8]) -> Option<DocKey> {
    let (tenant, rest) = read_text(key)?;
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (name, rest) = read_text(rest)?;
    rest.is_empty().then_some(DocKey { tenant, kind: u16::from_be_bytes(*kind), name })
}

fn read_text(from: &[u8]) -> Option<(Name, &[u8])> {
    let (length, rest) = from.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((Name::new(std::str::from_utf8(text).ok()?).ok()?, rest))
}

pub(crate) fn kept(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + key.len());
    out.push(KEPT);
    out.extend_from_slice(key);
    out
}

pub(crate) fn expiry(expires: Time, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(9 + key.len());
    out.push(EXPIRES);
    out.extend_from_slice(&sorted(expires).to_be_bytes());
    out.extend_from_slice(key);
    out
}

pub(crate) fn read_expiry(key: &[u8]) -> Option<(Time, &[u8])> {
    let (expires, key) = key.strip_prefix(&[EXPIRES])?.split_first_chunk::<8>()?;
    Some((unsorted(u64::from_be_bytes(*expires)), key))
}

/// Moments as numbers that sort without a sign.
fn sorted(time: Time) -> u64 {
    time.0.cast_unsigned() ^ (1 << 63)
}

fn unsorted(number: u64) -> Time {
    Time((number ^ (1 << 63)).cast_signed())
}

pub(crate) fn stored(stored: &Stored) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + stored.value.len());
    out.extend_from_slice(&stored.revision.0.to_be_bytes());
    out.extend_from_slice(&sorted(stored.expires.unwrap_or(Time(i64::MAX))).to_be_bytes());
    out.extend_from_slice(&stored.value);
    out
}

pub(crate) fn read_stored(octets: &[u8]) -> Option<Stored> {
    let (revision, rest) = octets.split_first_chunk::<8>()?;
    let (expires, value) = rest.split_first_chunk::<8>()?;
    let expires = unsorted(u64::from_be_bytes(*expires));
    Some(Stored {
        revision: Revision(u64::from_be_bytes(*revision)),
        expires: (expires.0 != i64::MAX).then_some(expires),
        value: Bytes::copy_from_slice(value),
    })
}

pub(crate) fn record(log: Log, sequence: u64) -> [u8; 9] {
    let mut out = [log.0; 9];
    for (slot, octet) in out.iter_mut().skip(1).zip(sequence.to_be_bytes()) {
        *slot = octet;
    }
    out
}

pub(crate) fn read_record(key: &[u8]) -> Option<(Log, u64)> {
    let (log, sequence) = key.split_first()?;
    Some((Log(*log), u64::from_be_bytes(sequence.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn documents_sort_as_views_do_and_read_back() {
        let keys: Vec<DocKey> = [("b", 3, "svc-2"), ("b", 3, "svc-10"), ("b", 4, "a"), ("aa", 1, "z")]
            .map(|(tenant, kind, n)| DocKey { tenant: name(tenant), kind, name: name(n) })
            .into();
        let octets: Vec<_> = keys.iter().map(document).collect();
        assert!(octets.is_sorted());
        for (key, octets) in keys.iter().zip(&octets) {
            assert_eq!(read_document(octets).as_ref(), Some(key));
        }
        assert_eq!(read_document(COMMIT), None);
        assert_eq!(read_document(b"\x01"), None);
    }

    #[test]
    fn moments_before_and_after_1970_sort_and_read_back() {
        let moments = [Time(i64::MIN), Time(-1), Time(0), Time(1), Time(i64::MAX)];
        let octets: Vec<_> = moments.map(|t| expiry(t, b"key")).into();
        assert!(octets.is_sorted());
        for (moment, octets) in moments.iter().zip(&octets) {
            assert_eq!(read_expiry(octets), Some((*moment, &b"key"[..])));
        }
    }

    #[test]
    fn what_is_kept_reads_back() {
        for expires in [None, Some(Time(-5)), Some(Time(7))] {
            let before = Stored { revision: Revision(9), expires, value: Bytes::from_static(b"value") };
            assert_eq!(read_stored(&stored(&before)), Some(before));
        }
        assert_eq!(read_stored(b"short"), None);
        assert_eq!(read_record(&record(Log(7), 300)), Some((Log(7), 300)));
    }
}
