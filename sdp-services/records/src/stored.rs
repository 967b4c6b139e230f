//! Stored records: reading one, and walking over many.

use bytes::Bytes;
use strowger_forms::cbor::{self, BadCbor};
use strowger_kinds::record;
use strowger_primitive::{CommitError, Document, Log, Store};

/// Records read at once.
pub(crate) const AT_ONCE: usize = 1_024;

/// Reads a record as it is stored.
///
/// # Errors
/// [`BadCbor`] where it is none.
pub fn read_record(stored: &[u8]) -> Result<Document, BadCbor> {
    cbor::read(&record::DECL, stored)
}

/// Shows the records from `from` up to `to`, in order, as long as `show` wants more.
pub(crate) fn each<E: From<CommitError>>(
    store: &dyn Store,
    log: Log,
    from: u64,
    to: u64,
    show: &mut dyn FnMut(u64, &Bytes) -> Result<bool, E>,
) -> Result<(), E> {
    let mut next = from;
    while next < to {
        let most = usize::try_from(to - next).unwrap_or(AT_ONCE).min(AT_ONCE);
        let records = store.read_log(log, next, most)?;
        let Some((last, _)) = records.last() else { return Ok(()) };
        next = last + 1;
        for (sequence, stored) in &records {
            if *sequence >= to || !show(*sequence, stored)? {
                return Ok(());
            }
        }
    }
    Ok(())
}
