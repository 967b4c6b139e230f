//! What can be wrong.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) sort: Sort,
    /// Of what.
    pub(crate) what: String,
}

impl Loss {
    pub(crate) fn new(sort: Sort, what: impl Into<String>) -> Self {
        Self { sort, what: what.into() }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.sort, self.what)
    }
}

/// The sorts of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// An order that was promised is not there.
    OrderGone,
    /// It has an earlier revision than was promised.
    Older,
    /// Another has its name.
    Another,
    /// It was refused, or never asked for, and is there.
    Ghost,
    /// An order does not end.
    Unending,
    /// An order had two ends.
    TwoEnds,
    /// An order was taken and ended otherwise than completed, though nobody cancelled it.
    NotDone,
    /// A cancel was promised and the order went on.
    NotCancelled,
    /// An order was cancelled, and nobody had asked for that.
    CancelledUnasked,
    /// A completed order's service is not there.
    ServiceGone,
    /// A change of a service was promised and is not there.
    ChangeGone,
    /// A service lives whose end was promised, or whose order made none.
    ServiceLives,
    /// The order that ends a service ended otherwise than completed.
    NotRemoved,
    /// A promised change has no record.
    NoRecord,
    /// One change was recorded twice.
    RecordTwice,
    /// The records do not verify.
    Records,
    /// The store is not there, or does not open.
    Unopened,
    /// A program has no living service.
    Orphan,
    /// A component runs twice.
    Twice,
    /// A service's program does not run though nothing ended it.
    NotRunning,
    /// A port was given to two.
    PortTwice,
    /// A port, or its workspace, is kept for nobody.
    PortLeaked,
    /// A request repeated made another thing.
    Repeated,
    /// The gateway does not serve again.
    Dead,
    /// A living gateway refused a read or a log-in, or broke a connection off.
    Unserved,
    /// The answer under a failing disk was not the right one.
    Refusal,
}
