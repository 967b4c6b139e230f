//! The room: what it holds, how it opens, and what it does by itself.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use strowger_kinds::Shelf;
use strowger_primitive::{BoxFuture, Look, Schema, SecurityAuthority, Stop, Store, Text, World};
use tokio::sync::Semaphore;

use crate::derive::Recipe;
use crate::options::Options;
use crate::prove::lock::Locks;
use crate::prove::memory::Memory;
use crate::prove::turn::Turns;
use crate::rule::language::{self, Language};
use crate::rule::load::{PolicyError, Rules, written};
use crate::seal::{Blind, KeyError, Seal, VARIABLE};
use crate::start::StartError;

/// Proves claims, decides by policy, and keeps tenants, principals, credentials and policies.
pub struct Security {
    pub(crate) options: Options,
    pub(crate) authority: SecurityAuthority,
    pub(crate) shelf: Shelf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) seal: Arc<Seal>,
    /// What peers are told as the realm.
    pub(crate) realm: Text,
    /// What verifiers depend on; the realms are each tenant's.
    pub(crate) recipe: Recipe,
    pub(crate) memory: Memory,
    pub(crate) turns: Turns,
    pub(crate) locks: Arc<Locks>,
    /// One secret a core is worked on at a time.
    pub(crate) cores: Arc<Semaphore>,
    pub(crate) language: Language,
    pub(crate) rules: ArcSwap<Rules>,
    /// Held while rules are loaded, so that older ones never replace newer ones.
    pub(crate) loading: Mutex<()>,
}

/// Why security does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options.
    #[error("security.{0}")]
    Options(strowger_primitive::BadOption),
    /// The master keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The kinds.
    #[error(transparent)]
    Language(#[from] language::Error),
    /// The stored policies.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The first start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Security {
    /// How often changes made elsewhere are looked for and what is past is forgotten.
    const ROUND: Duration = Duration::from_secs(1);

    /// Opens the room over what is stored.
    ///
    /// # Errors
    /// Options that are none, a master key that is missing, a stored policy that cannot be read.
    pub fn open(
        options: &Options,
        authority: SecurityAuthority,
        schema: Schema,
        store: Arc<dyn Store>,
        look: Arc<dyn Look>,
        world: Arc<dyn World>,
    ) -> Result<Arc<Self>, Error> {
        if let Some(flaw) = options.flaws().into_iter().next() {
            return Err(Error::Options(flaw));
        }
        let seal = Seal::open(std::env::var(VARIABLE).ok(), options.master_key_file.as_deref(), &*world)?;
        let language = Language::new(schema.clone())?;
        let rules = Rules::load(&written(&*look), &language, options.decisions)?;
        let recipe = Recipe {
            cost: options.argon2,
            iterations: options.scram_iterations,
            realms: Vec::new(),
            engine: options.engine().unwrap_or_default(),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let remember = Duration::from_secs(options.remember.into());
        Ok(Arc::new(Self {
            options: options.clone(),
            authority,
            store,
            seal: Arc::new(seal),
            realm: options.realm.as_str().into(),
            recipe,
            memory: Memory::new(options.remembered, remember, &*world),
            turns: Turns::default(),
            locks: Arc::new(Locks::new(options.lock_out)),
            cores: Arc::new(Semaphore::new(cores)),
            language,
            rules: ArcSwap::from_pointee(rules),
            loading: Mutex::new(()),
            shelf: Shelf { look, world, schema },
        }))
    }

    /// Hides what is only ever compared, by the node's own keys.
    #[must_use]
    pub fn blind(&self) -> &Blind {
        self.seal.blind()
    }

    /// Takes up policies changed by others and forgets what is past, until it is stopped.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        while !stopped(&mut stop, self.shelf.world.sleep(Self::ROUND)).await {
            if let Err(error) = self.reload() {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "stored policies cannot be used; the last ones hold on"
                );
            }
            let now = self.shelf.world.now();
            self.memory.age(now);
            self.locks.age(now.mono);
        }
    }

    /// Takes up the stored policies where they are not those in use.
    pub(crate) fn reload(&self) -> Result<(), PolicyError> {
        let _turn = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = written(&*self.shelf.look);
        let known = self.rules.load();
        if stored.iter().map(|w| (&w.name, w.revision)).eq(known.seen.iter().map(|(n, r)| (n, *r))) {
            return Ok(());
        }
        self.rules.store(Arc::new(Rules::load(&stored, &self.language, self.options.decisions)?));
        Ok(())
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Waits for either; `true`: it is to stop.
async fn stopped(stop: &mut Stop, mut time: BoxFuture<'static, ()>) -> bool {
    let mut pulled = pin!(stop.wait());
    std::future::poll_fn(|cx| match (pulled.as_mut().poll(cx), time.as_mut().poll(cx)) {
        (Poll::Ready(()), _) => Poll::Ready(true),
        (Poll::Pending, Poll::Ready(())) => Poll::Ready(false),
        (Poll::Pending, Poll::Pending) => Poll::Pending,
    })
    .await
}
