//! What carries an order out: a list of steps, each repeatable and with an undo, and a journal that says how far it is.
//!
//! The plan is written once, with the order; the journal with every step, in one commit with the order, what the step
//! changed and its record. So whatever moment the gateway dies at, the step that was in hand is asked for again under
//! the same name, and its provider joins what there is. What was started and is lost before it is observed healthy, as
//! with the power, is started again: its new receipt is written down first, so that a death is known from the one before.

mod apply;
mod carry;
mod course;
mod journal;
mod plan;
mod step;
mod words;

pub(crate) use course::Course;
pub(crate) use journal::{JOURNALS, Journal, journal_key, plan_key};
pub(crate) use plan::{Item, Part, Plan, Sort, step_id};

pub(crate) use apply::write_receipt;
pub(crate) use carry::Saga;
pub(crate) use words::brief;
