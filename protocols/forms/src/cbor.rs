//! The stored form: CBOR by field number (RFC 8949), deterministic (section 4.2.1), read back strictly.
//!
//! `{2: "t1", 10: 2, 14: 4([-2, 1250]), 15: {1: {2: "44"}}}`: numbers of fields as keys, enumerations and times as
//! whole numbers, records by their number. What a newer release wrote is kept and written back octet for octet. Only
//! inside a value of the type any do keys keep the order they came in.

mod float;
mod head;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use head::BadCbor;
pub use read::{read, read_fields};
pub use write::{write, write_fields};
