//! A gateway of the product's own rooms and doors, with one more kind and its keeper.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use strowger_conformance::SECRET;
use strowger_driver::{Door, System, bind};
use strowger_kinds::Shelf;
use strowger_mml::Mml;
use strowger_primitive::{
    Admission, Admitted, Answers, Ask, Attributes, BoxFuture, Class, Committed, DocKey, Fault, Fields, Gate, Id,
    Keeper, KindDecl, Log, Look, Name, Now, Op, Operation, Outcome, Payload, Peer, Permit, PipelineAuthority, Progress,
    Ref, Request, RequestId, Schema, Settle, Stop, Stopper, Store, Value, Verb, World, authorities,
};
use strowger_records::{Key, Seal};
use strowger_security::{Asked, Security};
use strowger_stores::Embedded;
use strowger_web::{Health, Web};

use crate::trunk;

/// All kinds of the release and the new one.
pub(crate) fn schema() -> Schema {
    strowger_kinds::all().kinds().chain([&trunk::DECL]).collect()
}

/// It serves until it is dropped.
pub(crate) struct House {
    pub(crate) http: SocketAddr,
    pub(crate) mml: SocketAddr,
    _stopper: Stopper,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn open() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("secret"), SECRET)?;
        let mut options = strowger_security::Options {
            operator_secret_file: Some(folder.path().join("secret")),
            master_key_file: Some(folder.path().join("master.key")),
            scram_iterations: 4_096,
            ..Default::default()
        };
        (options.argon2.memory, options.argon2.passes) = (64, 1);
        let (stopper, stop) = Stop::new();
        let (http, mml) = runtime.block_on(served(options, stop))?;
        Ok(Self { http, mml, _stopper: stopper, _runtime: runtime, _folder: folder })
    }
}

async fn served(options: strowger_security::Options, stop: Stop) -> Result<(SocketAddr, SocketAddr)> {
    let (world, schema): (Arc<dyn World>, _) = (Arc::new(System), schema());
    let seal = Seal::new(Arc::new(Key::generate()?), "test", &[Log::AUDIT])?;
    let store = Embedded::in_memory(schema.clone(), Box::new(seal), Arc::clone(&world));
    let (kept, look): (Arc<dyn Store>, Arc<dyn Look>) = (Arc::clone(&store) as _, store as _);
    let both = authorities();
    let security = Security::open(
        &options,
        both.security,
        schema.clone(),
        Arc::clone(&kept),
        Arc::clone(&look),
        Arc::clone(&world),
    )?;
    security.first_start().await?;
    let trunks = Arc::new(Trunks(Shelf { look, world: Arc::clone(&world), schema: schema.clone() }));
    let keepers: Vec<Arc<dyn Keeper>> = vec![Arc::clone(&security) as _, trunks];
    let way = Way(Arc::new(Inner { authority: both.pipeline, security, keepers, store: kept }));
    let web = Web::new(schema.clone(), strowger_web::Options::default(), Arc::new(Health::default));
    let mml = Mml::new(schema, strowger_mml::Options { node: "TEST".to_owned(), ..Default::default() });
    let doors = [("http", Door::Talk(web as _)), ("mml", Door::Machine(Arc::new(move || mml.session())))];
    let mut addresses = BTreeMap::new();
    for (name, door) in doors {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = strowger_driver::Options {
            name: name.to_owned(),
            protocol: name.to_owned(),
            address,
            ..Default::default()
        };
        let bound = bind(&options)?;
        addresses.insert(name, bound.local_addr());
        let asked: Arc<dyn Ask> = Arc::new(Way(Arc::clone(&way.0)));
        world.spawn("listener", Box::pin(bound.serve(door, asked, Arc::clone(&world), stop.clone())));
    }
    let of = |name: &str| addresses.get(name).copied().context("no listener");
    Ok((of("http")?, of("mml")?))
}

/// The keeper of trunks: a shelf and one action.
struct Trunks(Shelf);

