//! Real clients against the running binary, over real sockets: the harness the tests of this crate stand on.
//!
//! In: the binary `strowger`, found beside the test's own executable and built where it is missing or older than what
//! it is made of. Out: a [`Gateway`] in a folder of its own, on ports of its own, that leaves nothing behind, and
//! clients that can be as wrong as a test wants: [`Http`] writes any octets and reads any answer, [`Mml`] likewise,
//! [`Tool`] runs what people use: `curl`, `nc`, `openssl`, `tmux`. It never looks into the gateway, never waits for a
//! moment where it can wait for a fact ([`until`]), and never waits without a bound.
//!
//! - `tempfile` for folders that go away, `rustix` for signals and limits, `base64` for RFC 7617.
//! - No HTTP library: a client that cannot be wrong cannot show what becomes of wrong requests.

mod binary;
mod gateway;
mod http;
mod mml;
mod tenants;
mod tool;
mod wait;

pub use binary::{built, target, untested, workspace};
pub use gateway::{Gateway, Place, SECRET};
pub use http::{Heard, Http};
pub use mml::{Mml, Report};
pub use tenants::{PASSWORD, ROLES, Role, hello, password, person, tenant};
pub use tool::{Ended, Tool};
pub use wait::{now, until};
