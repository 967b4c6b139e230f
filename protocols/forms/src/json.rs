//! JSON: bodies in, documents out. A field is its name in camel case; what is null is not there.

mod any;
mod filter;
mod patch;
mod place;
mod read;
mod rows;
mod scalar;
mod token;
mod write;

#[cfg(test)]
mod tests;

pub use filter::{LONGEST_FILTER, filterable, read_filter};
pub use patch::{PatchForm, read_patch, scan_patch};
pub use place::place;
pub use read::{read_create, read_fields, scan_create};
pub(crate) use write::write_scalar;
pub use write::{write_document, write_fields, write_page, write_text};
