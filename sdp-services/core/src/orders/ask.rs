//! What an order asks for: its items, whether it names them or uses the shorthand of one.

use std::collections::BTreeMap;

use strowger_kinds::order::{self, item};
use strowger_kinds::service;
use strowger_primitive::{
    Document, Fault, FieldDecl, Fields, Flaw, Implied, Index, Inner, Name, Path, Place, Ref, Rows, Text, Value, Verb,
    common,
};

/// One item, as it is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Its number in the order.
    pub(crate) no: u32,
    pub(crate) placed: Placed,
    pub(crate) service: Name,
    pub(crate) what: What,
}

/// Where the asker said it, so that what is wrong is told at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// In fields of the document itself; offer, parameters and name have the same numbers in orders and services.
    Top,
    /// In a record of the order's items.
    Item,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Make a service of that offer.
    Add { offer: Text, parameters: BTreeMap<Text, Text>, label: Option<Text> },
    /// End it.
    Remove,
}

/// The items of a new order. Writes the one of the shorthand into the document, and the names of the services.
///
/// # Errors
/// Every field that contradicts another or is missing.
pub(super) fn wanted(name: &Name, order: &mut Document) -> Result<Vec<Wanted>, Fault> {
    let offer = order.fields.text(&order::OFFER).cloned();
    let parameters = order.fields.map(&order::PARAMETERS).cloned();
    let mut rows = order.fields.rows(&order::ITEMS).cloned().unwrap_or_default();
    let wrong = |field: &FieldDecl, why: &str| {
        Err(Fault::flaws(vec![Flaw { place: Place::Field(Path::whole(field.number)), why: why.to_owned() }]))
    };
    if rows.is_empty() {
        let Some(offer) = offer else { return wrong(&order::OFFER, "is required where there are no items") };
        let parameters = parameters.unwrap_or_default();
        order.fields.set(&order::ITEMS, Value::Rows(one_item(&offer, &parameters, name)));
        let what = What::Add { offer, parameters, label: None };
        return Ok(vec![Wanted { no: 1, placed: Placed::Top, service: name.clone(), what }]);
    }
    if offer.is_some() {
        return wrong(&order::OFFER, "is short for one item; name either an offer or items");
    }
    if parameters.is_some() {
        return wrong(&order::PARAMETERS, "belong to the one item of an offer; give them in the items");
    }
    let alone = rows.len() == 1;
    let mut flaws = Vec::new();
    let mut all = Vec::new();
    for (no, row) in &mut rows {
        match one(*no, row, name, alone) {
            Ok(wanted) => {
                row.set(&item::SERVICE, Value::Text(wanted.service.text()));
                all.push(wanted);
            }
            Err(mut wrong) => flaws.append(&mut wrong),
        }
    }
    if flaws.is_empty() {
        order.fields.set(&order::ITEMS, Value::Rows(rows));
        Ok(all)
    } else {
        Err(Fault::flaws(flaws))
    }
}

/// What an order asks for beside itself: its services made and deleted.
pub(crate) fn implied(order: &Document) -> Vec<Implied> {
    let rows = order.fields.rows(&order::ITEMS).into_iter().flat_map(Rows::values);
    let (adds, removes): (Vec<&Fields>, Vec<&Fields>) = rows.partition(|row| adds(row));
    let made = (!adds.is_empty() || removes.is_empty()).then_some(Implied {
        verb: Verb::Create,
        kind: &service::DECL,
        target: None,
    });
    let names = removes.iter().filter_map(|row| Name::of_text(row.text(&item::SERVICE)?).ok());
    let removed = names.map(|name| Implied {
        verb: Verb::Delete,
        kind: &service::DECL,
        target: Some(Ref { kind: &service::DECL, index: Index::Name(name) }),
    });
    made.into_iter().chain(removed).collect()
}

fn adds(row: &Fields) -> bool {
    row.choice(&item::ACTION).is_none_or(|action| action == order::ADD)
}

/// The items of an order of one that adds a service.
pub(crate) fn one_item(offer: &Text, parameters: &BTreeMap<Text, Text>, service: &Name) -> Rows {
    let mut row = Fields::with_room(4 + usize::from(!parameters.is_empty()));
    row.set(&item::ACTION, Value::Enum(order::ADD));
    row.set(&item::OFFER, Value::Text(offer.clone()));
    row.set(&item::SERVICE, Value::Text(service.text()));
    if !parameters.is_empty() {
        row.set(&item::PARAMETERS, Value::Map(parameters.clone()));
    }
    row.set(&item::STATE, Value::Enum(order::ACKNOWLEDGED));
    Rows::from([(1, row)])
}

