//! The catalogue and its orders: what can be ordered, what was ordered, and what runs for it.
//!
//! In: admitted requests about offers, orders, services, resources and providers, and what providers tell of deaths.
//! Out: documents changed in one commit with their record, tasks for providers. It never speaks a protocol, never
//! decides who may ask, never starts again what was healthy and died, and never acknowledges what is not stored.
//!
//! ```text
//! Create(order) ─► ask ─► judge ─► accept ──one commit──► order, services, resources, plan, journal
//!                   items  every item  │                                     │
//!                                      └─ nothing to run: completed at once  ▼
//!                              saga: course (what next) ─► step (at the provider) ─► apply ──one commit──► ...
//! providers ─► deaths ─► resource, service            recover: survey, adopt, reap, go on
//! ```
//!
//! **An order is accepted whole or not at all.** Every item is judged first, all mistakes are told at once; then the
//! acknowledged order, the services it reserves, the plan and the journal are one commit with the idempotency key and
//! the record. A name is unique because the commit expects nothing there: no lock is held anywhere on this way. An
//! order that needs no provider is completed in that same commit.
//!
//! **It is carried out** by a task of its own, a step at a time. `saga.rs` tells how it survives any crash. An item that
//! fails is undone and the others stand (`partial`, TMF641); cancelled, all is undone.
//!
//! | state of the service | what it says here |
//! |---|---|
//! | `reserved` | its order is accepted |
//! | `inactive` | its parts are being started, or stopped |
//! | `active` | it can be used, and may be deleted |
//! | `terminated` | it was never finished; its message says why. Its name is free: the next one takes its place |
//!
//! A service whose deletion is complete is removed with its resources; its orders and records tell of it. A resource
//! has the name of the step that started it, which holds the identifier of its order: so everything about it is found
//! from either side by name alone, however many there are.
//!
//! **What nobody owns is reaped**: at start by the survey, later when an undo that failed is tried again.
//!
//! Libraries: `minicbor` writes plans and journals, which are arrays by position and of no kind, so the forms of
//! documents do not fit them. Left: `steno`, whose sagas are graphs with a store, tasks and time of their own.

mod broker;
mod catalogue;
mod deaths;
mod flight;
mod options;
mod orders;
mod orphans;
mod owners;
mod providers;
mod recover;
mod room;
mod run;
mod saga;
mod services;

#[cfg(test)]
mod tests;

pub use options::Options;
pub use recover::Recovered;
pub use room::Core;
