//! Services: making and ending one directly is an order of one item that is written here.

use std::sync::Arc;

use strowger_kinds::order::{self, item};
use strowger_kinds::service;
use strowger_primitive::{
    Admitted, DocKey, Document, Fault, FaultKind, Fields, Outcome, Progress, Ref, Revision, Rows, Shown, Text, Value,
    common,
};

use crate::Core;
use crate::orders::{Draft, Placed, Wait, Wanted, What, one_item, state};

impl Core {
    /// Answers with the service: made, or as it stands while its order goes on or has failed.
    pub(crate) async fn create_service(
        &self,
        mut work: Admitted,
        document: Document,
        progress: &Progress,
    ) -> Result<Outcome, Fault> {
        let (service, document) = self.shelf.made(&work, document)?;
        let offer: Text = document.fields.text(&service::OFFER).cloned().unwrap_or_else(|| "".into());
        let parameters = document.fields.map(&service::PARAMETERS).cloned().unwrap_or_default();
        let label = document.fields.text(&common::LABEL).cloned();
        let rows = one_item(&offer, &parameters, &service.name);
        let what = What::Add { offer, parameters, label };
        let wanted = Wanted { no: 1, placed: Placed::Top, service: service.name.clone(), what };
        let draft = self.own_order(&work, rows, wanted)?;
        let order_key = draft.key.clone();
        let accepted = self.accept(&mut work, draft).await?;
        let order = self.await_end(&order_key, accepted.order, Wait::of(&work), progress).await;
        let now = self.shelf.look.get(&service.tenant, &service::DECL, service.name.as_str());
        let document = now.or(accepted.service).ok_or_else(|| Fault::internal("the commit lost a service"))?;
        let shown = Shown { document, hidden: Arc::clone(&work.grant.hidden) };
        Ok(if order::ended(state(&order)) { Outcome::Created(shown) } else { Outcome::Accepted(shown) })
    }

    /// Answers that it is done where it was in time, else with the service as it stands while its order goes on.
    ///
    /// # Errors
    /// `Upstream` where it could not be stopped: it is as it was.
    pub(crate) async fn delete_service(
        &self,
        mut work: Admitted,
        target: &Ref,
        only: Option<Revision>,
        progress: &Progress,
    ) -> Result<Outcome, Fault> {
        let (service, _) = self.shelf.target(&work, target)?;
        let mut row = Fields::default();
        row.set(&item::ACTION, Value::Enum(order::DELETE));
        row.set(&item::SERVICE, Value::Text(service.name.text()));
        let name = service.name.clone();
        let wanted = Wanted { no: 1, placed: Placed::Top, service: name.clone(), what: What::Remove };
        let draft = self.own_order(&work, Rows::from([(1, row)]), wanted)?;
        let order_key = draft.key.clone();
        let accepted = self.accept_only(&mut work, draft, only).await?;
        let order = self.await_end(&order_key, accepted.order, Wait::of(&work), progress).await;
        let now = self.shelf.look.get(&service.tenant, &service::DECL, name.as_str());
        match (state(&order), now) {
            (order::COMPLETED, _) | (_, None) => Ok(Outcome::Done),
            (state, Some(_)) if order::ended(state) => {
                let why = order.fields.text(&order::MESSAGE).map_or("it could not be stopped", |text| text);
                Err(Fault::new(FaultKind::Upstream, "not-ended", format!("service \"{name}\" goes on: {why}")))
            }
            (_, Some(document)) => Ok(Outcome::Accepted(Shown { document, hidden: Arc::clone(&work.grant.hidden) })),
        }
    }

    fn own_order(&self, work: &Admitted, rows: Rows, wanted: Wanted) -> Result<Draft, Fault> {
        let mut order = Document::new(&order::DECL);
        order.fields.set(&order::ITEMS, Value::Rows(rows));
        let (key, order): (DocKey, Document) =
            self.shelf.stamp(&work.tenant, work.principal.maker(&work.tenant), order)?;
        Ok(Draft { key, order, wanted: vec![wanted] })
    }
}