fn one(no: u32, row: &Fields, order: &Name, alone: bool) -> Result<Wanted, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut wrong = |field: &FieldDecl, why: String| {
        flaws.push(Flaw { place: Place::Field(cell(no, field)), why });
    };
    let adds = adds(row);
    let service = match row.text(&item::SERVICE) {
        Some(said) => Name::of_text(said).map_err(|bad| bad.to_string()),
        None if !adds => Err("is required: which service is to end".to_owned()),
        None if alone => Ok(order.clone()),
        None => Name::new(&format!("{order}-{no}"))
            .map_err(|_| "is required: the order's name is too long to make one of it".to_owned()),
    };
    let service = service.map_err(|why| wrong(&item::SERVICE, why)).ok();
    let what = if adds {
        let offer = row.text(&item::OFFER).cloned();
        if offer.is_none() {
            wrong(&item::OFFER, "is required".to_owned());
        }
        let parameters = row.map(&item::PARAMETERS).cloned().unwrap_or_default();
        offer.map(|offer| What::Add { offer, parameters, label: None })
    } else {
        for field in [&item::OFFER, &item::PARAMETERS] {
            if row.get(field).is_some() {
                wrong(field, "means nothing where a service is ended".to_owned());
            }
        }
        Some(What::Remove)
    };
    match (service, what) {
        (Some(service), Some(what)) if flaws.is_empty() => Ok(Wanted { no, placed: Placed::Item, service, what }),
        (Some(_) | None, Some(_) | None) => Err(flaws),
    }
}

fn cell(no: u32, field: &FieldDecl) -> Path {
    Path { field: order::ITEMS.number, inner: Inner::Cell(no, field.number) }
}

impl Wanted {
    /// Where the asker named the offer.
    pub(super) fn offer_path(&self) -> Path {
        match self.placed {
            Placed::Top => Path::whole(order::OFFER.number),
            Placed::Item => cell(self.no, &item::OFFER),
        }
    }

    /// Where the asker named the service.
    pub(super) fn service_path(&self) -> Path {
        match self.placed {
            Placed::Top => Path::whole(common::NAME.number),
            Placed::Item => cell(self.no, &item::SERVICE),
        }
    }

    /// Where the asker gave a parameter. A path ends at the map of an item, so there the text names the key.
    pub(super) fn parameter_flaw(&self, key: &Text, why: &str) -> (Path, String) {
        match self.placed {
            Placed::Top => (Path { field: order::PARAMETERS.number, inner: Inner::Key(key.clone()) }, why.to_owned()),
            Placed::Item => (cell(self.no, &item::PARAMETERS), format!("{key}: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::camel;

    fn order(rows: &[(u32, &[(u16, Value)])]) -> Document {
        let mut order = Document::new(&order::DECL);
        let rows: Rows = rows.iter().map(|(no, row)| (*no, row.iter().cloned().collect())).collect();
        if !rows.is_empty() {
            order.fields.set(&order::ITEMS, Value::Rows(rows));
        }
        order
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn ask(mut order: Document) -> Result<Vec<(u32, String)>, Vec<String>> {
        let print = |flaw: Flaw| match flaw.place {
            Place::Field(path) => path.print(order::DECL.fields, camel),
            Place::Unknown(name) => name,
        };
        wanted(&Name::new("demo").unwrap(), &mut order)
            .map(|all| all.into_iter().map(|w| (w.no, w.service.to_string())).collect())
            .map_err(|fault| fault.at.into_iter().map(print).collect())
    }

    #[test]
    fn the_shorthand_and_the_items_are_one() {
        let mut short = order(&[]);
        short.fields.set_text(&order::OFFER, "hello");
        assert_eq!(ask(short.clone()), Ok(vec![(1, "demo".to_owned())]));
        assert_eq!(ask(order(&[(4, &[(3, text("hello"))])])), Ok(vec![(4, "demo".to_owned())]));
        let several = order(&[(1, &[(3, text("hello"))]), (2, &[(3, text("hello")), (4, text("x"))])]);
        assert_eq!(ask(several), Ok(vec![(1, "demo-1".to_owned()), (2, "x".to_owned())]));
        assert_eq!(ask(order(&[])), Err(vec!["offer".to_owned()]));
        let mut both = order(&[(1, &[(3, text("hello"))])]);
        both.fields.set_text(&order::OFFER, "hello");
        assert_eq!(ask(both), Err(vec!["offer".to_owned()]));
    }

    #[test]
    fn every_item_is_told_of() {
        let delete = (2, Value::Enum(order::DELETE));
        let wrong = order(&[
            (1, &[]),
            (2, std::slice::from_ref(&delete)),
            (3, &[delete.clone(), (4, text("x")), (3, text("hello"))]),
            (5, &[(3, text("hello")), (4, text("No"))]),
        ]);
        let flaws = ["items.1.offer", "items.2.service", "items.3.offer", "items.5.service"];
        assert_eq!(ask(wrong), Err(flaws.map(str::to_owned).to_vec()));
    }
}