impl Keeper for Trunks {
    fn kinds(&self) -> &[&'static KindDecl] {
        static KINDS: [&KindDecl; 1] = [&trunk::DECL];
        &KINDS
    }

    fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault> {
        self.0.find(tenant, target)
    }

    fn perform<'a>(&'a self, mut work: Admitted, _: &'a Progress) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(async move {
            if let Some(shown) = self.0.show(&work) {
                return shown;
            }
            match std::mem::replace(&mut work.operation, Operation::Prove) {
                Operation::Create(document) => self.0.create(&mut work, document, Vec::new()).await,
                Operation::Update(target, only, patch) => {
                    self.0.update(&mut work, &target, only, patch, &|_, _| Ok(Vec::new())).await
                }
                Operation::Delete(target, only) => self.0.delete(&mut work, &target, only, &|_| Ok(Vec::new())).await,
                Operation::Invoke(target, action, _) => {
                    let (key, _) = self.0.target(&work, &target)?;
                    work.settle(Vec::new(), Some(key)).await?;
                    let fields = Fields::from_iter([(2, Value::Uint(3))]);
                    Ok(Outcome::Reply(Payload { action, fields }))
                }
                Operation::Read(_) | Operation::List(_) | Operation::Cancel(_) | Operation::Prove => {
                    Err(Fault::internal("this is no keeper's"))
                }
            }
        })
    }
}

/// The stages of a request, without what the spine adds for load and repetition.
struct Way(Arc<Inner>);

struct Inner {
    authority: PipelineAuthority,
    security: Arc<Security>,
    keepers: Vec<Arc<dyn Keeper>>,
    store: Arc<dyn Store>,
}

impl Gate for Way {
    fn enter(&self, _: Class, _: &Peer) -> Result<Permit, Fault> {
        Ok(Permit::default())
    }
}

impl Ask for Way {
    fn ask(&self, request: Request) -> Answers {
        let inner = Arc::clone(&self.0);
        Answers::lazy(request.id, Box::pin(async move { inner.pass(request).await }))
    }

    fn new_id(&self, now: Now) -> RequestId {
        Id::new(&System, now)
    }

    fn now(&self) -> Now {
        System.now()
    }
}

impl Inner {
    async fn pass(&self, request: Request) -> Result<Outcome, Fault> {
        let known = self.security.authenticate(&request.claim, &request.origin).await?;
        let operation = request.operation;
        let (Some(kind), Some(verb)) = (operation.kind(), operation.verb()) else {
            return Ok(Outcome::Session(self.security.session(&known)));
        };
        let keeper = self.keepers.iter().find(|keeper| keeper.kinds().contains(&kind));
        let keeper = keeper.ok_or_else(|| Fault::internal("nobody keeps that kind"))?;
        let tenant = request.tenant.unwrap_or_else(|| known.principal().tenant.clone());
        let found = operation.target().map(|target| keeper.find(&tenant, target)).transpose()?;
        let owner = found.as_ref().and_then(|found| found.owner.as_deref());
        let class = if verb == Verb::List { Class::List } else { Class::New };
        let asked = Asked {
            verb,
            kind,
            action: operation.action(),
            relation: known.principal().relation(&tenant, owner),
            target: found.as_ref(),
            origin: &request.origin,
            class,
        };
        let allowed = self.security.authorise(known, &asked)?;
        let admission = Admission {
            id: request.id,
            operation,
            origin: request.origin,
            tenant: found.map_or(tenant, |found| found.tenant),
            deadline: request.deadline,
            patience: request.patience,
            settle: Box::new(Settling(Arc::clone(&self.store))),
            permit: request.permit,
        };
        keeper.perform(self.authority.admitted(allowed, admission), &Progress::unheard()).await
    }
}

/// Stores a change and nothing else.
struct Settling(Arc<dyn Store>);

impl Settle for Settling {
    fn settle(&mut self, ops: Vec<Op>, _: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async move { Ok(self.0.commit(ops).await?) })
    }
}
