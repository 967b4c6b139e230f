//! Accepts an order: everything it comes to is one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::order::{self, item};
use strowger_kinds::{resource, service};
use strowger_primitive::{
    Admitted, DocKey, Document, Expect, Fault, FaultKind, Op, Path, Revision, Scope, Text, Value, common,
};

use super::judge::{Asker, Judged};
use super::{Placed, Wanted, What};
use crate::Core;
use crate::saga::{Course, Journal, Plan, Saga, journal_key, plan_key};

/// Fields that every new service has once it is stored.
const ALWAYS: usize = 10;

/// How often an order is judged anew when what it was judged by changed before it was stored.
const TRIES: u32 = 16;

/// An order that is to be accepted.
pub(crate) struct Draft {
    pub(crate) key: DocKey,
    /// Stamped, with its items.
    pub(crate) order: Document,
    pub(crate) wanted: Vec<Wanted>,
}

/// What was accepted.
pub(crate) struct Accepted {
    pub(crate) order: Arc<Document>,
    /// The service of its one item, as it is after the commit; `None` where it is ended already or there are several.
    pub(crate) service: Option<Arc<Document>>,
}

impl Core {
    /// Judges and stores an order; what takes time is carried out by a task of its own from here on.
    ///
    /// # Errors
    /// Everything wrong with any item, too many orders in flight, or the store's.
    pub(crate) async fn accept(&self, work: &mut Admitted, draft: Draft) -> Result<Accepted, Fault> {
        self.accept_only(work, draft, None).await
    }

