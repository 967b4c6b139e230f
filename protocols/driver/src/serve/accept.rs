//! What happens at `accept`: errors that would spin, and options of the new socket.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use strowger_primitive::{Text, World};
use tokio::net::TcpStream;

use crate::Limits;

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// A silent peer is asked for a sign of life after this time, and given up after three without an answer.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const PROBE: Duration = Duration::from_secs(15);

/// The pause after an error of the listener: without descriptors or memory `accept` fails at once, again and again.
#[derive(Debug, Default)]
pub(super) struct Backoff(Option<Duration>);

impl Backoff {
    /// A connection came.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// Waits where the error is the listener's. An error of the one connection that was to be accepted (accept(2): it
    /// is reported here and passes) costs no pause.
    pub(super) async fn wait(&mut self, listener: &Text, error: &io::Error, world: &dyn World) {
        if is_peers(error) {
            return;
        }
        let pause = self.0.map_or(SHORTEST, |last| (last * 2).min(LONGEST));
        if self.0.is_none() {
            tracing::warn!(%listener, %error, "no connection can be accepted, waiting");
        }
        self.0 = Some(pause);
        world.sleep(pause).await;
    }
}

fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::ConnectionRefused
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
    )
}

/// Answers leave at once; a peer that vanished, or that leaves octets unacknowledged, is noticed. A socket that takes
/// none of this is served all the same.
pub(super) fn tune(stream: &TcpStream, limits: &Limits) {
    let unacknowledged = u32::try_from(limits.stall.saturating_mul(1_000)).unwrap_or(u32::MAX);
    let done = stream
        .set_nodelay(true)
        .and_then(|()| Ok(sockopt::set_socket_keepalive(stream, true)?))
        .and_then(|()| Ok(sockopt::set_tcp_keepidle(stream, KEEP_ALIVE)?))
        .and_then(|()| Ok(sockopt::set_tcp_keepintvl(stream, PROBE)?))
        .and_then(|()| Ok(sockopt::set_tcp_keepcnt(stream, 3)?))
        .and_then(|()| Ok(sockopt::set_tcp_user_timeout(stream, unacknowledged)?));
    if let Err(error) = done {
        tracing::debug!(%error, "socket options refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::Virtual;

    #[tokio::test(start_paused = true)]
    async fn errors_of_the_listener_pause_longer_each_time() {
        let (world, mut backoff) = (Virtual, Backoff::default());
        let started = tokio::time::Instant::now();
        let full = io::Error::from_raw_os_error(24);
        for _ in 0..9 {
            backoff.wait(&"mml".into(), &full, &world).await;
        }
        // 10 + 20 + ... + 640 ms, then a second each.
        assert_eq!(started.elapsed(), Duration::from_millis(1_270 + 2_000));
        backoff.clear();
        backoff.wait(&"mml".into(), &io::Error::from(io::ErrorKind::ConnectionAborted), &world).await;
        assert_eq!(started.elapsed(), Duration::from_millis(3_270), "a peer that left costs no pause");
    }
}
