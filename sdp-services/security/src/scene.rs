//! What the tests of this room play on: a clock that is turned by hand, a store in memory, and a pipeline of one page.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use strowger_primitive::{
    Admission, BoxFuture, Claim, Class, Committed, Deadline, DocKey, Document, Fault, Id, Index, Keeper, KindDecl,
    Known, Name, Now, OPERATOR, Op, Operation, Origin, Outcome, Patch, Path, Peer, Permit, PipelineAuthority, Progress,
    Ref, Secret, Settle, Store, Text, Time, Transport, Type, Value, World, authorities, read_scalar,
};
use strowger_stores::{Embedded, NoSeal};
use tokio::sync::watch;

use crate::{Asked, Cost, Options, Security};

/// Time that stands still until it is told to pass, and chance without any.
pub(crate) struct Stage {
    start: Instant,
    passed: watch::Sender<Duration>,
    chance: AtomicU64,
    /// Jobs that were run away from the tasks that serve peers.
    pub(crate) jobs: AtomicUsize,
    /// Jobs begin while nobody has this for himself.
    pub(crate) open: Arc<RwLock<()>>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            start: tokio::time::Instant::now().into_std(),
            passed: watch::Sender::new(Duration::ZERO),
            chance: AtomicU64::new(1),
            jobs: AtomicUsize::new(0),
            open: Arc::default(),
        }
    }
}

impl Stage {
    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.passed.send_modify(|passed| *passed += time);
    }

    /// Jobs run so far.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.load(Ordering::SeqCst)
    }
}

impl World for Stage {
    fn now(&self) -> Now {
        let passed = *self.passed.borrow();
        Now { wall: Time(1_800_000_000_000).plus(passed), mono: self.start + passed }
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut passed = self.passed.subscribe();
        let until = *passed.borrow() + time;
        Box::pin(async move {
            // The stage outlives its tasks.
            let _ = passed.wait_for(|passed| *passed >= until).await;
        })
    }

    fn random(&self, octets: &mut [u8]) {
        for octet in octets {
            // SplitMix64.
            let mut z = self.chance.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = (z >> 56) as u8;
        }
    }

    fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) {
        drop(tokio::runtime::Handle::current().spawn(work));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.jobs.fetch_add(1, Ordering::SeqCst);
        let open = Arc::clone(&self.open);
        drop(tokio::task::spawn_blocking(move || {
            drop(open.read());
            work();
        }));
    }
}

/// A room that has started for the first time.
pub(crate) struct Scene {
    pub(crate) world: Arc<Stage>,
    pub(crate) store: Arc<Embedded>,
    pub(crate) security: Arc<Security>,
    pub(crate) pipeline: PipelineAuthority,
    pub(crate) options: Options,
    /// The operator's secret.
    pub(crate) secret: String,
    pub(crate) folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options {
            master_key_file: Some(folder.path().join("master.key")),
            argon2: Cost { memory: 8, passes: 1, lanes: 1 },
            scram_iterations: 4_096,
            ..Options::default()
        };
        change(&mut options);
        let world = Arc::new(Stage::default());
        let store = Embedded::in_memory(strowger_kinds::all(), Box::new(NoSeal), Arc::clone(&world) as _);
        let (security, pipeline) = room(&options, &store, &world);
        let secret = security.first_start().await.unwrap().map(|told| told.secret.expose().to_owned());
        Self { world, store, security, pipeline, options, secret: secret.unwrap_or_default(), folder }
    }

    /// The room as it opens at a later start.
    pub(crate) fn again(&self) -> Arc<Security> {
        room(&self.options, &self.store, &self.world).0
    }

    pub(crate) async fn log_in(&self, who: &str, secret: &str) -> Result<Known, Fault> {
        self.security.authenticate(&password(who, secret), &near()).await
    }

    pub(crate) async fn operator(&self) -> Known {
        self.log_in("operator", &self.secret).await.unwrap()
    }

    /// Does what the pipeline does, over a connection of the same machine.
    pub(crate) async fn ask(&self, known: Known, tenant: &str, operation: Operation) -> Result<Outcome, Fault> {
        self.ask_from(known, tenant, operation, near()).await
    }

    pub(crate) async fn ask_from(
        &self,
        known: Known,
        tenant: &str,
        operation: Operation,
        origin: Origin,
    ) -> Result<Outcome, Fault> {
        let tenant = name(tenant);
        let found = operation.target().map(|target| self.security.find(&tenant, target)).transpose()?;
        let owner = found.as_ref().and_then(|found| found.owner.as_deref());
        let relation = known.principal().relation(found.as_ref().map_or(&tenant, |found| &found.tenant), owner);
        let asked = Asked {
            verb: operation.verb().unwrap(),
            kind: operation.kind().unwrap(),
            action: operation.action(),
            relation,
            target: found.as_ref(),
            origin: &origin,
            class: Class::New,
        };
        let allowed = self.security.authorise(known, &asked)?;
        let now = self.world.now();
        let with = Admission {
            id: Id::new(&*self.world, now),
            operation,
            origin,
            tenant,
            deadline: Deadline(now.mono + Duration::from_secs(10)),
            patience: Duration::ZERO,
            settle: Box::new(Settles(Arc::clone(&self.store))),
            permit: Permit::default(),
        };
        self.security.perform(self.pipeline.admitted(allowed, with), &Progress::unheard()).await
    }

    /// Makes a tenant, as the operator.
    pub(crate) async fn tenant(&self, tenant: &str) {
        let made = document(&strowger_kinds::tenant::DECL, &[("name", tenant)]);
        self.ask(self.operator().await, OPERATOR, Operation::Create(made)).await.unwrap();
    }

    /// Makes a principal with a password, as the operator, and logs it in.
    pub(crate) async fn principal(&self, tenant: &str, who: &str, roles: &str) -> Known {
        let made = document(&strowger_kinds::principal::DECL, &[("name", who), ("roles", roles)]);
        self.ask(self.operator().await, tenant, Operation::Create(made)).await.unwrap();
        let made = credential(who, &[("name", who), ("secret", "a good secret")]);
        self.ask(self.operator().await, tenant, Operation::Create(made)).await.unwrap();
        self.log_in(&format!("{who}@{tenant}"), "a good secret").await.unwrap()
    }

    /// The stored document of that name.
    pub(crate) fn stored(&self, tenant: &str, kind: &'static KindDecl, which: &str) -> Option<Arc<Document>> {
        self.security.shelf.look.get(&name(tenant), kind, which)
    }
}

