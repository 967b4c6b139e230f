//! Judges every item of an order against what is there now.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_kinds::{offer, order, resource, service};
use strowger_primitive::{
    DocKey, Document, Expect, Fault, FaultKind, Fields, Flaw, Id, Index, Name, Path, Place, Ref, Revision, Text,
    common, not_found,
};

use super::{Wanted, What, has_ended};
use crate::Core;
use crate::broker::{self, Need};
use crate::catalogue::{components, orderable, parameter, to_stop};
use crate::saga::{Item, Part, Sort, step_id};

/// An item that can be carried out.
pub(super) struct Judged<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) key: DocKey,
    /// The service as it is there; of one that is added: what it replaces.
    pub(super) before: Option<Arc<Document>>,
    pub(super) item: Item,
}

impl Judged<'_> {
    /// What must hold of the service for this judgement to stand.
    pub(super) fn expect(&self) -> Expect {
        self.before.as_ref().map_or(Expect::Absent, |before| Expect::Revision(before.revision()))
    }
}

/// Who asks, of what is judged.
pub(super) struct Asker<'a> {
    pub(super) tenant: &'a Name,
    /// Where only a principal's own services may be ended: which principal's.
    pub(super) own: Option<&'a str>,
    /// The one service to end must still be at that revision.
    pub(super) only: Option<Revision>,
}

/// All that is wrong. The first that is more than a wrong field names the fault.
#[derive(Default)]
struct Wrong {
    first: Option<Fault>,
    at: Vec<Flaw>,
}

impl Wrong {
    fn field(&mut self, path: Path, why: impl Into<String>) {
        self.at.push(Flaw { place: Place::Field(path), why: why.into() });
    }

    fn fault(&mut self, fault: Fault, path: Path) {
        self.field(path, &*fault.public);
        self.first.get_or_insert(fault);
    }
}

impl Core {
    /// Judges all items of the order `id`.
    ///
    /// # Errors
    /// Everything wrong with any of them, at once.
    pub(super) fn judge<'a>(&self, asker: &Asker<'_>, id: Id, wanted: &'a [Wanted]) -> Result<Vec<Judged<'a>>, Fault> {
        let mut wrong = Wrong::default();
        let mut judged = Vec::with_capacity(wanted.len());
        for (i, one) in wanted.iter().enumerate() {
            if wanted.iter().take(i).any(|before| before.service == one.service) {
                wrong.field(one.service_path(), "is the service of another item of this order");
                continue;
            }
            let found = match &one.what {
                What::Add { offer, parameters, .. } => self.judge_add(asker, id, one, offer, parameters, &mut wrong),
                What::Remove => self.judge_remove(asker, one, &mut wrong),
            };
            judged.extend(found);
        }
        match wrong.first {
            Some(fault) => Err(Fault { at: wrong.at, ..fault }),
            None if !wrong.at.is_empty() => Err(Fault::flaws(wrong.at)),
            None => Ok(judged),
        }
    }

