//! A sealer that seals nothing.

use std::error::Error;

use strowger_primitive::{Kept, Log, Sealed, Sealer, Time};

/// Seals nothing: for tests, and for tools that only read.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSeal;

impl Sealer for NoSeal {
    fn resume(&mut self, _kept: &Kept<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn add(&mut self, _log: Log, _sequence: u64, _stored: &[u8]) {}

    fn seal(&mut self, _now: Time) -> Vec<Sealed> {
        Vec::new()
    }

    fn undo(&mut self) {}
}
