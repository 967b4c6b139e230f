//! The room itself: what it holds, and which of its parts performs what.

use std::sync::{Arc, Weak};

use strowger_kinds::record::Scribe;
use strowger_kinds::{Shelf, offer, order, provider, resource, service};
use strowger_primitive::{
    Admitted, Attributes, BoxFuture, Document, Fault, FaultKind, Implied, Keeper, KindDecl, Look, Name, Operation,
    Outcome, Progress, Provider, Ref, Schema, Stop, Stopper, Store, World,
};

use crate::Options;
use crate::flight::Flight;
use crate::orders::implied;
use crate::orphans::Orphans;
use crate::owners::Owners;
use crate::providers::Providers;
use crate::recover::Unseen;

/// Keeps offers, orders, services, resources and providers, and carries orders out.
pub struct Core {
    pub(crate) options: Options,
    pub(crate) shelf: Shelf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scribe: Scribe,
    pub(crate) providers: Providers,
    pub(crate) owners: Owners,
    pub(crate) orphans: Orphans,
    pub(crate) unseen: Unseen,
    pub(crate) flight: Flight,
    /// Pulled when orders in flight are to stay where they are.
    pub(crate) halt: Stop,
    pub(crate) halter: Stopper,
    /// Pulled when nobody is to wait for an order any more.
    pub(crate) hurried: Stop,
    hurrier: Stopper,
    me: Weak<Self>,
}

impl Core {
    /// A core that has not looked at anything yet. [`recover`](Self::recover) comes before the first request.
    #[must_use]
    pub fn new(
        options: Options,
        schema: Schema,
        store: Arc<dyn Store>,
        look: Arc<dyn Look>,
        world: Arc<dyn World>,
        scribe: Scribe,
        providers: Vec<Arc<dyn Provider>>,
    ) -> Arc<Self> {
        let (halter, halt) = Stop::new();
        let (hurrier, hurried) = Stop::new();
        Arc::new_cyclic(|me| Self {
            flight: Flight::new(options.most_in_flight),
            options,
            shelf: Shelf { look: Arc::clone(&look), world, schema },
            store,
            scribe,
            providers: Providers::new(providers, look),
            owners: Owners::default(),
            orphans: Orphans::default(),
            unseen: Unseen::default(),
            halt,
            halter,
            hurried,
            hurrier,
            me: Weak::clone(me),
        })
    }

    /// Whoever waits for an order is answered with it as it is: the gateway stops.
    pub fn hurry(&self) {
        self.hurrier.pull();
    }

    /// Work that goes on when the request it came from is over.
    pub(crate) fn detach<F>(&self, name: &'static str, work: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(me) = self.me.upgrade() {
            self.shelf.world.spawn(name, Box::pin(work(me)));
        }
    }
}

impl Keeper for Core {
    fn kinds(&self) -> &[&'static KindDecl] {
        static KINDS: [&KindDecl; 5] = [&offer::DECL, &order::DECL, &service::DECL, &resource::DECL, &provider::DECL];
        &KINDS
    }

    fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault> {
        self.shelf.find(tenant, target)
    }

    fn implies(&self, operation: &Operation) -> Vec<Implied> {
        if let Operation::Create(document) = operation
            && document.kind.number == order::DECL.number
        {
            return implied(document);
        }
        Vec::new()
    }

    fn perform<'a>(&'a self, mut work: Admitted, progress: &'a Progress) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(async move {
            if let Some(shown) = self.shelf.show(&work) {
                return shown;
            }
            let kind = work.operation.kind().map_or(0, |kind| kind.number);
            // Moved out, so that what is asked and the means to end it can be had apart.
            let operation = std::mem::replace(&mut work.operation, Operation::Prove);
            match operation {
                Operation::Create(document) if kind == offer::DECL.number => self.create_offer(work, document).await,
                Operation::Update(target, only, patch) if kind == offer::DECL.number => {
                    self.update_offer(work, &target, only, patch).await
                }
                Operation::Delete(target, only) if kind == offer::DECL.number => {
                    self.delete_offer(work, &target, only).await
                }
                Operation::Create(document) if kind == order::DECL.number => {
                    self.create_order(work, document, progress).await
                }
                Operation::Invoke(target, action, _) if kind == order::DECL.number => {
                    self.cancel_order(work, &target, action, progress).await
                }
                Operation::Create(document) if kind == service::DECL.number => {
                    self.create_service(work, document, progress).await
                }
                Operation::Delete(target, only) if kind == service::DECL.number => {
                    self.delete_service(work, &target, only, progress).await
                }
                // What is left of those to their askers is plain: the label, and the state of a provider.
                Operation::Update(target, only, patch) => {
                    let check = |_: &Document, _: &mut Document| Ok(Vec::new());
                    self.shelf.update(&mut work, &target, only, patch, &check).await
                }
                Operation::Create(_)
                | Operation::Read(_)
                | Operation::List(_)
                | Operation::Delete(..)
                | Operation::Invoke(..)
                | Operation::Cancel(_)
                | Operation::Prove => {
                    Err(Fault::new(FaultKind::NotAllowed, "verb-not-allowed", "this kind does not have that verb"))
                }
            }
        })
    }
}
