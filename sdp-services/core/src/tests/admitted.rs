//! Admitted requests, as the pipeline makes them.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::record;
use strowger_primitive::{
    Admission, Admitted, BoxFuture, Committed, DocKey, Document, Fault, Grant, Id, Log, Name, Op, Operation, Origin,
    Peer, Permit, Principal, Revision, Scope, Settle, Store, Transport, World, authorities,
};

/// Who asks, and how long it waits.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    pub(super) tenant: &'static str,
    pub(super) name: &'static str,
    pub(super) scope: Scope,
    pub(super) patience: Duration,
}

pub(super) const ALICE: Asker =
    Asker { tenant: "acme", name: "alice", scope: Scope::All, patience: Duration::from_secs(3_600) };

struct Ends(Arc<dyn Store>);

impl Settle for Ends {
    fn settle(&mut self, mut ops: Vec<Op>, _: Option<DocKey>) -> BoxFuture<'_, Result<Committed, Fault>> {
        ops.push(Op::Append { log: Log::AUDIT, record: Document::new(&record::DECL) });
        let commit = self.0.commit(ops);
        Box::pin(async move { Ok(commit.await?) })
    }
}

/// `operation`, asked by that one, about things of the tenant `about`.
pub(super) fn admitted(
    store: Arc<dyn Store>,
    world: &dyn World,
    asker: Asker,
    about: &str,
    operation: Operation,
) -> Admitted {
    let authorities = authorities();
    let principal = Arc::new(Principal {
        tenant: Name::new(asker.tenant).unwrap(),
        name: Name::new(asker.name).unwrap(),
        roles: Box::new([]),
        revision: Revision(1),
        method: "password",
        until: None,
    });
    let known = authorities.security.known(principal);
    let grant = Grant { scope: asker.scope, hidden: Arc::from([]), policies: Arc::from([]) };
    let now = world.now();
    let deadline = strowger_primitive::Deadline(now.mono + Duration::from_secs(7_200));
    let peer = Peer { address: ([127, 0, 0, 1], 9).into(), listener: "test".into(), transport: Transport::Tcp };
    let with = Admission {
        id: Id::new(world, now),
        operation,
        origin: Origin { protocol: "test", peer, transport: Transport::Tcp },
        tenant: Name::new(about).unwrap(),
        deadline,
        patience: asker.patience,
        settle: Box::new(Ends(store)),
        permit: Permit::default(),
    };
    authorities.pipeline.admitted(authorities.security.allowed(known, grant), with)
}
