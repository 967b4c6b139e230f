//! The whole load: clients at both doors, each on a thread, until they are told to end or the gateway dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};

use super::client::{Post, Told};
use super::ledger::OURS;
use crate::chance::Chance;
use crate::gateway::Gateway;

/// Clients of each sort.
const PLAIN: usize = 12;
const TYPED: usize = 4;
const APPS: usize = 2;

/// The clients at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    dying: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Told>>,
}

impl Load {
    /// `word` is in all names this load gives; `apps` are services of programs from before.
    pub(crate) fn start(gateway: &Gateway, word: &str, chance: &mut Chance, apps: Vec<String>) -> Result<Self> {
        let (stop, dying) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut apps = apps.into_iter();
        let share = apps.len().div_ceil(APPS);
        let mut threads = Vec::new();
        let mut client = |sort: &str, no: usize, services: Vec<String>, work: fn(Post) -> Told| -> Result<()> {
            let post = Post {
                name: format!("{OURS}{word}-{sort}{no}"),
                http: gateway.http,
                mml: gateway.mml,
                chance: chance.split(),
                stop: Arc::clone(&stop),
                dying: Arc::clone(&dying),
                services,
            };
            let name = post.name.clone();
            threads.push(std::thread::Builder::new().name(name).spawn(move || work(post))?);
            Ok(())
        };
        for no in 0..PLAIN {
            client("h", no, Vec::new(), Post::plain)?;
        }
        for no in 0..TYPED {
            client("m", no, Vec::new(), Post::typed)?;
        }
        for no in 0..APPS {
            client("a", no, apps.by_ref().take(share).collect(), Post::apps)?;
        }
        client("w", 0, Vec::new(), Post::watch)?;
        Ok(Self { stop, dying, threads })
    }

    /// The gateway is about to be killed: from now on nothing that breaks is its fault.
    pub(crate) fn dying(&self) {
        self.dying.store(true, Ordering::SeqCst);
    }

    /// Ends it; what each client was told.
    pub(crate) fn end(self) -> Result<Vec<Told>> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.map(|told| told.map_err(|_| anyhow!("a client failed"))).collect()
    }
}
