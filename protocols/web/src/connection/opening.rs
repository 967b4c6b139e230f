//! The first octets, which tell the version.

use std::io;
use std::time::Duration;

use strowger_primitive::BoxedIo;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

use crate::Options;

/// How a client that knows HTTP/2 is spoken begins (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.1, or what hyper will refuse as such.
    One,
    /// HTTP/2.
    Two,
}

/// What was read to learn the version.
pub(super) struct Opening {
    pub(super) version: Version,
    pub(super) octets: Vec<u8>,
}

/// Waits for the first octet as long as a connection may be idle, then for the version as long as a head may take.
/// `None`: the peer left, or took too long.
pub(super) async fn read(io: &mut BoxedIo, options: &Options) -> Option<Opening> {
    let mut octets = [0; PREFACE.len()];
    let mut filled = 0;
    let mut due = Instant::now() + Duration::from_secs(options.idle);
    while PREFACE.starts_with(octets.get(..filled)?) {
        if filled == PREFACE.len() {
            return Some(Opening { version: Version::Two, octets: octets.into() });
        }
        let read = timeout_at(due, io.read(octets.get_mut(filled..)?)).await.unwrap_or_else(|_| late());
        match read {
            Ok(0) | Err(_) => return None,
            Ok(more) if filled == 0 => {
                filled = more;
                due = Instant::now() + Duration::from_secs(options.head_timeout);
            }
            Ok(more) => filled += more,
        }
    }
    Some(Opening { version: Version::One, octets: octets.get(..filled)?.into() })
}

fn late() -> io::Result<usize> {
    Err(io::ErrorKind::TimedOut.into())
}
