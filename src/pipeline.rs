//! The one way of every request: record.open ► authenticate ► resolve ► authorise ► admit ► keeper.perform ► settle.
//!
//! Whoever waits for a request works it out. A peer that leaves stops no change: it goes on on a task of its own.

mod admit;
mod asking;
mod gate;
mod pass;
mod recall;
mod running;
mod settle;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{
    Admission, Admitted, Answers, Ask, Class, DocKey, Fault, FaultKind, Gate, Id, Index, Keeper, Look, Name, Now,
    Operation, Outcome, Peer, Permit, PipelineAuthority, Progress, Ref, Request, RequestId, Revision, Schema, Settle,
    Stop, Stopper, Store, World,
};
use strowger_records::{Draft, End, Recorder};
use strowger_security::Security;

use self::asking::Asking;
use self::pass::Passed;
use self::recall::Recall;
use self::running::{Running, Turn, stopped};
use self::settle::{REPEATED, Settling, Unchanging};

pub use admit::Options as AdmitOptions;
pub use gate::Options as GateOptions;

/// What the pipeline is made of.
pub(crate) struct Parts {
    /// Makes `Admitted`.
    pub(crate) authority: PipelineAuthority,
    /// Every kind.
    pub(crate) schema: Schema,
    /// Who keeps them.
    pub(crate) keepers: Vec<Arc<dyn Keeper>>,
    /// Who proves and permits.
    pub(crate) security: Arc<Security>,
    /// Who records.
    pub(crate) recorder: Arc<Recorder>,
    /// What is changed.
    pub(crate) store: Arc<dyn Store>,
    /// What is read.
    pub(crate) look: Arc<dyn Look>,
    /// Time and tasks.
    pub(crate) world: Arc<dyn World>,
    /// Options of the gate.
    pub(crate) gate: gate::Options,
    /// Options of admission.
    pub(crate) admit: admit::Options,
}

/// The way of every request. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pipeline(Arc<Inner>);

struct Inner {
    authority: PipelineAuthority,
    schema: Schema,
    keepers: Vec<Arc<dyn Keeper>>,
    security: Arc<Security>,
    recorder: Arc<Recorder>,
    store: Arc<dyn Store>,
    look: Arc<dyn Look>,
    world: Arc<dyn World>,
    turnstile: gate::Turnstile,
    buckets: admit::Buckets,
    running: Running,
    hurried: Stop,
    hurrier: Stopper,
}

/// Buckets and addresses that are quiet are forgotten so often, and refusals told.
const AGE: Duration = Duration::from_secs(10);

impl Pipeline {
    /// The pipeline of one gateway.
    #[must_use]
    pub(crate) fn new(parts: Parts) -> Self {
        let turnstile = gate::Turnstile::new(&parts.gate, Arc::clone(&parts.world));
        let buckets = admit::Buckets::new(parts.admit);
        let (hurrier, hurried) = Stop::new();
        Self(Arc::new(Inner {
            authority: parts.authority,
            schema: parts.schema,
            keepers: parts.keepers,
            security: parts.security,
            recorder: parts.recorder,
            store: parts.store,
            look: parts.look,
            world: parts.world,
            turnstile,
            buckets,
            running: Running::default(),
            hurried,
            hurrier,
        }))
    }

    /// Whoever waits for news is answered that there are none: the gateway stops.
    pub(crate) fn hurry(&self) {
        self.0.hurrier.pull();
    }

    /// Forgets what is old, until `stop`.
    pub(crate) async fn run(self, mut stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => return,
                () = self.0.world.sleep(AGE) => {
                    self.0.turnstile.age();
                    self.0.buckets.age();
                }
            }
        }
    }
}

impl Gate for Pipeline {
    fn enter(&self, class: Class, source: &Peer) -> Result<Permit, Fault> {
        self.0.turnstile.enter(class, source)
    }
}

impl Ask for Pipeline {
    fn ask(&self, request: Request) -> Answers {
        let inner = Arc::clone(&self.0);
        let id = request.id;
        if !request.operation.verb().is_some_and(strowger_primitive::Verb::changes) {
            return Answers::lazy(id, Box::pin(async move { inner.read(request).await }));
        }
        let world = Arc::clone(&self.0.world);
        Answers::lasting(id, world, |progress| async move { inner.change(request, &progress).await })
    }

