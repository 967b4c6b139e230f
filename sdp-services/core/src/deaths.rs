//! What dies by itself: its resource and its service say so, and a record. What was healthy is not started again.

use std::sync::Arc;

use strowger_kinds::{record, resource, service};
use strowger_primitive::{
    Changes, CommitError, DocKey, Document, Expect, FoundState, Log, Name, Op, StepId, Stop, Value, common,
};

use crate::Core;
use crate::saga::brief;

impl Core {
    /// Reads what a provider tells, until it tells no more or the gateway stops.
    pub(crate) async fn hear(self: Arc<Self>, mut changes: Changes, mut stop: Stop) {
        loop {
            let found = tokio::select! {
                biased;
                () = stop.wait() => return,
                found = changes.recv() => found,
            };
            let Some(found) = found else { return };
            match &found.state {
                FoundState::Ended(status) => self.bury_soon(&found.receipt.step, found.receipt.pid, *status).await,
                FoundState::Running => {}
            }
        }
    }

    /// Writes down that a part has ended, as soon as it can be stored.
    async fn bury_soon(&self, step: &StepId, pid: Option<u32>, status: Option<i32>) {
        for no in 1.. {
            let Err(error) = self.bury(step, pid, status).await else { return };
            not_stored(step, &error);
            let mut halt = self.halt.clone();
            tokio::select! {
                biased;
                // The next start sees it by itself.
                () = halt.wait() => return,
                () = self.shelf.world.sleep(self.options.pause(no)) => {}
            }
        }
    }

    /// Likewise, now or not at all. What belongs to nobody, or ended before it was started again, is nobody's loss.
    /// Returns whether it was news.
    pub(crate) async fn bury(&self, step: &StepId, pid: Option<u32>, status: Option<i32>) -> Result<bool, CommitError> {
        let Some(tenant) = self.owners.tenant(step) else { return Ok(false) };
        let Some(ops) = self.burial(&tenant, step, pid, status) else { return Ok(false) };
        self.store.commit(ops).await?;
        self.own(&tenant, step);
        Ok(true)
    }

    fn resource(&self, tenant: &Name, step: &StepId) -> Option<Arc<Document>> {
        self.shelf.look.get(tenant, &resource::DECL, step.0.as_str())
    }

    fn burial(&self, tenant: &Name, step: &StepId, pid: Option<u32>, status: Option<i32>) -> Option<Vec<Op>> {
        let before = self.resource(tenant, step)?;
        let known = before.fields.uint(&resource::PID);
        let another = pid.is_some_and(|pid| known.is_some_and(|known| known != u64::from(pid)));
        if another || before.fields.choice(&resource::OPERATIONAL_STATE) == Some(resource::DISABLE) {
            return None;
        }
        let now = Value::Time(self.shelf.world.now().wall);
        let component = before.fields.text(&resource::COMPONENT).map_or("", |c| &**c);
        let how = status.map_or_else(|| "is gone".to_owned(), |status| format!("ended with status {status}"));
        let text = format!("component {component} {how}");
        let mut document = Document::clone(&before);
        let fields = &mut document.fields;
        fields.set(&resource::STATUS, Value::Enum(resource::ALARM));
        fields.set(&resource::OPERATIONAL_STATE, Value::Enum(resource::DISABLE));
        fields.set_text(&resource::MESSAGE, brief(&text));
        fields.remove(resource::PID.number);
        if let Some(status) = status {
            fields.set(&resource::EXIT_STATUS, Value::Int(status));
        }
        fields.set(&common::UPDATED_AT, now.clone());
        let key = DocKey { tenant: tenant.clone(), kind: resource::DECL.number, name: step.0.clone() };
        let mut ops = vec![Op::Put { key, expect: Expect::Revision(before.revision()), document }];
        let service = before.fields.text(&resource::SERVICE).and_then(|name| Name::of_text(name).ok());
        if let Some(service) = &service {
            ops.extend(self.downed(tenant, service, &text, &now));
        }
        ops.push(self.death_record(tenant, service.as_ref(), &before, &text));
        Some(ops)
    }

    /// A service in an order's hands is told of by its order.
    fn downed(&self, tenant: &Name, name: &Name, text: &str, now: &Value) -> Option<Op> {
        let before = self.shelf.look.get(tenant, &service::DECL, name.as_str())?;
        if before.fields.choice(&service::STATE) != Some(service::ACTIVE) {
            return None;
        }
        let mut document = Document::clone(&before);
        let fields = &mut document.fields;
        if fields.choice(&service::HEALTH) != Some(service::DOWN) {
            fields.set(&service::HEALTH, Value::Enum(service::DOWN));
            fields.set(&service::HEALTH_SINCE, now.clone());
        }
        fields.set_text(&service::MESSAGE, brief(text));
        fields.set(&common::UPDATED_AT, now.clone());
        let key = DocKey { tenant: tenant.clone(), kind: service::DECL.number, name: name.clone() };
        Some(Op::Put { key, expect: Expect::Revision(before.revision()), document })
    }

    fn death_record(&self, tenant: &Name, service: Option<&Name>, resource: &Document, text: &str) -> Op {
        let mut record = self.scribe.step(&*self.shelf.world, tenant, resource);
        let fields = &mut record.fields;
        fields.set_text(&record::OPERATION, "death");
        fields.set_text(&record::KIND, service::DECL.name);
        if let Some(service) = service {
            fields.set(&record::OBJECT, Value::Text(service.text()));
        }
        fields.set_text(&record::OUTCOME, "done");
        fields.set_text(&record::MESSAGE, brief(text));
        Op::Append { log: Log::AUDIT, record }
    }
}

/// What was seen of a part is written down later. That something else changed it just now is nobody's trouble.
pub(crate) fn not_stored(step: &StepId, error: &CommitError) {
    match error {
        CommitError::Conflict { .. } => tracing::debug!(step = %step.0, "changed meanwhile"),
        CommitError::Busy | CommitError::Full | CommitError::Failed(_) => {
            tracing::warn!(step = %step.0, %error, "what was seen of a part is not stored yet");
        }
    }
}