fn room(options: &Options, store: &Arc<Embedded>, world: &Arc<Stage>) -> (Arc<Security>, PipelineAuthority) {
    let both = authorities();
    let (store, look) = (Arc::clone(store) as _, Arc::clone(store) as _);
    let security = Security::open(options, both.security, strowger_kinds::all(), store, look, Arc::clone(world) as _);
    (security.unwrap(), both.pipeline)
}

struct Settles(Arc<Embedded>);

impl Settle for Settles {
    fn settle(&mut self, ops: Vec<Op>, _: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        let commit = self.0.commit(ops);
        Box::pin(async move { commit.await.map_err(Fault::from) })
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn password(who: &str, secret: &str) -> Claim {
    Claim::Password { principal: who.into(), secret: Secret::new(secret) }
}

/// On the same machine.
pub(crate) fn near() -> Origin {
    from([127, 0, 0, 1], Transport::Tcp)
}

/// Somewhere else.
pub(crate) fn from(address: [u8; 4], transport: Transport) -> Origin {
    let peer = Peer { address: (address, 4_711).into(), listener: Text::from("test"), transport };
    Origin { protocol: "http", peer, transport }
}

/// A document of these fields, as they are typed; lists with spaces between.
pub(crate) fn document(kind: &'static KindDecl, fields: &[(&str, &str)]) -> Document {
    let mut document = Document::new(kind);
    for (field, text) in fields {
        let field = kind.field_named(field).unwrap();
        document.fields.set(field, value(&field.ty, text));
    }
    document
}

pub(crate) fn credential(who: &str, fields: &[(&str, &str)]) -> Document {
    document(&strowger_kinds::credential::DECL, &[&[("principal", who)], fields].concat())
}

pub(crate) fn target(kind: &'static KindDecl, which: &str) -> Ref {
    Ref { kind, index: Index::Name(name(which)) }
}

pub(crate) fn update(kind: &'static KindDecl, which: &str, fields: &[(&str, &str)]) -> Operation {
    let set = |(field, text): &(&str, &str)| {
        let field = kind.field_named(field).unwrap();
        (Path::whole(field.number), strowger_primitive::Change::Set(value(&field.ty, text)))
    };
    Operation::Update(target(kind, which), None, Patch(fields.iter().map(set).collect()))
}

pub(crate) fn delete(kind: &'static KindDecl, which: &str) -> Operation {
    Operation::Delete(target(kind, which), None)
}

pub(crate) fn invoke(kind: &'static KindDecl, which: &str, action: &str) -> Operation {
    Operation::Invoke(target(kind, which), kind.action_named(action).unwrap(), strowger_primitive::Fields::default())
}

fn value(ty: &Type, text: &str) -> Value {
    if let Type::List { of, .. } = ty {
        return Value::List(text.split_whitespace().map(|word| value(of, word)).collect());
    }
    read_scalar(ty, text).unwrap()
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Fault>) -> &'static str {
    result.unwrap_err().code
}
