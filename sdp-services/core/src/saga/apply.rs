//! What the end of a step changes: the order, its journal, the service, the resources, and a record, in one commit.

use std::sync::Arc;

use strowger_kinds::order::{self, item};
use strowger_kinds::{record, resource, service};
use strowger_primitive::{
    Check, DocKey, Document, Expect, Fault, Fields, Id, KindDecl, Log, Name, Op, Receipt, Revision, Value, common,
};

use super::course::{Event, Phase};
use super::step::Failure;
use super::words::{brief, cut, died, item_state, reason, text, word};
use super::{Course, Item, Journal, Part, Sort, journal_key, plan_key};
use crate::Core;
use crate::orders::{is_cancelling, made_by};

/// The end of a step of one item.
pub(super) struct Ended<'a> {
    pub(super) id: Id,
    pub(super) order: &'a DocKey,
    pub(super) item: &'a Item,
    /// The item's place in its plan.
    pub(super) at: usize,
    pub(super) event: Event,
    /// The part the step was about.
    pub(super) part: Option<&'a Part>,
    pub(super) receipt: Option<&'a Receipt>,
    pub(super) failure: Option<&'a Failure>,
    /// The journal's revision: whoever else has written it has taken the order over.
    pub(super) fence: Revision,
}

/// One commit, and how far the order is behind it. The journal is its first operation, the order its second.
pub(super) struct Change {
    pub(super) ops: Vec<Op>,
    pub(super) course: Course,
}

/// Why there is nothing to write.
pub(super) enum NoChange {
    /// A part died between its start and now.
    Died(Failure),
    /// The journal has no stored form.
    Unwritten(Fault),
}

impl Core {
    /// What `ended` changes of an order that is as `before`, and of the rest as it is now.
    pub(super) fn change(&self, ended: &Ended<'_>, before: &Document, course: &Course) -> Result<Change, NoChange> {
        let cancelling = is_cancelling(before);
        let mut after = course.clone();
        after.take(ended.at, ended.event, cancelling);
        let end = after.end(cancelling);
        let text = text(ended);

        let mut document = before.clone();
        self.write_order(&mut document, ended, &after, end, &text);
        let mut ops = match end {
            Some(_) => vec![Op::Forget { key: journal_key(ended.id), expect: Expect::Revision(ended.fence) }],
            None => vec![Op::Keep {
                key: journal_key(ended.id),
                expect: Expect::Revision(ended.fence),
                value: Journal::write(ended.order, &after)
                    .map_err(|error| NoChange::Unwritten(Fault::internal(error)))?,
                expires: None,
            }],
        };
        let expect = Expect::Revision(before.revision());
        ops.push(Op::Put { key: ended.order.clone(), expect, document });
        if end.is_some() {
            ops.push(Op::Forget { key: plan_key(ended.id), expect: Expect::Any });
        }
        let phase = after.0.get(ended.at).map_or(Phase::Failed, |stand| stand.phase);
        self.resource_ops(ended, phase, &mut ops)?;
        self.service_ops(ended, phase, &mut ops);
        ops.push(self.record(ended, before, &text));
        Ok(Change { ops, course: after })
    }

    fn write_order(&self, order: &mut Document, ended: &Ended<'_>, after: &Course, end: Option<u32>, text: &str) {
        let now = Value::Time(self.shelf.world.now().wall);
        let fields = &mut order.fields;
        if let Some(failure) = ended.failure.filter(|_| ended.event == Event::Failed) {
            fields.set_text(&order::FAULT, failure.code);
        }
        if let Some(Value::Rows(rows)) = fields.get_mut(order::ITEMS.number) {
            for (stand, (no, row)) in after.0.iter().zip(rows.iter_mut()) {
                row.set(&item::STATE, Value::Enum(item_state(stand.phase)));
                // Why an item failed stays to be read while it is undone.
                let reason_stands = matches!(ended.event, Event::Undone)
                    && !matches!(stand.phase, Phase::Cancelled | Phase::Cancelling);
                if *no == ended.item.no && !reason_stands {
                    row.set_text(&item::MESSAGE, brief(text));
                }
            }
        }
        fields.set(&order::STEPS_DONE, Value::Uint(after.done().into()));
        let told = match end {
            Some(order::COMPLETED) => "completed".to_owned(),
            Some(order::PARTIAL | order::FAILED) => reason(fields, ended.item.no).unwrap_or_else(|| text.to_owned()),
            Some(order::CANCELLED) => "cancelled; what was done is undone".to_owned(),
            Some(_) | None => text.to_owned(),
        };
        fields.set_text(&order::MESSAGE, brief(&told));
        let state = match end {
            Some(state) => state,
            None if fields.choice(&order::STATE) == Some(order::PENDING_CANCELLATION) => order::PENDING_CANCELLATION,
            None => order::IN_PROGRESS,
        };
        fields.set(&order::STATE, Value::Enum(state));
        fields.set(&common::UPDATED_AT, now.clone());
        if end.is_some() {
            fields.set(&order::COMPLETED_AT, now);
        }
    }

