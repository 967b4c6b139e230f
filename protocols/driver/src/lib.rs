//! The only socket loop: it listens, accepts, secures and counts connections, and runs a door on each.
//!
//! In: the [`Options`] of one listener and a [`Door`]. [`bind`] takes the address and the certificate and serves nothing
//! yet; [`Bound::serve`] accepts until it is told to stop, then drains. A door is either a [`Talk`], which is given the
//! stream itself, or a [`Machine`], whose inputs and steps are turned into octets, timers and requests here. The real
//! [`World`] lives here too: [`System`]. Out: octets to peers, requests to the gateway.
//!
//! It never knows what a protocol means, never holds more of a connection than its limits say, never reads from a peer
//! that does not read its answers, and keeps no buffer for a connection that is idle.
//!
//! - `tokio` for sockets, timers and tasks: the one place that starts them.
//! - `rustls` with `aws-lc-rs` for TLS 1.2 and 1.3; `rcgen` for a certificate on the first start.
//! - `arc-swap` for the certificate in use, read at each handshake and changed while running.
//! - `rustix` for what tokio's sockets leave out: keep-alive and the time a peer may leave octets unacknowledged.
//!
//! [`Talk`]: strowger_primitive::Talk
//! [`Machine`]: strowger_primitive::Machine
//! [`World`]: strowger_primitive::World

mod bind;
mod options;
mod run;
mod serve;
mod system;
mod tls;

pub use bind::{Bound, Error, bind};
pub use options::{Limits, Options, Tls};
pub use serve::Door;
pub use system::System;
pub use tls::{Reload, install_provider};
