//! The choice of a provider for a component. It is made once, when the order is accepted, and kept in the plan.

use std::sync::Arc;

use strowger_kinds::offer;
use strowger_primitive::{Component, Fault, FaultKind, Name, Provider};

use crate::providers::Providers;

/// What a component needs of the provider that runs it.
pub(crate) struct Need<'a> {
    /// The number of its type.
    pub(crate) runs: u32,
    pub(crate) component: &'a Component,
    pub(crate) tenant: &'a Name,
}

/// The provider that is to run it: the first enabled one that can.
///
/// # Errors
/// `Unavailable` where none can just now.
pub(crate) fn choose<'a>(providers: &'a Providers, need: &Need<'_>) -> Result<&'a Arc<dyn Provider>, Fault> {
    let found = providers.enabled().find(|provider| Providers::runs(&***provider) == Some(need.runs));
    found.ok_or_else(|| {
        let what = offer::COMPONENT_TYPES.name_of(need.runs).unwrap_or("such things");
        let name = &need.component.name;
        tracing::info!(tenant = %need.tenant, component = %name, what, "no enabled provider");
        let text = format!("no enabled provider runs {what}, as component \"{name}\" needs; an operator enables one");
        Fault::new(FaultKind::Unavailable, "no-provider", text)
    })
}
