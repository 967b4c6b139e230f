//! Tenant isolation and rights: every kind, verb and role in every door, generated from the declarations, so that a new
//! kind is in it by itself.

mod door;
mod foreign;
mod rights;
pub(crate) mod scene;
