//! Counting what is recorded as a number: one record per principal, kind, verb and minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use strowger_kinds::record::{self, Scribe};
use strowger_primitive::{Document, KindDecl, Name, Value, World};

use crate::draft::{Draft, End, microseconds};
use crate::fit::fit;

const SHARDS: usize = 16;
/// Most counts of a shard; further principals are counted together.
const MOST: usize = 4_096;

/// Counts by what they are of. A shard is locked for one look-up.
#[derive(Default)]
pub(crate) struct Counts {
    shards: [Mutex<BTreeMap<Of, Tally>>; SHARDS],
}

/// What a count is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Of {
    who: Option<Who>,
    kind: u16,
    operation: &'static str,
    outcome: &'static str,
}

/// Who asked, and about whose things.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    tenant: Name,
    principal: Name,
    about: Name,
    protocol: &'static str,
}

/// One count.
pub(crate) struct Tally {
    pub(crate) count: u64,
    kind: Option<&'static KindDecl>,
    method: &'static str,
    since: Instant,
    /// Its minute is over and it could not be stored.
    late: bool,
}

impl Counts {
    pub(crate) fn add(&self, draft: &Draft, end: End<'_>) {
        let principal = draft.principal.as_ref();
        let who = principal.map(|principal| Who {
            tenant: principal.tenant.clone(),
            principal: principal.name.clone(),
            about: draft.about.clone().unwrap_or_else(|| principal.tenant.clone()),
            protocol: draft.protocol,
        });
        let of = Of { who, kind: draft.kind.map_or(0, |k| k.number), operation: draft.operation, outcome: end.word() };
        let method = principal.map_or("", |p| p.method);
        self.merge(of, Tally { count: 1, kind: draft.kind, method, since: draft.arrived, late: false });
    }

    /// All counts, and none is left.
    pub(crate) fn take(&self) -> Vec<(Of, Tally)> {
        self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect()
    }

    /// Counts that could not be stored.
    pub(crate) fn put_back(&self, counts: impl IntoIterator<Item = (Of, Tally)>) {
        for (of, tally) in counts {
            self.merge(of, Tally { late: true, ..tally });
        }
    }

    fn merge(&self, mut of: Of, tally: Tally) {
        let Some(shard) = self.shards.get(of.shard()) else { return };
        let mut counts = lock(shard);
        if counts.len() >= MOST && !counts.contains_key(&of) {
            of.who = None;
        }
        match counts.get_mut(&of) {
            Some(sum) => {
                sum.count += tally.count;
                sum.since = sum.since.min(tally.since);
                sum.late |= tally.late;
            }
            None => drop(counts.insert(of, tally)),
        }
    }
}

impl Of {
    fn shard(&self) -> usize {
        let octets = self.who.iter().flat_map(|w| w.principal.as_str().bytes());
        octets.fold(0usize, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into())) % SHARDS
    }
}

/// The record of a count.
pub(crate) fn record_of(of: &Of, tally: &Tally, scribe: &Scribe, world: &dyn World) -> Document {
    let mut record = scribe.begin(world, record::COUNTED);
    let now = world.now().mono;
    let fields = &mut record.fields;
    if let Some(who) = &of.who {
        fields.set(&record::TENANT_NAME, Value::Text(who.tenant.text()));
        fit(fields, &record::ABOUT_TENANT, who.about.text());
        fields.set(&record::PRINCIPAL, Value::Text(who.principal.text()));
        fit(fields, &record::AUTH_METHOD, tally.method);
        fit(fields, &record::PROTOCOL, who.protocol);
    }
    fit(fields, &record::OPERATION, of.operation);
    if let Some(kind) = tally.kind {
        fit(fields, &record::KIND, kind.name);
    }
    fit(fields, &record::OUTCOME, of.outcome);
    fields.set(&record::COUNT, Value::Uint(tally.count));
    let since = microseconds(tally.since, now);
    fields.set(&record::ENDED_AFTER, Value::Uint(since));
    if tally.late {
        let seconds = now.saturating_duration_since(tally.since).as_secs();
        fit(fields, &record::MESSAGE, format!("records could not be stored: this counts {seconds} s"));
    }
    record
}

/// What a panic elsewhere left is still a map.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
