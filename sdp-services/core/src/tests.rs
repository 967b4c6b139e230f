//! The room as a whole, over a store and a provider that fail and die where a test says so.

mod admitted;
mod cancelling;
mod chance;
mod crashing;
mod deleting;
mod dying;
mod failing;
mod house;
mod memory;
mod mock;
mod offers;
mod ordering;
mod recovering;
mod storing;
mod world;
