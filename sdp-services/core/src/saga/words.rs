//! What is said of steps and items: in states, records and messages.

use strowger_kinds::order::{self, item};
use strowger_kinds::resource;
use strowger_primitive::{Document, Fault, FaultKind, Fields, Value};

use super::apply::Ended;
use super::course::{Event, Phase};
use super::step::Failure;
use super::{Part, Sort};

pub(super) fn item_state(phase: Phase) -> u32 {
    match phase {
        Phase::Waiting => order::ACKNOWLEDGED,
        Phase::Doing | Phase::Failing => order::IN_PROGRESS,
        Phase::Cancelling => order::PENDING_CANCELLATION,
        Phase::Completed => order::COMPLETED,
        Phase::Failed => order::FAILED,
        Phase::Cancelled => order::CANCELLED,
    }
}

/// The word of records.
pub(super) fn word(ended: &Ended<'_>) -> &'static str {
    match (ended.event, ended.item.sort, ended.part) {
        (Event::Begun, ..) => "begin",
        (Event::Stepped | Event::Failed, Sort::Add, Some(_)) => "start",
        (Event::Stepped | Event::Failed, Sort::Add, None) => "activate",
        (Event::Stepped | Event::Failed, Sort::Remove, Some(_)) => "stop",
        (Event::Stepped | Event::Failed, Sort::Remove, None) => "terminate",
        (Event::Renewed, ..) => "restart",
        (Event::Undone, ..) => "undo",
        (Event::Dropped, ..) => "drop",
    }
}

/// What was done, for people.
pub(super) fn text(ended: &Ended<'_>) -> String {
    let service = &ended.item.service;
    let part = ended.part.map_or("", |part| &*part.component.name);
    let done = match (ended.event, ended.item.sort, ended.part) {
        (Event::Begun, Sort::Add, _) => format!("service {service} is being started"),
        (Event::Begun, Sort::Remove, _) => format!("service {service} is being ended"),
        (Event::Stepped | Event::Failed, Sort::Add, Some(_)) => format!("component {part} of {service} is started"),
        (Event::Stepped | Event::Failed, Sort::Add, None) => format!("service {service} is active"),
        (Event::Stepped | Event::Failed, Sort::Remove, Some(_)) => format!("component {part} of {service} is stopped"),
        (Event::Stepped | Event::Failed, Sort::Remove, None) => format!("service {service} is ended"),
        (Event::Renewed, ..) => format!("component {part} of {service} is started again"),
        (Event::Undone, ..) => format!("component {part} of {service} is undone"),
        (Event::Dropped, Sort::Add, _) => format!("service {service} is given up"),
        (Event::Dropped, Sort::Remove, _) => format!("service {service} is left as it was"),
    };
    match (ended.event, ended.failure) {
        (Event::Undone, Some(failure)) => {
            format!("component {part} of {service} cannot be undone now: {}", failure.public)
        }
        (_, Some(failure)) => failure.public.to_string(),
        (_, None) => done,
    }
}

/// Why the first item that failed did; the one in hand only where no other did.
pub(super) fn reason(fields: &Fields, in_hand: u32) -> Option<String> {
    let rows = fields.rows(&order::ITEMS)?;
    let failed = |row: &Fields| row.choice(&item::STATE) == Some(order::FAILED);
    let mut all = rows.iter().filter(|(_, row)| failed(row));
    let (_, row) = all.clone().find(|(no, _)| **no != in_hand).or_else(|| all.next())?;
    row.text(&item::MESSAGE).map(|text| text.to_string())
}

pub(super) fn died(part: &Part, resource: &Document) -> Failure {
    let status = match resource.fields.get(&resource::EXIT_STATUS) {
        Some(Value::Int(status)) => format!(" with status {status}"),
        Some(_) | None => String::new(),
    };
    let public = format!("component \"{}\" ended{status} before its service was active", part.component.name);
    Fault::new(FaultKind::Upstream, "start-failed", public).into()
}

/// As much as a message may hold.
pub(crate) fn brief(text: &str) -> &str {
    cut(text, 255)
}

/// The first octets of a text, whole characters alone.
pub(super) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
