//! The command in hand.

use strowger_primitive::{Cursor, FieldDecl, Name, Query, RequestId, Ticket};
use strowger_speech::Series;

/// The command that is being performed.
#[derive(Debug)]
pub(crate) struct Hand {
    /// As it is written in its reports.
    pub(crate) label: Label,
    /// The request that is waited for; `None` between two pages of a list.
    pub(crate) ticket: Option<Ticket>,
    /// As the gateway knows that request.
    pub(crate) id: Option<RequestId>,
    /// Somebody wants it stopped.
    pub(crate) stop: Option<Stop>,
    /// What it is.
    pub(crate) work: Work,
}

/// What a report says of its command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    /// The command, without secrets.
    pub(crate) echo: String,
    /// Its number in the session.
    pub(crate) serial: u64,
}

/// The wish to stop a command.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The request that says so; `None` until there is something to stop.
    pub(crate) ticket: Option<Ticket>,
    /// The command that wished it; Ctrl-C is none.
    pub(crate) label: Option<Label>,
}

/// What a command in hand is.
#[derive(Debug)]
pub(crate) enum Work {
    /// It proves who speaks.
    LogIn,
    /// One request.
    Ask {
        /// What the places of a fault speak of.
        declared: &'static [&'static [FieldDecl]],
        /// The fields to show.
        fields: Vec<&'static FieldDecl>,
        /// Whether progress is told: somebody waits for the work.
        patient: bool,
    },
    /// A list to its end, a request for each page.
    List(Listing),
}

/// A list that is shown page by page.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The next page's request.
    pub(crate) query: Query,
    /// The tenant spoken of.
    pub(crate) tenant: Option<Name>,
    /// The fields to show.
    pub(crate) fields: Vec<&'static FieldDecl>,
    /// What was told so far.
    pub(crate) series: Series,
}

impl Listing {
    /// The list from behind `cursor`.
    pub(crate) fn go_on(&mut self, cursor: Cursor) {
        self.query.cursor = Some(cursor);
    }
}