    fn new_id(&self, now: Now) -> RequestId {
        Id::new(&*self.0.world, now)
    }

    fn now(&self) -> Now {
        self.0.world.now()
    }
}

impl Inner {
    /// Reads, lists, proofs and cancelling.
    async fn read(&self, mut request: Request) -> Result<Outcome, Fault> {
        request.permit.granted().await?;
        let mut asking = Asking::new(Draft::new(&request, self.world.mono()), &self.recorder);
        let deadline = request.deadline;
        // Too large for the caller's own frame, and a long poll keeps it.
        let work = Box::pin(self.read_on(request, &mut asking.draft));
        // Most are done before a timer is needed.
        let late = async { self.world.sleep(deadline.left(self.world.mono())).await };
        let end = tokio::select! {
            biased;
            end = work => end,
            () = late => Err(expired()),
        };
        asking.over = true;
        match &end {
            Err(fault) if matches!(fault.kind, FaultKind::Unauthenticated | FaultKind::Forbidden) => {
                self.recorder.refused(&asking.draft, fault);
            }
            Ok(_) | Err(_) => self.recorder.counted(&asking.draft, End::from(&end)),
        }
        end
    }

    async fn read_on(&self, mut request: Request, draft: &mut Draft) -> Result<Outcome, Fault> {
        self.in_time(&request)?;
        let known = self.security.authenticate(&request.claim, &request.origin).await?;
        draft.proven(known.principal(), self.world.mono());
        match &request.operation {
            Operation::Prove => return Ok(Outcome::Session(self.security.session(&known))),
            Operation::Cancel(id) => {
                self.running.cancel(*id, known.principal())?;
                return Ok(Outcome::Done);
            }
            Operation::Create(_)
            | Operation::Read(_)
            | Operation::List(_)
            | Operation::Update(..)
            | Operation::Delete(..)
            | Operation::Invoke(..) => {}
        }
        let mut passed = self.pass(&request, known, draft)?;
        self.buckets.take(passed.allowed.principal())?;
        draft.admitted(self.world.mono());
        if let (Some(unlike), Operation::Read(target)) = (request.unlike, &request.operation) {
            // Who waits is in nobody's way; and who he is and what he may see can change meanwhile.
            request.permit = Permit::default();
            self.until_unlike(&passed.tenant, target, unlike, request.patience).await;
            request.permit = self.turnstile.enter(Class::List, &request.origin.peer)?;
            request.permit.granted().await?;
            let known = self.security.authenticate(&request.claim, &request.origin).await?;
            passed = self.pass(&request, known, draft)?;
        }
        let permit = std::mem::take(&mut request.permit);
        let admitted = self.admit(request, passed, Box::new(Unchanging), permit);
        self.keeper(&admitted.operation)?.perform(admitted, &Progress::unheard()).await
    }

    /// Creates, updates, deletes and actions.
    async fn change(&self, mut request: Request, progress: &Progress) -> Result<Outcome, Fault> {
        request.permit.granted().await?;
        let mut draft = Draft::new(&request, self.world.mono());
        let turn = Arc::new(Turn::default());
        let end = Box::pin(self.change_on(request, &mut draft, &turn, progress)).await;
        match &end {
            // What is settled has its record; what changed nothing is counted like a read.
            Ok(_) if turn.is_settled() => {}
            Ok(_) => self.recorder.counted(&draft, End::from(&end)),
            Err(fault) => self.recorder.refused(&draft, fault),
        }
        end
    }

