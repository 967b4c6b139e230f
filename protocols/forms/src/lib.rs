//! Documents in the forms of the world, and the contracts that describe them: tier 1, imports only the request model.
//!
//! In: a declaration ([`strowger_primitive::Schema`]) and octets or documents. Out: documents from [`json`] and from
//! the stored form [`cbor`], and both of these from documents; the contract of the HTTP door ([`openapi`]), the
//! [`mod@reference`], the [`lock`] of what is released, and every rule that a schema breaks ([`check_schema`]), with the
//! closed list of [`TYPES`] and their form in every protocol. It never judges bounds beyond what its types can hold
//! (the check of the kinds does), opens nothing and knows no door.
//!
//! Libraries: `base64` for octets in JSON, `thiserror` for errors. Left: `serde_json`, because numbers come from it as
//! one-key objects that a body can forge as soon as any crate of the build asks for exact numbers; `minicbor`, because
//! the stored form is ten lines of heads and must be read more strictly than it reads. Both are the oracles of the
//! tests.

pub mod cbor;
pub mod fuzz;
pub mod json;
pub mod lock;
pub mod openapi;
pub mod reference;

mod check;
mod said;
mod types;

#[cfg(test)]
mod specimen;

pub use check::{check_schema, long_descriptors};
pub use types::{TYPES, TypeRow};