    /// Likewise, where the service to end must still be at that revision.
    pub(crate) async fn accept_only(
        &self,
        work: &mut Admitted,
        draft: Draft,
        only: Option<Revision>,
    ) -> Result<Accepted, Fault> {
        let id = draft.order.id().ok_or_else(|| Fault::internal("an order without identifier"))?;
        let principal = Arc::clone(&work.principal);
        let own = (work.grant.scope == Scope::Own).then(|| principal.maker(&draft.key.tenant));
        let taken = || self.shelf.look.get(&draft.key.tenant, &order::DECL, draft.key.name.as_str()).is_some();
        for again in 0..TRIES {
            let asker = Asker { tenant: &draft.key.tenant, own: own.as_deref(), only };
            let judged = self.judge(&asker, id, &draft.wanted);
            // The commit tells of a new order whether its name is taken; until then it need not be looked for.
            if (again > 0 || judged.is_err()) && taken() {
                return Err(name_taken(&draft.key));
            }
            let judged = judged?;
            let instant = judged.iter().all(|judged| judged.item.parts.is_empty());
            let full = |full| if taken() { name_taken(&draft.key) } else { full };
            let seat = if instant { None } else { Some(self.flight.seat(id).map_err(full)?) };
            let course = Course::new(judged.iter().map(|judged| (judged.item.sort, judged.item.count())));
            let mut ops = vec![Op::Put {
                key: draft.key.clone(),
                expect: Expect::Absent,
                document: self.accepted_order(&draft.order, &course, instant),
            }];
            for judged in &judged {
                self.item_ops(judged, &draft, instant, &mut ops)?;
            }
            let plan = Plan(judged.into_iter().map(|judged| judged.item).collect());
            if !instant {
                let (key, value) = (plan_key(id), plan.write().map_err(too_large)?);
                ops.push(Op::Keep { key, expect: Expect::Absent, value, expires: None });
                let (key, value) = (journal_key(id), Journal::write(&draft.key, &course).map_err(Fault::internal)?);
                ops.push(Op::Keep { key, expect: Expect::Absent, value, expires: None });
            }
            let about = about(&draft);
            let doubt = self.flight.doubting();
            let settled = work.settle(ops, Some(about)).await;
            if instant || settled.as_ref().err().is_none_or(|fault| fault.code != "store-failed") {
                doubt.dispel();
            }
            match settled {
                Ok(done) => {
                    if let Some(seat) = seat {
                        let (order, plan, fence) = (draft.key.clone(), Arc::new(plan), done.revision);
                        self.carry_out(Saga { id, order, plan, course, fence, seat, again: BTreeMap::new() });
                    }
                    let mut documents = done.documents.into_iter();
                    let order = documents.next().ok_or_else(|| Fault::internal("the commit lost a document"))?;
                    let service = documents.next().filter(|d| *d.kind == service::DECL && draft.wanted.len() == 1);
                    return Ok(Accepted { order, service });
                }
                Err(fault) if fault.code == "stale" => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::new(FaultKind::Busy, "too-many-changes", "what this order speaks of is changed too often just now")
            .after(Duration::from_secs(1)))
    }

    fn accepted_order(&self, draft: &Document, course: &Course, instant: bool) -> Document {
        // Its revision, and what follows.
        let mut order = Document { kind: draft.kind, fields: draft.fields.copy_with_room(5) };
        let (state, done) = if instant { (order::COMPLETED, course.of()) } else { (order::ACKNOWLEDGED, 0) };
        order.fields.set(&order::STATE, Value::Enum(state));
        order.fields.set(&order::STEPS, Value::Uint(course.of().into()));
        order.fields.set(&order::STEPS_DONE, Value::Uint(done.into()));
        if instant {
            order.fields.set(&order::COMPLETED_AT, Value::Time(self.shelf.world.now().wall));
        }
        if let Some(Value::Rows(rows)) = order.fields.get_mut(order::ITEMS.number) {
            for row in rows.values_mut() {
                row.set(&item::STATE, Value::Enum(state));
            }
        }
        order
    }

    /// What an item changes when its order is accepted: a new service and its resources, reserved; or the one that is
    /// to end, out of use.
    fn item_ops(&self, judged: &Judged<'_>, draft: &Draft, instant: bool, ops: &mut Vec<Op>) -> Result<(), Fault> {
        let (key, expect) = (judged.key.clone(), judged.expect());
        match &judged.wanted.what {
            What::Add { offer, label, parameters } => {
                let document = self.new_service(judged, draft, offer, label.as_ref(), parameters, instant)?;
                ops.push(Op::Put { key, expect, document });
                self.reserve_parts(judged, draft, ops)
            }
            What::Remove if instant => {
                ops.push(Op::Remove { key, expect });
                Ok(())
            }
            What::Remove => {
                let mut document =
                    judged.before.as_deref().map_or_else(|| Document::new(&service::DECL), Document::clone);
                document.fields.set(&service::STATE, Value::Enum(service::INACTIVE));
                document.fields.set_text(&service::MESSAGE, format!("is ended by order {}", draft.key.name));
                document.fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
                ops.push(Op::Put { key, expect, document });
                Ok(())
            }
        }
    }

    fn new_service(
        &self,
        judged: &Judged<'_>,
        draft: &Draft,
        offer: &Text,
        label: Option<&Text>,
        given: &BTreeMap<Text, Text>,
        instant: bool,
    ) -> Result<Document, Fault> {
        // Empty values that only fill gaps for the provider are nobody's parameters.
        let shown = judged.item.values.iter().filter(|(key, value)| !value.is_empty() || given.contains_key(*key));
        let shown: BTreeMap<Text, Text> = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
        let provider = judged.item.parts.first().map(|part| part.provider.text());
        let some = usize::from(label.is_some()) + usize::from(!shown.is_empty()) + usize::from(provider.is_some());
        let mut fresh = Document::with_room(&service::DECL, ALWAYS + some);
        fresh.fields.set(&common::NAME, Value::Text(judged.key.name.text()));
        let by = draft.order.created_by().cloned().unwrap_or_default();
        let (_, mut fresh) = self.shelf.stamp(&judged.key.tenant, by, fresh)?;
        let fields = &mut fresh.fields;
        if let Some(label) = label {
            fields.set(&common::LABEL, Value::Text(label.clone()));
        }
        fields.set(&service::OFFER, Value::Text(offer.clone()));
        if !shown.is_empty() {
            fields.set(&service::PARAMETERS, Value::Map(shown));
        }
        fields.set(&service::ORDER, Value::Text(draft.key.name.text()));
        let state = if instant { service::ACTIVE } else { service::RESERVED };
        fields.set(&service::STATE, Value::Enum(state));
        fields.set(&service::HEALTH, Value::Enum(service::UNKNOWN));
        if let Some(provider) = provider {
            fields.set(&service::PROVIDER, Value::Text(provider));
        }
        Ok(fresh)
    }

    fn reserve_parts(&self, judged: &Judged<'_>, draft: &Draft, ops: &mut Vec<Op>) -> Result<(), Fault> {
        for part in &judged.item.parts {
            let mut fresh = Document::new(&resource::DECL);
            fresh.fields.set(&common::NAME, Value::Text(part.step.0.text()));
            let by = draft.order.created_by().cloned().unwrap_or_default();
            let (key, mut document) = self.shelf.stamp(&judged.key.tenant, by, fresh)?;
            let fields = &mut document.fields;
            fields.set(&resource::STATUS, Value::Enum(resource::RESERVED));
            fields.set(&resource::SERVICE, Value::Text(judged.key.name.text()));
            fields.set(&resource::COMPONENT, Value::Text(part.component.name.clone()));
            fields.set(&resource::PROVIDER, Value::Text(part.provider.text()));
            ops.push(Op::Put { key, expect: Expect::Absent, document });
        }
        Ok(())
    }
}

fn too_large(why: impl std::fmt::Display) -> Fault {
    let text = format!("{why}; order fewer services at once, or make the offer's files smaller");
    Fault::new(FaultKind::TooLarge, "order-too-large", text)
}

/// What the answer speaks of: the service that was asked for directly, else the order.
fn about(draft: &Draft) -> DocKey {
    let direct = draft.order.fields.get(&order::OFFER).is_none();
    match draft.wanted.first().filter(|wanted| direct && wanted.placed == Placed::Top) {
        Some(wanted) => {
            DocKey { tenant: draft.key.tenant.clone(), kind: service::DECL.number, name: wanted.service.clone() }
        }
        None => draft.key.clone(),
    }
}

fn name_taken(key: &DocKey) -> Fault {
    Fault::new(FaultKind::Conflict, "name-taken", format!("there is already an order \"{}\"", key.name))
        .at(Path::whole(common::NAME.number), "is taken")
}
