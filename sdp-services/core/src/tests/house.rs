//! A whole gateway as far as this room sees it, that can be killed and started again on what it left.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::record::Scribe;
use strowger_kinds::{offer, order, resource, service, tenant};
use strowger_primitive::{
    Change, DocKey, Document, Expect, Fault, Fields, Keeper as _, KindDecl, Look, Name, Op, Operation, Outcome, Patch,
    Path, Progress, Provider, Ref, StepId, Stop, Stopper, Store, Value, World, common,
};

use super::admitted::{ALICE, Asker, admitted};
use super::memory::Memory;
use super::mock::Mock;
use super::world::Life;
use crate::{Core, Options, Recovered};

pub(super) struct House {
    pub(super) store: Arc<Memory>,
    pub(super) mock: Arc<Mock>,
    pub(super) life: Arc<Life>,
    pub(super) core: Arc<Core>,
    options: Options,
    lives: u64,
}

impl House {
    /// With the offers `bare`, which needs nothing, and `hello`, of the components `web` and `db`.
    pub(super) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let (store, mock, life) = (Arc::new(Memory::default()), Mock::new("local-a"), Arc::new(Life::new(1)));
        let core = core(&options, &store, &mock, &life);
        let house = Self { store, mock, life, core, options, lives: 1 };
        house.store.commit(vec![the_tenant()]).await.unwrap();
        house.core.recover().await.unwrap();
        house.make(bare("bare")).await.unwrap();
        house.make(hello("hello")).await.unwrap();
        house
    }

    /// Dies, and starts again on what is stored.
    pub(super) async fn restart(&mut self) -> Recovered {
        self.restart_where(|_| {}).await
    }

    /// The same where the store has become different.
    pub(super) async fn restart_where(&mut self, becomes: impl FnOnce(&Memory)) -> Recovered {
        self.life.kill();
        self.store.calm();
        becomes(&self.store);
        self.lives += 1;
        self.life = Arc::new(Life::new(self.lives));
        self.core = core(&self.options, &self.store, &self.mock, &self.life);
        self.core.recover().await.unwrap()
    }

    pub(super) fn run(&self) -> Stopper {
        let (stopper, stop) = Stop::new();
        self.life.spawn("run", Box::pin(Arc::clone(&self.core).run(stop)));
        stopper
    }

    pub(super) async fn ask(&self, asker: Asker, about: &str, operation: Operation) -> Result<Outcome, Fault> {
        let work = admitted(Arc::clone(&self.store) as _, &*self.life, asker, about, operation);
        self.core.perform(work, &Progress::unheard()).await
    }

    /// Alice makes it and waits for the end.
    pub(super) async fn make(&self, document: Document) -> Result<Outcome, Fault> {
        self.ask(ALICE, "acme", Operation::Create(document)).await
    }

    /// Alice orders it and does not wait.
    pub(super) async fn make_soon(&self, document: Document) -> Result<Outcome, Fault> {
        let alice = Asker { patience: Duration::ZERO, ..ALICE };
        self.ask(alice, "acme", Operation::Create(document)).await
    }

    pub(super) async fn delete(&self, kind: &'static KindDecl, name: &str) -> Result<Outcome, Fault> {
        self.ask(ALICE, "acme", Operation::Delete(target(kind, name), None)).await
    }

    pub(super) async fn cancel(&self, order: &str) -> Result<Outcome, Fault> {
        let action = order::DECL.action_named("cancel").unwrap();
        let operation = Operation::Invoke(target(&order::DECL, order), action, Fields::default());
        self.ask(ALICE, "acme", operation).await
    }

    pub(super) async fn set(
        &self,
        about: &str,
        kind: &'static KindDecl,
        name: &str,
        field: u16,
        value: Value,
    ) -> Result<Outcome, Fault> {
        let patch = Patch(vec![(Path::whole(field), Change::Set(value))]);
        self.ask(ALICE, about, Operation::Update(target(kind, name), None, patch)).await
    }

    pub(super) fn get(&self, kind: &'static KindDecl, name: &str) -> Option<Arc<Document>> {
        self.store.view(&acme(), kind).get(name)
    }

    pub(super) fn order_state(&self, name: &str) -> u32 {
        self.get(&order::DECL, name).and_then(|d| d.fields.choice(&order::STATE)).unwrap_or(0)
    }

    pub(super) fn service_state(&self, name: &str) -> u32 {
        self.get(&service::DECL, name).and_then(|d| d.fields.choice(&service::STATE)).unwrap_or(0)
    }

    pub(super) fn health(&self, name: &str) -> u32 {
        self.get(&service::DECL, name).and_then(|d| d.fields.choice(&service::HEALTH)).unwrap_or(0)
    }

    pub(super) fn resources(&self) -> Vec<Arc<Document>> {
        let mut all = Vec::new();
        self.store.view(&acme(), &resource::DECL).each(None, &mut |document| {
            all.push(Arc::clone(document));
            true
        });
        all
    }

    /// The step of the resource at that place in the view.
    pub(super) fn step(&self, at: usize) -> StepId {
        StepId(self.resources()[at].name().unwrap())
    }

    /// Waits until the order has ended.
    pub(super) async fn ended(&self, name: &str) -> Arc<Document> {
        let key = DocKey { tenant: acme(), kind: order::DECL.number, name: Name::new(name).unwrap() };
        let mut watch = self.store.watch(&key);
        let wait = async {
            loop {
                match watch.now().filter(|d| crate::orders::has_ended(d)) {
                    Some(order) => return order,
                    None => assert!(watch.changed().await),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(3_600), wait).await.expect("the order ends")
    }

    /// Waits until something holds.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if holds(self) {
                return;
            }
            self.life.sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {what}");
    }

    /// What runs is what is shown, nothing was started twice, and nothing is kept of an order that has ended.
    pub(super) fn assert_tidy(&self) {
        let shown: Vec<StepId> = self.resources().iter().map(|r| StepId(r.name().unwrap())).collect();
        let mut running = self.mock.running();
        running.sort();
        assert_eq!(running, shown, "what runs, and what is shown");
        assert!(self.mock.most_starts() <= 1, "started twice");
        assert_eq!(self.store.kept_count(), 0, "journals and plans are left over");
    }
}

