//! The provider `process` with real programs: each test has a folder and ports of its own and leaves nothing running.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod disk;
mod hammer;
mod kill;
mod limits;
mod place;
mod ready;
mod sample;
mod start;
mod survey;
mod undo;