    fn resource_ops(&self, ended: &Ended<'_>, phase: Phase, ops: &mut Vec<Op>) -> Result<(), NoChange> {
        match (ended.event, ended.item.sort) {
            (Event::Stepped | Event::Renewed, Sort::Add) => {
                let parts = ended.part.map_or(ended.item.parts.as_slice(), std::slice::from_ref);
                for part in parts {
                    ops.extend(self.started(ended, part)?);
                }
            }
            (Event::Stepped, Sort::Remove) | (Event::Undone, _) => {
                ops.extend(ended.part.and_then(|part| self.removed(ended, part)))
            }
            (Event::Dropped, Sort::Add) if phase == Phase::Cancelled => {
                ops.extend(ended.item.parts.iter().filter_map(|part| self.removed(ended, part)));
            }
            (Event::Renewed, Sort::Remove) | (Event::Begun | Event::Failed | Event::Dropped, _) => {}
        }
        if matches!(ended.event, Event::Undone) && matches!(phase, Phase::Failed | Phase::Cancelled) {
            // Those behind the part that failed were never begun.
            let done = ended.part.map(|part| &part.step);
            let rest = ended.item.parts.iter().filter(|part| Some(&part.step) != done);
            ops.extend(rest.filter_map(|part| self.removed(ended, part)));
        }
        Ok(())
    }

    /// Whether what a provider says of a part is other than what its resource does.
    pub(super) fn is_news(&self, order: &DocKey, receipt: &Receipt) -> bool {
        self.there(&order.tenant, &resource::DECL, &receipt.step.0).is_some_and(|(_, before)| {
            let mut fields = before.fields.clone();
            write_receipt(&mut fields, receipt);
            fields != before.fields
        })
    }

    fn removed(&self, ended: &Ended<'_>, part: &Part) -> Option<Op> {
        let (key, _) = self.there(&ended.order.tenant, &resource::DECL, &part.step.0)?;
        Some(Op::Remove { key, expect: Expect::Any })
    }

    /// A part as its provider gave it, or as it was observed healthy.
    fn started(&self, ended: &Ended<'_>, part: &Part) -> Result<Option<Op>, NoChange> {
        let Some((key, before)) = self.there(&ended.order.tenant, &resource::DECL, &part.step.0) else {
            return Ok(None);
        };
        let mut document = Document::clone(&before);
        let fields = &mut document.fields;
        if before.fields.choice(&resource::OPERATIONAL_STATE) == Some(resource::DISABLE) {
            match (ended.event, ended.receipt) {
                // What died is the one before.
                (Event::Renewed, _) => {}
                // It is left to who looks whether it is healthy: there may be a reason to start it again.
                (_, Some(_)) => return Ok(None),
                (_, None) => return Err(NoChange::Died(died(part, &before))),
            }
            fields.set(&resource::STATUS, Value::Enum(resource::RESERVED));
            fields.remove(resource::OPERATIONAL_STATE.number);
        }
        if let Some(receipt) = ended.receipt {
            write_receipt(fields, receipt);
        } else {
            fields.set(&resource::STATUS, Value::Enum(resource::AVAILABLE));
            fields.set(&resource::OPERATIONAL_STATE, Value::Enum(resource::ENABLE));
        }
        fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
        Ok(Some(Op::Put { key, expect: Expect::Revision(before.revision()), document }))
    }

    fn service_ops(&self, ended: &Ended<'_>, phase: Phase, ops: &mut Vec<Op>) {
        let Some((key, before)) = self.there(&ended.order.tenant, &service::DECL, &ended.item.service) else { return };
        let expect = Expect::Revision(before.revision());
        if (phase, ended.item.sort) == (Phase::Completed, Sort::Remove) {
            ops.push(Op::Remove { key, expect });
            return;
        }
        let now = Value::Time(self.shelf.world.now().wall);
        let mut document = Document::clone(&before);
        let fields = &mut document.fields;
        match (phase, ended.item.sort) {
            (Phase::Completed, Sort::Add) => {
                fields.set(&service::STATE, Value::Enum(service::ACTIVE));
                fields.set_text(&service::MESSAGE, "");
                if let Some(endpoint) = self.endpoint(ended) {
                    fields.set_text(&service::ENDPOINT, endpoint);
                }
                if !ended.item.parts.is_empty() {
                    fields.set(&service::HEALTH, Value::Enum(service::UP));
                    fields.set(&service::HEALTH_SINCE, now.clone());
                }
            }
            (Phase::Failed | Phase::Cancelled, Sort::Add) => {
                fields.set(&service::STATE, Value::Enum(service::TERMINATED));
                fields.set(&service::HEALTH, Value::Enum(service::UNKNOWN));
                for gone in [&service::ENDPOINT, &service::HEALTH_SINCE, &service::PROVIDER] {
                    fields.remove(gone.number);
                }
                if phase == Phase::Cancelled {
                    fields.set_text(&service::MESSAGE, format!("order {} was cancelled", ended.order.name));
                }
            }
            (Phase::Failed | Phase::Cancelled, Sort::Remove) => {
                fields.set(&service::STATE, Value::Enum(self.was(ended, &before)));
                fields.set_text(&service::MESSAGE, ended.failure.map_or("", |failure| brief(&failure.public)));
                let health = match fields.choice(&service::HEALTH) {
                    Some(service::UP) if self.died(ended) => Some(service::DOWN),
                    // Some of it may be stopped already, or half.
                    Some(service::UP) if phase == Phase::Failed => Some(service::UNKNOWN),
                    Some(_) | None => None,
                };
                if let Some(health) = health {
                    fields.set(&service::HEALTH, Value::Enum(health));
                    fields.set(&service::HEALTH_SINCE, now.clone());
                }
            }
            (Phase::Doing | Phase::Failing | Phase::Cancelling, _) => {
                let begun = !(ended.event == Event::Begun && ended.item.sort == Sort::Add);
                if begun {
                    fields.set(&service::STATE, Value::Enum(service::INACTIVE));
                }
                if let Some(failure) = ended.failure.filter(|_| ended.event == Event::Failed) {
                    fields.set_text(&service::MESSAGE, brief(&failure.public));
                }
            }
            (Phase::Waiting, _) | (Phase::Completed, Sort::Remove) => {}
        }
        if document != *before {
            document.fields.set(&common::UPDATED_AT, now);
            ops.push(Op::Put { key, expect, document });
        }
    }

