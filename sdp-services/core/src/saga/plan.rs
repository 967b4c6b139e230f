//! The plan of an order: its items with everything their steps need, as it was when the order was accepted. A later
//! change of the offer does not touch it.

use std::collections::BTreeMap;

use strowger_primitive::{BadName, Component, Id, Name, StepId, Text};

/// What an order comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan(pub(crate) Vec<Item>);

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Its number in the order.
    pub(crate) no: u32,
    pub(crate) sort: Sort,
    pub(crate) service: Name,
    /// What `${name}` stands for; nothing where a service is ended.
    pub(crate) values: BTreeMap<Text, Text>,
    /// Started in this order, stopped in reverse.
    pub(crate) parts: Vec<Part>,
}

/// What an item does with its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Makes it.
    Add,
    /// Ends it.
    Remove,
}

/// One component at its provider.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// What starts it; the name of its resource, too.
    pub(crate) step: StepId,
    pub(crate) provider: Name,
    pub(crate) component: Component,
}

/// The step that starts the component at `position`, for ever: no other order, item or component has the same.
///
/// # Errors
/// None that can happen: it is 26 octets of a ULID and two numbers.
pub(crate) fn step_id(order: Id, item: u32, position: usize) -> Result<StepId, BadName> {
    Name::new(&format!("{}-{item}-{}", order.to_string().to_ascii_lowercase(), position + 1)).map(StepId)
}

impl Item {
    /// What is stopped by step `step` of an item that ends its service: the last started is the first.
    pub(crate) fn stopped(&self, step: u16) -> Option<&Part> {
        self.parts.iter().rev().nth(step.into())
    }

    /// The parts as the course counts them. A plan has at most eight an item.
    pub(crate) fn count(&self) -> u16 {
        u16::try_from(self.parts.len()).unwrap_or(u16::MAX)
    }
}
