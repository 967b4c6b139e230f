//! The declarations of all kinds, one file each, and what they have in common: the check of a document against its
//! declaration, and the shelf of stored documents. In: nothing. Out: [`all`], from which every contract and door is
//! generated. It never speaks a protocol and never stores anything itself.

pub mod credential;
pub mod offer;
pub mod order;
pub mod policy;
pub mod principal;
pub mod provider;
pub mod record;
pub mod resource;
pub mod service;
pub mod tenant;

mod check;
mod shelf;

use strowger_primitive::Schema;

pub use check::{check_create, check_fields, check_patch};
pub use shelf::{BeforeAfter, Shelf};

/// All kinds of this release.
#[must_use]
pub fn all() -> Schema {
    [
        &tenant::DECL,
        &principal::DECL,
        &credential::DECL,
        &policy::DECL,
        &offer::DECL,
        &order::DECL,
        &service::DECL,
        &resource::DECL,
        &provider::DECL,
        &record::DECL,
    ]
    .into_iter()
    .collect()
}
