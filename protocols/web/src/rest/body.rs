//! Bodies as operations want them.

use strowger_forms::json;
use strowger_primitive::{ActionDecl, Document, Fault, Fields, KindDecl, Patch};

use super::media::Form;
use crate::problem::Problem;

/// A new document. Where its form is wrong, what the declaration says against the rest is told at once with it.
pub(super) fn create(kind: &'static KindDecl, octets: &[u8]) -> Result<Document, Problem> {
    let told = |fault: Fault| Problem::of(&fault, kind.fields);
    let (mut document, mut flaws) = json::scan_create(kind, octets).map_err(told)?;
    if flaws.is_empty() {
        return Ok(document);
    }
    let more = strowger_kinds::check_create(&mut document).err().unwrap_or_default();
    let more: Vec<_> = more.into_iter().filter(|flaw| flaws.iter().all(|told| told.place != flaw.place)).collect();
    flaws.extend(more);
    Err(told(Fault::flaws(flaws)))
}

/// Changes.
pub(super) fn patch(kind: &'static KindDecl, octets: &[u8], form: Form) -> Result<Patch, Problem> {
    json::read_patch(kind, octets, form.of_patch()).map_err(|fault| Problem::of(&fault, kind.fields))
}

/// What an action takes.
pub(super) fn input(action: &'static ActionDecl, octets: &[u8]) -> Result<Fields, Problem> {
    json::read_fields(action.input, octets).map_err(|fault| Problem::of(&fault, std::slice::from_ref(&action.input)))
}
