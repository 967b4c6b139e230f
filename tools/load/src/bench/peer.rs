//! The peers of HTTP: axum with nothing behind it, giving one body again and again; and axum with our store behind it,
//! which stores what an order stores and gives one body again and again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::Value;
use strowger_primitive::Store as _;
use strowger_records::Key;

use super::sample::Sample;
use crate::clock;
use crate::store::open;

/// It serves by then.
const START: Duration = Duration::from_secs(20);
/// What it gives, and where it says its address, in its folder.
const BODY: &str = "body";
const READY: &str = "peer";

/// Gives the body in `folder` at `/v1/services/{name}` until it is killed.
pub(crate) fn gives(folder: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(folder.join(BODY))?);
    let answer = move || {
        let body = body.clone();
        async move { ([(CONTENT_TYPE, "application/json")], body) }
    };
    serve(folder, Router::new().route("/v1/services/{name}", get(answer)))
}

/// Takes orders at `/v1/orders` until it is killed: it reads the name, commits what the order in `left` left to a store
/// in `folder`, and gives the body there.
pub(crate) fn takes_orders(folder: &Path, left: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(folder.join(BODY))?);
    let sample = Arc::new(Sample::read(left)?);
    let store = open(&folder.join("store"), Arc::new(Key::load_or_make(&folder.join("key"))?))?;
    let take = move |asked: Bytes| {
        let (body, sample, store) = (body.clone(), Arc::clone(&sample), Arc::clone(&store));
        async move {
            let asked: Value = serde_json::from_slice(&asked).map_err(|_| StatusCode::BAD_REQUEST)?;
            let name = asked.get("name").and_then(Value::as_str).ok_or(StatusCode::BAD_REQUEST)?;
            let ops = sample.ops(name).map_err(|_| StatusCode::BAD_REQUEST)?;
            store.commit(ops).await.map_err(|_| StatusCode::CONFLICT)?;
            Ok::<_, StatusCode>((StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], body))
        }
    };
    serve(folder, Router::new().route("/v1/orders", post(take)))
}

fn serve(folder: &Path, router: Router) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let fresh = folder.join("peer.new");
        std::fs::write(&fresh, listener.local_addr()?.to_string())?;
        std::fs::rename(fresh, folder.join(READY))?;
        Ok(axum::serve(listener, router).await?)
    })
}

/// A peer as a process of its own. Dropping it kills it.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Peer {
    /// Starts one that gives `body`; its files lie in `folder`.
    pub(crate) fn gives(folder: &Path, body: &[u8]) -> Result<Self> {
        Self::start(folder, body, &[])
    }

    /// Starts one that stores what the order in `left` left, and gives `body`; its files lie in `folder`.
    pub(crate) fn takes_orders(folder: &Path, left: &Path, body: &[u8]) -> Result<Self> {
        Self::start(folder, body, &[left])
    }

    fn start(folder: &Path, body: &[u8], more: &[&Path]) -> Result<Self> {
        std::fs::write(folder.join(BODY), body)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("peer").arg(folder).args(more).stdin(Stdio::null());
        let child = command.spawn().context("the peer cannot be started")?;
        let mut peer = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let ready = folder.join(READY);
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
