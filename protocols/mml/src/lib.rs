//! The MML door: typed commands over TCP and TLS, as network elements take them.
//!
//! In: the octets of one connection: `LGI`, commands, `LGO`, with telnet's negotiation between them, typed by a person
//! or piped from a file. Out: a [`Request`](strowger_primitive::Request) for each command, one at a time, and its
//! reports. The language itself is `strowger-speech`'s; here is only the session around it: who is logged in, which
//! command is in hand, what waits, and when patience is over. A session opens no socket and reads no clock; it is a
//! [`Machine`](strowger_primitive::Machine).
//!
//! ```text
//! octets ─► telnet ─► intake ─► read ─► perform ─► Ask
//! octets ◄─ report ◄─ answer ◄─ session ◄──────────── Answer
//! ```
//!
//! The octet that ends a command stays unread until the command is done. What is unread is offered again only when the
//! peer has taken enough of what was sent, so a list goes on page by page as fast as its reader reads, and nothing
//! behind it is begun before.
//!
//! Libraries: `bytes` for what is sent, `serde` for the options. No telnet library is taken: this door refuses every
//! option, which is twenty lines (RFC 854, RFC 855).

mod answer;
pub mod fuzz;
mod hand;
mod intake;
mod options;
mod perform;
mod read;
mod session;
mod telnet;

use std::sync::Arc;

use strowger_primitive::{Machine, Schema};

pub use options::Options;

/// The door; cheap to clone.
#[derive(Clone, Debug)]
pub struct Mml {
    shared: Arc<Shared>,
}

/// What all sessions share.
#[derive(Debug)]
struct Shared {
    schema: Schema,
    options: Options,
}

impl Mml {
    /// A door that speaks of the kinds of `schema`.
    #[must_use]
    pub fn new(schema: Schema, options: Options) -> Self {
        Self { shared: Arc::new(Shared { schema, options }) }
    }

    /// The state of one new connection.
    #[must_use]
    pub fn session(&self) -> Box<dyn Machine> {
        Box::new(session::Session::new(Arc::clone(&self.shared)))
    }
}

#[cfg(test)]
mod tests;
