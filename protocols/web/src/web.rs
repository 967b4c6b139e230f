//! The door: what all connections share.

use std::fmt;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use strowger_primitive::{Ask, BoxFuture, BoxedIo, Peer, Schema, Stop, Talk};
use tokio::sync::Semaphore;

use crate::connection;
use crate::pages::Pages;
use crate::{Health, Options};

/// What is told at `/health`.
pub(crate) type Watch = Arc<dyn Fn() -> Health + Send + Sync>;

/// HTTP, for any number of connections and listeners.
pub struct Web {
    pub(crate) schema: Schema,
    pub(crate) options: Options,
    pub(crate) pages: Pages,
    /// Octets that bodies being received may still take.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) http1: http1::Builder,
    pub(crate) http2: http2::Builder<TokioExecutor>,
}

impl Web {
    /// HTTP for the kinds of `schema`; `health` is asked at each look at `/health`.
    #[must_use]
    pub fn new(schema: Schema, options: Options, health: Arc<dyn Fn() -> Health + Send + Sync>) -> Arc<Self> {
        let mut http1 = http1::Builder::new();
        // Heads are timed by the connection, which tells a slow head from an idle connection.
        http1.header_read_timeout(None).half_close(true);
        http1.max_headers(options.headers).max_header_size(options.head).max_buf_size(options.head.max(8_192));
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .max_concurrent_streams(options.streams)
            .max_header_list_size(u32::try_from(options.head).unwrap_or(u32::MAX))
            // A peer that opens and resets streams without end is sent away (CVE-2023-44487).
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(64)
            .initial_stream_window_size(64 * 1_024)
            .initial_connection_window_size(256 * 1_024)
            .max_send_buf_size(64 * 1_024);
        let room = Arc::new(Semaphore::new(options.bodies.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { pages: Pages::new(&schema, health), schema, options, room, http1, http2 })
    }
}

impl Talk for Web {
    fn talk(self: Arc<Self>, io: BoxedIo, peer: Peer, gateway: Arc<dyn Ask>, stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(connection::serve(self, io, peer, gateway, stop))
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("options", &self.options).finish_non_exhaustive()
    }
}
