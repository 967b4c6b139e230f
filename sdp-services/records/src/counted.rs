//! Counting what is recorded as a number: one record per principal, kind, verb and minute.

use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indexmap::{Equivalent, IndexMap};
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
    shards: [Mutex<IndexMap<Of, Tally>>; SHARDS],
}

/// What a count is of.
#[derive(Clone)]
pub(crate) struct Of {
    who: Option<Who>,
    kind: u16,
    operation: &'static str,
    outcome: &'static str,
}

/// Who asked, and about whose things.
#[derive(Clone)]
struct Who {
    tenant: Name,
    principal: Name,
    about: Name,
    protocol: &'static str,
}

/// What a count is of, looked for: nothing is cloned to add to what is there, since every core counts the references
/// to the same few names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Sought<'a> {
    who: Option<[&'a str; 4]>,
    kind: u16,
    operation: &'static str,
    outcome: &'static str,
}

impl Of {
    fn sought(&self) -> Sought<'_> {
        let who = self.who.as_ref().map(|w| [w.tenant.as_str(), w.principal.as_str(), w.about.as_str(), w.protocol]);
        Sought { who, kind: self.kind, operation: self.operation, outcome: self.outcome }
    }
}

impl PartialEq for Of {
    fn eq(&self, other: &Self) -> bool {
        self.sought() == other.sought()
    }
}

impl Eq for Of {}

impl Hash for Of {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sought().hash(state);
    }
}

impl Equivalent<Of> for Sought<'_> {
    fn equivalent(&self, of: &Of) -> bool {
        *self == of.sought()
    }
}

impl Sought<'_> {
    fn shard(&self) -> usize {
        let octets = self.who.iter().flat_map(|[_, principal, ..]| principal.bytes());
        octets.fold(0usize, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into())) % SHARDS
    }
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
        let about = |tenant| draft.about.as_ref().unwrap_or(tenant);
        let (kind, operation, outcome) = (draft.kind.map_or(0, |k| k.number), draft.operation, end.word());
        let who = principal.map(|p| [p.tenant.as_str(), p.name.as_str(), about(&p.tenant).as_str(), draft.protocol]);
        let sought = Sought { who, kind, operation, outcome };
        if let Some(shard) = self.shards.get(sought.shard())
            && let Some(sum) = lock(shard).get_mut(&sought)
        {
            sum.count += 1;
            sum.since = sum.since.min(draft.arrived);
            return;
        }
        let who = principal.map(|p| Who {
            tenant: p.tenant.clone(),
            principal: p.name.clone(),
            about: about(&p.tenant).clone(),
            protocol: draft.protocol,
        });
        let of = Of { who, kind, operation, outcome };
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
        let Some(shard) = self.shards.get(of.sought().shard()) else { return };
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

/// The record of a count.
pub(crate) fn record_of(of: &Of, tally: &Tally, scribe: &Scribe, world: &dyn World) -> Document {
    let mut record = scribe.begin(world, record::COUNTED);
    let now = world.mono();
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
