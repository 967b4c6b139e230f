//! What a run must have seen: an audit that was promised nothing finds nothing lost.

use std::collections::BTreeMap;
use std::fmt;

use super::ledger::Way;

/// How often each was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor(BTreeMap<Sight, u64>);

/// One of the things that have to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sight {
    /// A promise, by door, operation and kind.
    Promised(Way, &'static str, &'static str),
    /// A promise asked for again, by door.
    Repeated(Way),
    /// The same process of a completed order, before a kill of the gateway and after it.
    Lived,
    /// A signed head.
    Head,
    /// A read that was answered.
    Read,
}

impl Floor {
    pub(crate) fn saw(&mut self, sight: Sight, times: u64) {
        *self.0.entry(sight).or_default() += times;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sight, times) in &other.0 {
            self.saw(*sight, *times);
        }
    }

    /// What was never seen.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Sight> + '_ {
        Sight::ALL.into_iter().filter(|sight| self.times(sight) == 0)
    }

    fn times(&self, sight: &Sight) -> u64 {
        self.0.get(sight).copied().unwrap_or(0)
    }
}

impl fmt::Display for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = Sight::ALL.iter().map(|sight| format!("{} {sight}", self.times(sight))).collect();
        f.write_str(&told.join(", "))
    }
}

impl Sight {
    /// MML cancels nothing: only programs' orders last long enough, and they are ordered over HTTP.
    const ALL: [Self; 12] = [
        Self::Promised(Way::Http, "create", "order"),
        Self::Promised(Way::Http, "update", "service"),
        Self::Promised(Way::Http, "delete", "service"),
        Self::Promised(Way::Http, "cancel", "order"),
        Self::Promised(Way::Mml, "create", "order"),
        Self::Promised(Way::Mml, "update", "service"),
        Self::Promised(Way::Mml, "delete", "service"),
        Self::Repeated(Way::Http),
        Self::Repeated(Way::Mml),
        Self::Lived,
        Self::Head,
        Self::Read,
    ];
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promised(way, operation, kind) => write!(f, "× {operation} {kind} over {way:?}"),
            Self::Repeated(way) => write!(f, "× repeated over {way:?}"),
            Self::Lived => f.write_str("programs lived across a kill"),
            Self::Head => f.write_str("heads"),
            Self::Read => f.write_str("reads answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_missing() {
        let mut floor = Floor::default();
        assert_eq!(floor.missing().count(), Sight::ALL.len());
        for sight in Sight::ALL {
            floor.saw(sight, 0);
        }
        assert_eq!(floor.missing().count(), Sight::ALL.len(), "none of it");
        for sight in Sight::ALL {
            let mut more = Floor::default();
            more.saw(sight, 1);
            floor.add(&more);
        }
        assert_eq!(floor.missing().next(), None);
        floor.0.remove(&Sight::Promised(Way::Mml, "delete", "service"));
        let missing: Vec<_> = floor.missing().map(|sight| sight.to_string()).collect();
        assert_eq!(missing, ["× delete service over Mml"]);
    }
}
