//! Whether the gateway can do its work, for whoever watches it.

use strowger_forms::json::write_text;
use strowger_primitive::Text;

/// What `/health` tells: 200 when all parts are up, else 503.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Each part.
    pub parts: Vec<Part>,
}

/// One part of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: `store`.
    pub name: Text,
    /// Whether it works.
    pub up: bool,
    /// What is wrong, in one line that strangers may read; empty: nothing.
    pub detail: Text,
}

impl Health {
    /// Whether all parts work.
    #[must_use]
    pub fn up(&self) -> bool {
        self.parts.iter().all(|part| part.up)
    }

    /// `{"status":"up","parts":[{"name":"store","status":"up"}]}`.
    pub(crate) fn write(&self) -> Vec<u8> {
        let status = |up: bool| if up { "up" } else { "down" };
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(b"{\"status\":");
        write_text(status(self.up()), &mut out);
        out.extend_from_slice(b",\"parts\":[");
        for (i, part) in self.parts.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"{\"name\":" } else { b",{\"name\":" });
            write_text(&part.name, &mut out);
            out.extend_from_slice(b",\"status\":");
            write_text(status(part.up), &mut out);
            if !part.detail.is_empty() {
                out.extend_from_slice(b",\"detail\":");
                write_text(&part.detail, &mut out);
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        out
    }
}
