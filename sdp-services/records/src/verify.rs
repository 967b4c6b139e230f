//! Verifying a stored log from its first record to its signed head, in bounded memory.

use strowger_primitive::{Log, Store};

use crate::head::{Head, HeadError};
use crate::note::Verifier;
use crate::replay::{Offence, Replay, Report};
use crate::tiles::{read_tile, tile_key};

/// Records read at once.
const AT_ONCE: usize = 1_024;

/// Told how many records of how many are verified.
pub type Told<'a> = dyn FnMut(u64, u64) + 'a;

/// Verifies a log: no record changed, missing or moved, the hashes kept for proofs right, all under a head that `key`
/// signed. `given` is a head somebody saved earlier: the log must begin with what it signs. `Ok(None)`: the log is empty.
///
/// # Errors
/// The first [`Offence`].
pub fn verify(
    store: &dyn Store,
    log: Log,
    key: &Verifier,
    given: Option<&Head>,
    told: &mut Told<'_>,
) -> Result<Option<Report>, Offence> {
    // In this order: a head read later covers at least what was in the log before.
    let end = store.log_end(log);
    let Some(head) = newest(store, log, key)? else {
        return match (given, end) {
            (Some(given), _) if given.size > 0 => Err(Offence::Cut { given: given.size, size: 0 }),
            (Some(_) | None, 0) => Ok(None),
            (Some(_) | None, records) => Err(Offence::NoHead { records }),
        };
    };
    let size = head.size;
    let mut replay = Replay::new(head, given)?;
    let mut kept = |level, index| {
        let tile = store.kept(&tile_key(log, level, index)).map_err(Offence::Store)?;
        Ok(tile.and_then(|(_, octets)| read_tile(&octets)))
    };
    while replay.left() > 0 {
        let at_once = usize::try_from(replay.left()).unwrap_or(AT_ONCE).min(AT_ONCE);
        let records = store.read_log(log, replay.next(), at_once)?;
        if records.is_empty() {
            return Err(Offence::Missing { sequence: replay.next() });
        }
        for (sequence, stored) in records {
            replay.record(sequence, &stored)?;
            replay.compare_full(&mut kept)?;
        }
        told(replay.next(), size);
    }
    replay.compare_unfinished(&mut kept)?;
    let mut report = replay.end()?;
    report.newer = newer(store, log, key, size, end)?;
    Ok(Some(report))
}

/// Records under the newest head now that were not under the one verified; records that were there at the start must be
/// under one of the two.
fn newer(store: &dyn Store, log: Log, key: &Verifier, size: u64, end: u64) -> Result<u64, Offence> {
    // Again in this order.
    let behind = store.read_log(log, size, 1)?.first().map_or(size, |(sequence, _)| sequence + 1);
    let sealed = newest(store, log, key)?.map_or(size, |head| head.size);
    if sealed < end.max(behind) {
        return Err(Offence::Unsealed { from: sealed });
    }
    Ok(sealed.saturating_sub(size))
}

fn newest(store: &dyn Store, log: Log, key: &Verifier) -> Result<Option<Head>, Offence> {
    Head::newest(store, log, key).map_err(|error| match error {
        HeadError::Bad(bad) => Offence::Head(bad),
        HeadError::Store(error) => Offence::Store(error),
    })
}
