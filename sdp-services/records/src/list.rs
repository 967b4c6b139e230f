//! Lists of records: forwards or backwards through the log, a bounded stretch at a time.

use std::sync::Arc;

use strowger_primitive::{
    Cursor, Document, Fault, FaultKind, Filter, Log, Name, Page, Principal, Query, Store, Value, common,
};

use crate::keeper::{by, visible};
use crate::stored::read_record;

/// Records looked at in one call. A page may be short, even empty, and still have a next one.
const STRETCH: u64 = 8_192;
/// Records read at once.
const AT_ONCE: u64 = 256;

/// Which records may be shown.
pub(crate) struct Wanted<'a> {
    /// Those about this tenant's things; `None`: all.
    pub(crate) about: Option<&'a Name>,
    /// Those of what this principal asked.
    pub(crate) by: Option<&'a Arc<Principal>>,
}

/// One page.
pub(crate) fn list(
    store: &dyn Store,
    log: Log,
    query: &Query,
    wanted: &Wanted<'_>,
    hidden: &Arc<[u16]>,
) -> Result<Page, Fault> {
    let mut way = Way::of(query, store.log_end(log))?;
    let limit = query.limit.clamp(1, Query::MOST) as usize;
    let mut page = Page { kind: query.kind, documents: Vec::new(), hidden: Arc::clone(hidden), next: None };
    let mut looked = 0;
    'page: while looked < STRETCH {
        let Some((from, to)) = way.stretch() else { return Ok(page) };
        let most = usize::try_from(to - from).unwrap_or(usize::MAX);
        let mut records = store.read_log(log, from, most)?;
        records.retain(|(sequence, _)| *sequence < to);
        if way.descending {
            records.reverse();
        }
        for (sequence, stored) in records {
            let record = read_record(&stored).map_err(Fault::internal)?;
            way.pass(sequence);
            looked += 1;
            if shown(&record, query, wanted) {
                page.documents.push(Arc::new(record));
                if page.documents.len() >= limit {
                    break 'page;
                }
            }
        }
        way.pass_all(from, to);
    }
    page.next = way.stretch().map(|_| way.cursor());
    Ok(page)
}

/// Where a list stands: what is still to look at is from `low` up to, not including, `high`.
struct Way {
    low: u64,
    high: u64,
    descending: bool,
}

impl Way {
    fn of(query: &Query, end: u64) -> Result<Self, Fault> {
        let descending = match query.sort.as_slice() {
            [] => false,
            [order, ..] if order.field.number == common::SEQUENCE.number => order.descending,
            [..] => {
                let text = "records are sorted by sequence alone, ascending or descending; filter for the rest";
                return Err(Fault::new(FaultKind::Unsupported, "sort-unsupported", text));
            }
        };
        let mut way = Self { low: 0, high: end, descending };
        if let Some(cursor) = &query.cursor {
            let at = place_of(cursor, descending)?;
            if descending {
                way.high = way.high.min(at);
            } else {
                way.low = at;
            }
        }
        for filter in query.filters.iter().filter(|f| f.field.number == common::SEQUENCE.number) {
            // One record at most: there is no need to look for it.
            match filter.value {
                Some(Value::Uint(only)) => {
                    way.low = way.low.max(only);
                    way.high = way.high.min(only.saturating_add(1));
                }
                Some(_) | None => way.high = way.low,
            }
        }
        Ok(way)
    }

    /// The next records to read.
    fn stretch(&self) -> Option<(u64, u64)> {
        if self.low >= self.high {
            None
        } else if self.descending {
            Some((self.low.max(self.high.saturating_sub(AT_ONCE)), self.high))
        } else {
            Some((self.low, self.high.min(self.low.saturating_add(AT_ONCE))))
        }
    }

    fn pass(&mut self, sequence: u64) {
        if self.descending {
            self.high = sequence;
        } else {
            self.low = sequence + 1;
        }
    }

    /// A stretch is over, whatever was in it.
    fn pass_all(&mut self, from: u64, to: u64) {
        if self.descending {
            self.high = from;
        } else {
            self.low = to;
        }
    }

    /// Direction and place, in hexadecimal so that nobody is tempted to write one.
    fn cursor(&self) -> Cursor {
        let (way, at) = if self.descending { ('d', self.high) } else { ('a', self.low) };
        Cursor(format!("{way}{at}").bytes().map(|b| format!("{b:02x}")).collect::<String>().into())
    }
}

fn place_of(cursor: &Cursor, descending: bool) -> Result<u64, Fault> {
    let read = || {
        let octets =
            cursor.0.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let plain = String::from_utf8(octets.collect::<Option<Vec<_>>>()?).ok()?;
        plain.strip_prefix(if descending { 'd' } else { 'a' })?.parse().ok()
    };
    let text = "this cursor belongs to no list of this order; start anew";
    read().ok_or_else(|| Fault::new(FaultKind::Malformed, "bad-cursor", text))
}

fn shown(record: &Document, query: &Query, wanted: &Wanted<'_>) -> bool {
    wanted.about.is_none_or(|tenant| visible(record, tenant))
        && wanted.by.is_none_or(|principal| by(record, &principal.tenant, principal.name.as_str()))
        && query.filters.iter().all(|filter| holds(record, filter))
}

fn holds(record: &Document, filter: &Filter) -> bool {
    match (record.fields.get(filter.field), &filter.value) {
        (None, None) => true,
        (Some(Value::List(list)), Some(wanted)) => list.contains(wanted),
        (Some(value), Some(wanted)) => value == wanted,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
