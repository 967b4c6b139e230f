//! Puts the rooms together: the only file that names both a door and an adapter.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use strowger_core::Core;
use strowger_driver::{Bound, Door, System};
use strowger_kinds::record::Scribe;
use strowger_primitive::{Ask, BoxFuture, Fault, Keeper, Log, Look, Provider, Schema, Stop, Store, World, authorities};
use strowger_providers::{Process, raise_descriptors};
use strowger_records::{Key, Origin, Recorder, Records, Seal};
use strowger_security::Security;
use strowger_stores::{Embedded, NoSeal, Trouble};
use strowger_web::{Health, Part};

use crate::config::Config;
use crate::pipeline::{Parts, Pipeline};

/// What a listener may speak.
pub(crate) const PROTOCOLS: [&str; 2] = ["http", "mml"];

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listener.
    #[error("a listener cannot begin")]
    Listen(#[from] strowger_driver::Error),
    /// The key that signs the heads of the logs.
    #[error("the key of the records cannot be used")]
    RecordKey(#[from] strowger_records::KeyError),
    /// The name of the node.
    #[error("the name of the node cannot sign")]
    Node(#[from] strowger_records::BadOrigin),
    /// The store.
    #[error("the store cannot be opened")]
    Store(#[from] strowger_stores::Error),
    /// Security.
    #[error("security cannot begin")]
    Security(#[from] strowger_security::Error),
    /// The provider of processes.
    #[error("the provider of processes cannot begin")]
    Provider(#[from] strowger_providers::Error),
    /// What was in flight when the gateway ended cannot be taken up.
    #[error("what was in flight cannot be taken up")]
    Recover(#[source] Fault),
    /// A folder.
    #[error("{path} cannot be made", path = path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Whoever started it.
    #[error("nobody could be told that it is ready")]
    Tell(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A gateway that serves, as told to whoever started it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// Where each listener listens.
    pub listeners: BTreeMap<String, SocketAddr>,
    /// The process.
    pub pid: u32,
    /// The operator's name; on the first start alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The operator's secret, shown once; on the first start alone, unless a file gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_secret: Option<String>,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listeners, pid, operator, operator_secret: _ } = self;
        let mut shown = f.debug_struct("Ready");
        shown.field("listeners", listeners).field("pid", pid).field("operator", operator).finish_non_exhaustive()
    }
}

/// A gateway, put together and bound.
pub(crate) struct Gateway {
    ready: Ready,
    listeners: Vec<(Bound, Door)>,
    pipeline: Pipeline,
    core: Arc<Core>,
    security: Arc<Security>,
    recorder: Arc<Recorder>,
    store: Arc<Embedded>,
    world: Arc<dyn World>,
}

/// Puts a gateway together: listeners are bound first, so that nothing is opened in vain, and served last.
pub(crate) async fn assemble(config: Config) -> Result<Gateway, Error> {
    strowger_driver::install_provider();
    let world: Arc<dyn World> = Arc::new(System);
    let schema = strowger_kinds::all();
    let descriptors = raise_descriptors();
    tell_of_few_descriptors(&config, descriptors.now);
    folder(&config.data)?;
    let mut bound = Vec::new();
    for options in config.listen.values() {
        bound.push((options.protocol.clone(), strowger_driver::bind(options)?));
    }

    let store = open_store(&config, &schema, &world)?;
    let look: Arc<dyn Look> = Arc::clone(&store) as _;
    let kept: Arc<dyn Store> = Arc::clone(&store) as _;
    let scribe = Scribe::new(config.node.as_str(), world.mono(), schema.version());
    let recorder = Arc::new(Recorder::new(scribe.clone(), Arc::clone(&world), Arc::clone(&kept)));
    let authorities = authorities();

    let security = Security::open(
        &config.security,
        authorities.security,
        schema.clone(),
        Arc::clone(&kept),
        Arc::clone(&look),
        Arc::clone(&world),
    )?;
    let verifier = record_key(&config)?.verifier(&Origin::new(&config.node, Log::AUDIT)?);
    // What checks the records is this gateway's for ever, and goes where its data goes.
    let process = Process::new(&config.process, &verifier.to_string(), descriptors, Arc::clone(&world))?;
    let providers: Vec<Arc<dyn Provider>> = vec![process];
    let core = Core::new(
        config.core.clone(),
        schema.clone(),
        Arc::clone(&kept),
        Arc::clone(&look),
        Arc::clone(&world),
        scribe,
        providers,
    );
    core.recover().await.map_err(Error::Recover)?;
    let records = Arc::new(Records::new(Arc::clone(&kept), Arc::clone(&world), verifier));

    let keepers: Vec<Arc<dyn Keeper>> = vec![Arc::clone(&core) as _, Arc::clone(&security) as _, records];
    let pipeline = Pipeline::new(Parts {
        authority: authorities.pipeline,
        schema: schema.clone(),
        keepers,
        security: Arc::clone(&security),
        recorder: Arc::clone(&recorder),
        store: kept,
        look,
        world: Arc::clone(&world),
        gate: config.gate.clone(),
        admit: config.admit,
    });

    let http = strowger_web::Web::new(schema.clone(), config.http.clone(), health(&store));
    let mml = Arc::new(strowger_mml::Mml::new(schema, config.mml.clone()));
    let door = |protocol: &str| match protocol {
        "mml" => {
            let mml = Arc::clone(&mml);
            Door::Machine(Arc::new(move || mml.session()))
        }
        _ => Door::Talk(Arc::clone(&http) as _),
    };
    // Nothing fails between this and the telling: whoever is not told cannot log in.
    let secret = security.first_start().await?;
    let ready = Ready {
        listeners: bound.iter().map(|(_, bound)| (bound.name().to_owned(), bound.local_addr())).collect(),
        pid: std::process::id(),
        operator: secret.as_ref().map(|secret| secret.principal.clone()),
        operator_secret: secret.map(|secret| secret.secret.expose().to_owned()),
    };
    let listeners = bound.into_iter().map(|(protocol, bound)| (bound, door(&protocol))).collect();
    Ok(Gateway { ready, listeners, pipeline, core, security, recorder, store, world })
}

impl Gateway {
    /// What whoever started it is told.
    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What it says when it is ready was said.
    pub(crate) async fn told(&self) -> Result<(), Error> {
        if self.ready.operator_secret.is_some() {
            self.security.told().await?;
        }
        Ok(())
    }

    /// The way of every request.
    pub(crate) fn asked(&self) -> Arc<dyn Ask> {
        Arc::new(self.pipeline.clone())
    }

    /// Serves until `stop`: then the doors drain, then what they accepted ends or stays journaled, and last the store.
    pub(crate) async fn serve(self, mut stop: Stop, last_work: Duration) {
        let (doors, doors_stop) = Stop::new();
        let (rooms, rooms_stop) = Stop::new();
        let (books, books_stop) = Stop::new();
        let mut working = tokio::task::JoinSet::new();
        let mut recording = tokio::task::JoinSet::new();
        working.spawn(Arc::clone(&self.core).run(rooms_stop.clone()));
        working.spawn(Arc::clone(&self.security).run(rooms_stop.clone()));
        working.spawn(self.pipeline.clone().run(rooms_stop));
        recording.spawn(Arc::clone(&self.recorder).run(books_stop));

        let mut serving = tokio::task::JoinSet::new();
        let asked = self.asked();
        for (bound, door) in self.listeners {
            serving.spawn(bound.serve(door, Arc::clone(&asked), Arc::clone(&self.world), doors_stop.clone()));
        }
        // A part that ends by itself leaves a gateway that seems to work: whoever supervises it starts it anew.
        tokio::select! {
            () = stop.wait() => {}
            Some(_) = working.join_next() => tracing::error!("a room has ended by itself"),
            Some(_) = recording.join_next() => tracing::error!("the recorder has ended by itself"),
            Some(_) = serving.join_next() => tracing::error!("a listener has ended by itself"),
        }
        doors.pull();
        self.core.hurry();
        self.pipeline.hurry();
        tracing::info!("stopping: no new connections, answers in hand are given");
        while serving.join_next().await.is_some() {}
        rooms.pull();
        ended_by(&self.world, last_work, working).await;
        books.pull();
        ended_by(&self.world, last_work, recording).await;
        let store = self.store;
        drop((self.pipeline, self.core, self.security, self.recorder));
        let (done, closed) = tokio::sync::oneshot::channel();
        self.world.spawn_blocking(Box::new(move || {
            store.close();
            let _nobody_waits = done.send(());
        }));
        let _closed = closed.await;
        tracing::info!("stopped");
    }
}

async fn ended_by(world: &Arc<dyn World>, time: Duration, mut tasks: tokio::task::JoinSet<()>) {
    let all: BoxFuture<'_, ()> = Box::pin(async { while tasks.join_next().await.is_some() {} });
    tokio::select! {
        () = all => {}
        () = world.sleep(time) => tracing::warn!("some work did not end in time; it is journaled and goes on at the next start"),
    }
}

/// A gateway without descriptors lets nobody in and starts nothing.
fn tell_of_few_descriptors(config: &Config, limit: Option<u64>) {
    /// Two for a program that runs; more for a moment while it starts.
    const PROGRAM: usize = 3;
    let programs = config.process.most.saturating_mul(PROGRAM);
    let connections = config.listen.values().map(|listen| listen.limits.connections);
    let needed = u64::try_from(connections.fold(programs, usize::saturating_add)).unwrap_or(u64::MAX);
    if let Some(limit) = limit.filter(|limit| *limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "fewer files may be open than all connections and processes need: raise the hard limit (LimitNOFILE), or lower limits.connections and process.most"
        );
    }
}

/// Opens the store of a configuration, sealed by the node's own key.
fn open_store(config: &Config, schema: &Schema, world: &Arc<dyn World>) -> Result<Arc<Embedded>, Error> {
    let seal = Seal::new(Arc::new(record_key(config)?), &config.node, &[Log::AUDIT])?;
    Ok(Embedded::open(&config.store, schema.clone(), Box::new(seal), Arc::clone(world))?)
}

/// Opens the store of a configuration to read it: that takes no key, and nothing is sealed.
pub(crate) fn read_store(config: &Config, schema: &Schema, world: &Arc<dyn World>) -> Result<Arc<Embedded>, Error> {
    Ok(Embedded::open(&config.store, schema.clone(), Box::new(NoSeal), Arc::clone(world))?)
}

/// The key that signs the heads of the logs; made on the first start.
fn record_key(config: &Config) -> Result<Key, Error> {
    let path = record_key_path(config);
    if let Some(keys) = path.parent() {
        folder(keys)?;
    }
    Ok(Key::load_or_make(&path)?)
}

/// Where that key is.
pub(crate) fn record_key_path(config: &Config) -> PathBuf {
    config.data.join("keys/records.key")
}

/// Makes a folder that the gateway alone may look into.
fn folder(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::Folder { path: path.to_owned(), source })
}

/// What the health check says: whether changes can be stored.
fn health(store: &Arc<Embedded>) -> Arc<dyn Fn() -> Health + Send + Sync> {
    let store = Arc::clone(store);
    Arc::new(move || {
        let detail = match store.status().trouble {
            None => "",
            Some(Trouble::Full) => "the disk is full: nothing can be changed, reads go on",
            Some(Trouble::Failed) => "the store failed: nothing can be changed, reads go on",
        };
        Health { parts: vec![Part { name: "store".into(), up: detail.is_empty(), detail: detail.into() }] }
    })
}
