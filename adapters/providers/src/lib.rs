//! Clouds that give resources, our own ones first: the provider `process` runs programs on the gateway's machine.
//!
//! In: a [`Task`](strowger_primitive::Task) under the name of its step. Out: a program that runs in a workspace of
//! that name, where it is reached, and word of its death. It never decides what runs where, never starts anything
//! again unasked, and never runs a program that its options do not name.
//!
//! ```text
//! gateway ── Process ──► strowger hold WORKSPACE ──► strowger hold --exec ──exec──► the program
//!               │            │  lock, limits, log, status, socket                     │
//!               └─ socket ───┘  lives on when the gateway dies; the program dies with its hold
//! ```
//!
//! **The workspace** is a folder named by the step. The program works in it; its output is `output.log` and
//! `output.1.log`; what is ours lies in `.hold`:
//! | file | what |
//! |---|---|
//! | `spec.json` | what runs, with everything filled in and the ports it has: the reservation of these ports |
//! | `lock` | an exclusive lock: whoever has it is the one hold of this workspace |
//! | `running.json` | the hold and its program: process, start, boot |
//! | `ended.json` | how the program ended |
//! | `socket` | asks the hold: `status`, `watch`, `stop MILLISECONDS` |
//!
//! Beside them lie `.owner`, which says what gateway the folder belongs to, `.lock`, which that gateway and whoever
//! follows it share while they use the folder, and for a moment `.new-…` and `.gone-…`: what is being made and removed.
//! Whoever opens the folder alone removes what a crash left of these. A folder of another gateway, or one without an
//! owner that holds anything else, is refused; what is not named like a step is never touched.
//!
//! **Descriptors**: a program that runs costs the gateway two, the connection that tells of its end and the process
//! descriptor of its hold. [`raise_descriptors`] gives the gateway what it may have; the program keeps what it had.
//!
//! A workspace appears by one rename, complete and synced, and goes by one rename made under its lock. So after a
//! crash at any moment there is none, or one that can be joined, and never two programs for one step.
//!
//! **A gateway under a service manager** must not take the holds with it when it is restarted: under systemd that is
//! `KillMode=process`.
//!
//! Libraries: `rustix` for what std has no safe word for (sessions, limits, signals by process descriptor). `hyper`
//! serves the sample application, the health check needs one status line and reads that itself. Left: container
//! engines and systemd's D-Bus, which a bare machine does not have; `nix`, which says what rustix says; `command-group`
//! and `process-wrap`, which keep their knowledge in a process that must not die, as ours may.

mod descriptors;
pub mod hold;
mod options;
mod process;
pub mod sample;
mod seen;
mod spec;
mod workspace;

pub use descriptors::{Descriptors, raise_descriptors};
pub use options::{Options, Ports};
pub use process::{Error, Process};