pub(super) fn core<S: Store + Look + 'static>(
    options: &Options,
    store: &Arc<S>,
    mock: &Arc<Mock>,
    life: &Arc<Life>,
) -> Arc<Core> {
    let scribe = Scribe::new("node", life.now().mono, 1);
    let providers = vec![Arc::clone(mock) as Arc<dyn Provider>];
    let (look, world) = (Arc::clone(store) as _, Arc::clone(life) as _);
    Core::new(options.clone(), strowger_kinds::all(), Arc::clone(store) as _, look, world, scribe, providers)
}

pub(super) fn the_tenant() -> Op {
    let key = DocKey { tenant: Name::new("operator").unwrap(), kind: tenant::DECL.number, name: acme() };
    Op::Put { key, expect: Expect::Absent, document: named(&tenant::DECL, "acme") }
}

pub(super) fn acme() -> Name {
    Name::new("acme").unwrap()
}

pub(super) fn target(kind: &'static KindDecl, name: &str) -> Ref {
    Ref { kind, index: strowger_primitive::Index::Name(Name::new(name).unwrap()) }
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn map(pairs: &[(&str, &str)]) -> Value {
    Value::Map(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect())
}

fn named(kind: &'static KindDecl, name: &str) -> Document {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::NAME, name);
    document
}

pub(super) fn bare(name: &str) -> Document {
    let mut offer = named(&offer::DECL, name);
    let greeting = Fields::from_iter([(2, text("greeting")), (5, text("hello")), (7, Value::Int(8))]);
    let size = Fields::from_iter([(2, text("size")), (3, Value::Enum(2)), (6, Value::Int(1))]);
    offer.fields.set(&offer::PARAMETERS, Value::Rows([(1, greeting), (2, size)].into()));
    offer
}

pub(super) fn hello(name: &str) -> Document {
    let mut offer = bare(name);
    let ports = Value::List(vec![text("http"), text("admin")]);
    let web = [
        (offer::component::NAME.number, text("web")),
        (offer::component::EXECUTABLE.number, text("strowger")),
        (offer::component::ARGUMENTS.number, Value::List(vec![text("sample-app"), text("${greeting}${size}")])),
        (offer::component::PORTS.number, ports),
        (offer::component::HEALTH.number, Value::Enum(2)),
        (offer::component::HEALTH_TARGET.number, text("/health")),
    ];
    let db = [(offer::component::NAME.number, text("db")), (offer::component::EXECUTABLE.number, text("/bin/db"))];
    let rows = [(1, web.into_iter().collect()), (2, db.into_iter().collect())];
    offer.fields.set(&offer::COMPONENTS, Value::Rows(rows.into()));
    offer
}

/// An order of one service.
pub(super) fn one(name: &str, offer: &str) -> Document {
    let mut order = named(&order::DECL, name);
    order.fields.set_text(&order::OFFER, offer);
    order
}

/// An order of items: `Ok` names the offer of a new service, `Err` a service to end.
pub(super) fn several(name: &str, items: &[Result<&str, &str>]) -> Document {
    let mut order = named(&order::DECL, name);
    let row = |item: &Result<&str, &str>| -> Fields {
        match item {
            Ok(offer) => [(order::item::OFFER.number, text(offer))].into_iter().collect(),
            Err(service) => {
                let delete = Value::Enum(order::DELETE);
                [(order::item::ACTION.number, delete), (order::item::SERVICE.number, text(service))]
                    .into_iter()
                    .collect()
            }
        }
    };
    order.fields.set(&order::ITEMS, Value::Rows((1..).zip(items.iter().map(row)).collect()));
    order
}

pub(super) fn a_service(name: &str, offer: &str) -> Document {
    let mut service = named(&service::DECL, name);
    service.fields.set_text(&service::OFFER, offer);
    service
}

/// The fault, with the places it names.
pub(super) fn told(result: Result<Outcome, Fault>) -> (&'static str, Vec<String>) {
    let fault = result.expect_err("it is refused");
    let print = |flaw: strowger_primitive::Flaw| match flaw.place {
        strowger_primitive::Place::Field(path) => path.print(order::DECL.fields, strowger_primitive::camel),
        strowger_primitive::Place::Unknown(name) => name,
    };
    (fault.code, fault.at.into_iter().map(print).collect())
}
