//! The peer of HTTP: axum with nothing behind it, giving one body again and again.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;

use crate::clock;

/// It serves by then.
const START: Duration = Duration::from_secs(20);

/// Serves the file's octets at `/v1/services/{name}` until it is killed; its address is written to `ready`.
pub(crate) fn serve(body: &Path, ready: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let answer = move || {
        let body = body.clone();
        async move { ([(CONTENT_TYPE, "application/json")], body) }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let fresh = ready.with_extension("new");
        std::fs::write(&fresh, listener.local_addr()?.to_string())?;
        std::fs::rename(fresh, ready)?;
        let router = Router::new().route("/v1/services/{name}", get(answer));
        Ok(axum::serve(listener, router).await?)
    })
}

/// A peer as a process of its own. Dropping it kills it.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: std::net::SocketAddr,
}

impl Peer {
    /// Starts one that gives `body`; its files lie in `folder`.
    pub(crate) fn start(folder: &Path, body: &[u8]) -> Result<Self> {
        let (file, ready) = (folder.join("body"), folder.join("peer"));
        std::fs::write(&file, body)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("peer-axum").arg(&file).arg(&ready).stdin(Stdio::null());
        let child = command.spawn().context("the peer cannot be started")?;
        let mut peer = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let said = clock::until(START, "the peer serves", || Ok(std::fs::read_to_string(&ready).ok()))?;
        peer.address = said.parse()?;
        Ok(peer)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone_already = self.child.kill().and_then(|()| self.child.wait());
    }
}