    /// What a service was before its end was ordered: whether the order that made it did.
    fn was(&self, ended: &Ended<'_>, service: &Document) -> u32 {
        let maker = service.fields.text(&service::ORDER).and_then(|name| Name::of_text(name).ok());
        let maker = maker.and_then(|name| self.there(&ended.order.tenant, &order::DECL, &name));
        let made = maker.is_some_and(|(_, maker)| {
            let no = service.fields.text(&common::NAME).and_then(|name| made_by(&maker, name));
            let row = no.and_then(|no| maker.fields.rows(&order::ITEMS)?.get(&no));
            row.is_some_and(|row| row.choice(&item::STATE) == Some(order::COMPLETED))
        });
        if made { service::ACTIVE } else { service::TERMINATED }
    }

    /// Whether a part of the item died: while an order has a service in its hands, nobody else tells of it.
    fn died(&self, ended: &Ended<'_>) -> bool {
        ended.item.parts.iter().any(|part| {
            let resource = self.there(&ended.order.tenant, &resource::DECL, &part.step.0);
            let state = resource.and_then(|(_, resource)| resource.fields.choice(&resource::OPERATIONAL_STATE));
            state == Some(resource::DISABLE)
        })
    }

    /// Where the service is reached: the first port of its first part that has one.
    fn endpoint(&self, ended: &Ended<'_>) -> Option<String> {
        let part = ended.item.parts.iter().find(|part| !part.component.ports.is_empty())?;
        let port = part.component.ports.first()?;
        let (_, resource) = self.there(&ended.order.tenant, &resource::DECL, &part.step.0)?;
        let address = resource.fields.map(&resource::ENDPOINTS)?.get(port)?;
        Some(match part.component.health.check {
            Some(Check::Http(_)) => format!("http://{address}/"),
            Some(Check::Tcp | Check::Command(_)) | None => format!("tcp://{address}"),
        })
    }

    fn there(&self, tenant: &Name, kind: &'static KindDecl, name: &Name) -> Option<(DocKey, Arc<Document>)> {
        let document = self.shelf.look.get(tenant, kind, name.as_str())?;
        Some((DocKey { tenant: tenant.clone(), kind: kind.number, name: name.clone() }, document))
    }

    fn record(&self, ended: &Ended<'_>, order: &Document, text: &str) -> Op {
        let mut record = self.scribe.step(&*self.shelf.world, &ended.order.tenant, order);
        let fields = &mut record.fields;
        fields.set_text(&record::OPERATION, word(ended));
        fields.set_text(&record::KIND, order::DECL.name);
        fields.set(&record::OBJECT, Value::Text(ended.order.name.text()));
        fields.set_text(&record::MESSAGE, brief(text));
        match ended.failure {
            None => fields.set_text(&record::OUTCOME, "done"),
            Some(failure) => {
                fields.set_text(&record::OUTCOME, failure.kind.word());
                fields.set_text(&record::FAULT, failure.code);
                if let Some(cause) = &failure.cause {
                    fields.set_text(&record::CAUSE, cut(cause, 1_024));
                }
            }
        }
        Op::Append { log: Log::AUDIT, record }
    }
}

/// What a provider says of a part that runs, written into its resource: how one before it ended is told no more.
pub(crate) fn write_receipt(fields: &mut Fields, receipt: &Receipt) {
    fields.remove(resource::EXIT_STATUS.number);
    fields.remove(resource::MESSAGE.number);
    fields.set(&resource::PID, receipt.pid.map_or(Value::Text("".into()), |pid| Value::Uint(pid.into())));
    fields.set_text(&resource::WORKSPACE, cut(&receipt.place, 1_024));
    if receipt.endpoints.is_empty() {
        fields.remove(resource::ENDPOINTS.number);
    } else {
        fields.set(&resource::ENDPOINTS, Value::Map(receipt.endpoints.iter().cloned().collect()));
    }
}