    fn judge_add<'a>(
        &self,
        asker: &Asker<'_>,
        id: Id,
        wanted: &'a Wanted,
        offer: &Text,
        parameters: &BTreeMap<Text, Text>,
        wrong: &mut Wrong,
    ) -> Option<Judged<'a>> {
        let flaws_before = wrong.at.len();
        let key = service_key(asker.tenant, &wanted.service);
        let before = self.shelf.look.get(asker.tenant, &service::DECL, wanted.service.as_str());
        if before.as_ref().is_some_and(|there| there.fields.choice(&service::STATE) != Some(service::TERMINATED)) {
            let text = format!("there is already a service \"{}\"", wanted.service);
            wrong.fault(Fault::new(FaultKind::Conflict, "name-taken", text), wanted.service_path());
        }
        let Some((_, offered)) = self.shelf.see(asker.tenant, &offer::DECL, offer) else {
            let fault = self.shelf.missing(asker.tenant, &offer::DECL, offer);
            wrong.fault(fault, wanted.offer_path());
            return None;
        };
        if !orderable(&offered) {
            let state = offered.fields.choice(&offer::STATE).and_then(|n| offer::STATES.name_of(n));
            let text = format!(
                "offer \"{offer}\" is {}; only an active or launched one can be ordered",
                state.unwrap_or("unknown")
            );
            wrong.fault(Fault::new(FaultKind::Conflict, "offer-not-orderable", text), wanted.offer_path());
        }
        let mut values = match parameter::values(&offered, parameters) {
            Ok(values) => values,
            Err(flaws) => {
                for (parameter, why) in flaws {
                    let (path, why) = wanted.parameter_flaw(&parameter, &why);
                    wrong.field(path, why);
                }
                BTreeMap::new()
            }
        };
        let mut parts = Vec::new();
        for (position, (runs, component)) in components(&offered).into_iter().enumerate() {
            let need = Need { runs, component: &component, tenant: asker.tenant };
            let chosen = broker::choose(&self.providers, &need).map(|provider| provider.card().name.clone());
            match (chosen, step_id(id, wanted.no, position)) {
                (Ok(provider), Ok(step)) => parts.push(Part { step, provider, component }),
                (Err(fault), _) => wrong.fault(fault, wanted.offer_path()),
                (Ok(_), Err(bad)) => wrong.fault(Fault::internal(bad), wanted.offer_path()),
            }
        }
        if wrong.at.len() > flaws_before {
            return None;
        }
        if !parts.is_empty() {
            fill_up(&offered, &mut values);
        }
        let item = Item { no: wanted.no, sort: Sort::Add, service: wanted.service.clone(), values, parts };
        Some(Judged { wanted, key, before, item })
    }

    fn judge_remove<'a>(&self, asker: &Asker<'_>, wanted: &'a Wanted, wrong: &mut Wrong) -> Option<Judged<'a>> {
        let key = service_key(asker.tenant, &wanted.service);
        let there = self.shelf.look.get(asker.tenant, &service::DECL, wanted.service.as_str());
        let mine = |there: &Document| asker.own.is_none_or(|own| there.created_by().is_some_and(|by| **by == *own));
        let Some(there) = there.filter(|there| mine(there)) else {
            let fault = match asker.own {
                // The nearest name may be somebody else's.
                Some(_) => {
                    not_found(asker.tenant, &Ref { kind: &service::DECL, index: Index::Name(wanted.service.clone()) })
                }
                None => self.shelf.missing(asker.tenant, &service::DECL, wanted.service.as_str()),
            };
            wrong.fault(fault, wanted.service_path());
            return None;
        };
        if asker.only.is_some_and(|only| only != there.revision()) {
            let text = format!("it is at revision {} now; read it again", there.revision().0);
            wrong.fault(Fault::new(FaultKind::Precondition, "revision-changed", text), wanted.service_path());
            return None;
        }
        if let Some(text) = self.busy(asker.tenant, &there) {
            wrong.fault(Fault::new(FaultKind::Busy, "service-busy", text), wanted.service_path());
            return None;
        }
        let parts = self.parts_of(asker.tenant, &there);
        let item =
            Item { no: wanted.no, sort: Sort::Remove, service: wanted.service.clone(), values: BTreeMap::new(), parts };
        Some(Judged { wanted, key, before: Some(there), item })
    }

    /// Whose work a service is in just now.
    fn busy(&self, tenant: &Name, there: &Document) -> Option<String> {
        let (state, name) = (there.fields.choice(&service::STATE), there.name()?);
        if matches!(state, Some(service::RESERVED | service::INACTIVE)) {
            return Some(format!("an order is working on service \"{name}\"; wait for its end"));
        }
        let maker = there.fields.text(&service::ORDER)?;
        let order = self.shelf.look.get(tenant, &order::DECL, maker)?;
        let works = state == Some(service::ACTIVE) && !has_ended(&order);
        works.then(|| format!("order \"{maker}\", which makes service \"{name}\", has not ended"))
    }

    /// What runs for a service. Its resources are named by the order that made it, without a gap.
    fn parts_of(&self, tenant: &Name, there: &Document) -> Vec<Part> {
        let (Some(name), Some(maker)) = (there.fields.text(&common::NAME), there.fields.text(&service::ORDER)) else {
            return Vec::new();
        };
        let order = self.shelf.look.get(tenant, &order::DECL, maker);
        let Some((id, no)) = order.and_then(|order| Some((order.id()?, made_by(&order, name)?))) else {
            return Vec::new();
        };
        let offered = there.fields.text(&service::OFFER).and_then(|offer| self.shelf.see(tenant, &offer::DECL, offer));
        let offered = offered.map(|(_, offer)| components(&offer)).unwrap_or_default();
        let resources = self.shelf.look.view(tenant, &resource::DECL);
        let found = (0..).map_while(|position| {
            let step = step_id(id, no, position).ok()?;
            let resource = resources.get(step.0.as_str())?;
            let provider = resource.fields.text(&resource::PROVIDER).and_then(|p| Name::of_text(p).ok())?;
            let name = resource.fields.text(&resource::COMPONENT).cloned().unwrap_or_else(|| "".into());
            let described = offered.iter().find(|(_, component)| component.name == name);
            let component = to_stop(name, described.map(|(_, component)| component));
            Some(Part { step, provider, component })
        });
        found.collect()
    }
}

/// The number of the item that added that service.
pub(crate) fn made_by(order: &Document, service: &Text) -> Option<u32> {
    let rows = order.fields.rows(&order::ITEMS)?;
    let adds = |row: &Fields| {
        row.choice(&order::item::ACTION).is_none_or(|action| action == order::ADD)
            && row.text(&order::item::SERVICE) == Some(service)
    };
    rows.iter().find(|(_, row)| adds(row)).map(|(no, _)| *no)
}

/// What an order leaves out and no default gives is empty for those who fill it in.
fn fill_up(offer: &Document, values: &mut BTreeMap<Text, Text>) {
    let rows = offer.fields.rows(&offer::PARAMETERS);
    for key in rows.into_iter().flat_map(|rows| rows.values()).filter_map(|row| row.text(&offer::parameter::NAME)) {
        if !values.contains_key(key) {
            values.insert(key.clone(), "".into());
        }
    }
}

fn service_key(tenant: &Name, name: &Name) -> DocKey {
    DocKey { tenant: tenant.clone(), kind: service::DECL.number, name: name.clone() }
}
