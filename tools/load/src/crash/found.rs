//! What is there after a crash.

use std::collections::BTreeMap;

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) orders: BTreeMap<String, Seen>,
    pub(crate) services: BTreeMap<String, Seen>,
    pub(crate) records: Vec<Recorded>,
    pub(crate) workspaces: Vec<Workspace>,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) revision: u64,
    pub(crate) state: String,
    pub(crate) label: Option<String>,
    /// Why an order failed, as a code.
    pub(crate) fault: Option<String>,
    /// The services that an order is to end.
    pub(crate) ends: Vec<String>,
}

/// A record of a change that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) request: String,
    pub(crate) peer: String,
    pub(crate) operation: String,
    pub(crate) kind: String,
    pub(crate) object: String,
}

/// A workspace of the provider, or what still runs in one that is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) name: String,
    /// Whose; none where the folder is gone.
    pub(crate) service: Option<String>,
    pub(crate) component: String,
    pub(crate) ports: Vec<u64>,
    /// Processes that hold it.
    pub(crate) holds: usize,
    /// Processes held.
    pub(crate) programs: usize,
}

impl Found {
    /// The orders that are to end each service, with their names.
    pub(crate) fn removers(&self) -> BTreeMap<&str, Vec<(&str, &Seen)>> {
        let mut removers: BTreeMap<&str, Vec<(&str, &Seen)>> = BTreeMap::new();
        for (name, order) in &self.orders {
            for service in &order.ends {
                removers.entry(service).or_default().push((name, order));
            }
        }
        removers
    }
}

impl Seen {
    /// Whether a service in that state can be used or will be.
    pub(crate) fn lives(&self) -> bool {
        self.state != "terminated"
    }
}