    async fn change_on(
        &self,
        mut request: Request,
        draft: &mut Draft,
        turn: &Arc<Turn>,
        progress: &Progress,
    ) -> Result<Outcome, Fault> {
        self.in_time(&request)?;
        let known = self.security.authenticate(&request.claim, &request.origin).await?;
        let principal = Arc::clone(known.principal());
        draft.proven(&principal, self.world.mono());
        let recall_with = |hidden| {
            let asked = recall::Asked::new(&request.operation, hidden);
            let about = request.tenant.as_ref().unwrap_or(&principal.tenant);
            request.key.as_ref().map(|key| Recall::new(key, &principal, about, self.security.blind())).zip(asked)
        };
        let passed = match self.pass(&request, known, draft) {
            Ok(passed) => passed,
            // What it removed the first time is not found the second.
            Err(fault) if fault.kind == FaultKind::NotFound && matches!(request.operation, Operation::Delete(..)) => {
                let before = self.recalled(recall_with(Arc::new([])).as_ref()).await;
                return if matches!(before, Ok(Some(Outcome::Done))) { Ok(Outcome::Done) } else { Err(fault) };
            }
            Err(fault) => return Err(fault),
        };
        self.buckets.take(&principal)?;
        draft.admitted(self.world.mono());
        let recall = recall_with(Arc::clone(&passed.allowed.grant().hidden));
        // What waited for a proof or in a queue may be late by now; from here on it is done.
        if let Err(late) = self.in_time(&request) {
            return self.recalled(recall.as_ref()).await?.ok_or(late);
        }
        let _listed = self.running.list(request.id, &principal, turn);
        let settle = Settling {
            store: Arc::clone(&self.store),
            world: Arc::clone(&self.world),
            recorder: Arc::clone(&self.recorder),
            draft: draft.clone(),
            recall: recall.as_ref().map(|(recall, _)| recall.clone()),
            turn: Arc::clone(turn),
            permit: std::mem::take(&mut request.permit),
        };
        // The leave is given back where it settles, not where the work behind it ends.
        let admitted = self.admit(request, passed, Box::new(settle), Permit::default());
        let keeper = self.keeper(&admitted.operation)?;
        let end = tokio::select! {
            biased;
            end = keeper.perform(admitted, progress) => end,
            () = turn.wait() => Err(stopped()),
        };
        if turn.is_settled() {
            return end;
        }
        // The same request may have been done before, or come in between: the name it wants, the revision it saw, the
        // thing itself or its key is taken by its own doing. Most are new, so nothing is looked up before they fail.
        match self.recalled(recall.as_ref()).await? {
            Some(before) => Ok(before),
            None => end.map_err(|fault| if fault.code == REPEATED { busy() } else { fault }),
        }
    }

    /// The answer of the same request, where it has a key and was done before.
    async fn recalled(&self, recall: Option<&(Recall, recall::Asked)>) -> Result<Option<Outcome>, Fault> {
        match recall {
            Some((recall, asked)) => recall.answer(&*self.store, &*self.look, &self.schema, asked).await,
            None => Ok(None),
        }
    }

    fn admit(&self, request: Request, passed: Passed, settle: Box<dyn Settle>, permit: Permit) -> Admitted {
        self.authority.admitted(
            passed.allowed,
            Admission {
                id: request.id,
                operation: request.operation,
                origin: request.origin,
                tenant: passed.tenant,
                deadline: request.deadline,
                patience: request.patience,
                settle,
                permit,
            },
        )
    }

    fn keeper(&self, operation: &Operation) -> Result<&Arc<dyn Keeper>, Fault> {
        let kept = |keeper: &&Arc<dyn Keeper>| operation.kind().is_some_and(|kind| keeper.kinds().contains(&kind));
        self.keepers.iter().find(kept).ok_or_else(|| Fault::internal("nobody keeps that kind"))
    }

    fn in_time(&self, request: &Request) -> Result<(), Fault> {
        if request.deadline.left(self.world.mono()).is_zero() { Err(expired()) } else { Ok(()) }
    }

    /// Waits until the target has another revision than `held`, at most `patience`, and not beyond the word to stop.
    async fn until_unlike(&self, tenant: &Name, target: &Ref, held: Revision, patience: Duration) {
        let Index::Name(name) = &target.index else { return };
        let key = DocKey { tenant: tenant.clone(), kind: target.kind.number, name: name.clone() };
        let mut watch = self.look.watch(&key);
        let change = async {
            while watch.now().is_some_and(|document| document.revision() == held) {
                if !watch.changed().await {
                    return;
                }
            }
        };
        let mut hurried = self.hurried.clone();
        tokio::select! {
            () = change => {}
            () = self.world.sleep(patience) => {}
            () = hurried.wait() => {}
        }
    }
}

fn expired() -> Fault {
    Fault::new(FaultKind::Expired, "deadline-passed", "the time for this request was over before it was begun")
}

fn busy() -> Fault {
    let text = "the same request is under way; ask again for its answer";
    Fault::new(FaultKind::Busy, "same-request-under-way", text).after(Duration::from_secs(1))
}
