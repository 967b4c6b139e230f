//! Which refusals are recorded each: some a second of one source, and the number of the others.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use strowger_kinds::record::{self, Scribe};
use strowger_primitive::{Document, Fault, Value, World, network};

use crate::counted::lock;
use crate::draft::Draft;
use crate::fit::fit;

/// One refusal of a source in this time is recorded in the long run,
const EVERY: Duration = Duration::from_millis(200);
/// and so many at once.
const BURST: u32 = 20;
const SHARDS: usize = 16;
/// Most sources of a shard; further ones count as one.
const MOST: usize = 1_024;

/// What is known of the sources of refusals.
#[derive(Default)]
pub(crate) struct Sources {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    sources: BTreeMap<IpAddr, Source>,
    swept: Option<Instant>,
}

/// One source: a cell-rate limit and what it left out.
struct Source {
    /// When it would be at rest (the theoretical arrival time of GCRA).
    rest: Instant,
    left_out: Option<LeftOut>,
}

/// Refusals that got no record of their own: their number, and what the last was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) count: u64,
    protocol: &'static str,
    operation: &'static str,
    outcome: &'static str,
    code: &'static str,
}

impl Sources {
    /// Whether a refusal is to be recorded: `Some`, with how many were left out before it.
    pub(crate) fn enter(&self, draft: &Draft, fault: &Fault, now: Instant) -> Option<u64> {
        let address = network(draft.peer.ip());
        let mut shard = lock(self.shard(address)?);
        let source = shard.source(address, now);
        let rest = source.rest.max(now);
        if rest.saturating_duration_since(now) > EVERY * (BURST - 1) {
            source.leave_out(LeftOut::of(draft, fault));
            return None;
        }
        source.rest = rest + EVERY;
        Some(source.left_out.take().map_or(0, |l| l.count))
    }

    /// A refusal that was to be recorded and could not be, with those left out before it.
    pub(crate) fn leave_out(&self, draft: &Draft, fault: &Fault, before: u64, now: Instant) {
        let mut left = LeftOut::of(draft, fault);
        left.count += before;
        self.put_back([(network(draft.peer.ip()), left)], now);
    }

    /// All that was left out so far.
    pub(crate) fn take(&self) -> Vec<(IpAddr, LeftOut)> {
        let left_out = |shard: &Mutex<Shard>| -> Vec<_> {
            let mut shard = lock(shard);
            shard.sources.iter_mut().filter_map(|(address, s)| s.left_out.take().map(|l| (*address, l))).collect()
        };
        self.shards.iter().flat_map(left_out).collect()
    }

    /// What was left out and could not be stored.
    pub(crate) fn put_back(&self, left_out: impl IntoIterator<Item = (IpAddr, LeftOut)>, now: Instant) {
        for (address, left) in left_out {
            if let Some(shard) = self.shard(address) {
                lock(shard).source(address, now).leave_out(left);
            }
        }
    }

    fn shard(&self, address: IpAddr) -> Option<&Mutex<Shard>> {
        let sum = match address {
            IpAddr::V4(v4) => v4.octets().iter().fold(0usize, |sum, o| sum.wrapping_mul(31).wrapping_add((*o).into())),
            IpAddr::V6(v6) => v6.octets().iter().fold(0usize, |sum, o| sum.wrapping_mul(31).wrapping_add((*o).into())),
        };
        self.shards.get(sum % SHARDS)
    }
}

impl Shard {
    fn source(&mut self, address: IpAddr, now: Instant) -> &mut Source {
        let full = self.sources.len() >= MOST && !self.sources.contains_key(&address);
        // Looking through all of them for each stranger would be what a flood wants.
        if full && self.swept.is_none_or(|at| now.saturating_duration_since(at) >= Duration::from_secs(1)) {
            self.sources.retain(|_, source| source.rest > now || source.left_out.is_some());
            self.swept = Some(now);
        }
        let crowded = full && self.sources.len() >= MOST;
        let address = if crowded { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { address };
        self.sources.entry(address).or_insert(Source { rest: now, left_out: None })
    }
}

impl Source {
    fn leave_out(&mut self, left: LeftOut) {
        let before = self.left_out.map_or(0, |l| l.count);
        self.left_out = Some(LeftOut { count: before.saturating_add(left.count), ..left });
    }
}

impl LeftOut {
    fn of(draft: &Draft, fault: &Fault) -> Self {
        let (outcome, code) = (fault.kind.word(), fault.code);
        Self { count: 1, protocol: draft.protocol, operation: draft.operation, outcome, code }
    }

    /// The record of refusals that were followed by none that is recorded each.
    pub(crate) fn record(&self, address: IpAddr, scribe: &Scribe, world: &dyn World) -> Document {
        let mut record = scribe.begin(world, record::COUNTED);
        let fields = &mut record.fields;
        fit(fields, &record::PROTOCOL, self.protocol);
        fit(fields, &record::PEER, address.to_string());
        fit(fields, &record::OPERATION, self.operation);
        fit(fields, &record::OUTCOME, self.outcome);
        fit(fields, &record::FAULT, self.code);
        fields.set(&record::COUNT, Value::Uint(self.count));
        fit(fields, &record::MESSAGE, "refusals of this source that have no record of their own; the last was this");
        record
    }
}
