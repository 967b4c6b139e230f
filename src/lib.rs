//! The spine: it puts the rooms together, and every request goes through it.
//!
//! In: a [`Config`] and a [`Stop`]. Out: a gateway that serves until it is told to stop. `assemble` is the only file that
//! names both a door and an adapter; `pipeline` is the one way of every request. It never speaks a protocol, decides
//! who may do what, or keeps a document.
//!
//! ```text
//! config ─► assemble ─► doors ─► pipeline ─► keepers ─► store
//! ```
//!
//! - `governor` for the buckets of sources, principals and tenants: GCRA, as exact as a token bucket in eight octets.
//! - `dashmap` for changes under way: sharded by the request.
//! - `serde_path_to_error` so that a mistake in the configuration is told with its path.

mod assemble;
mod config;
mod inside;
mod log;
mod pipeline;

use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{Ask, Stop};

pub use assemble::{Error, Ready};
pub use config::{Config, Mistake, Mistakes};
pub use inside::Inside;
pub use log::{Format, Level, Options as LogOptions};
pub use pipeline::{AdmitOptions, GateOptions};
pub use strowger_cli::Sources;

/// Runs a gateway until `stop`. `ready` is told when every listener serves, with the way in for whoever lives in the same
/// process; where it fails, nothing is served.
///
/// # Errors
/// Why it cannot start. Once it serves it ends without an error.
pub async fn run<E>(
    config: Config,
    mut stop: Stop,
    ready: impl FnOnce(&Ready, Arc<dyn Ask>) -> Result<(), E>,
) -> Result<(), Error>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Beyond the time that steps in hand have to finish.
    const TIDYING: Duration = Duration::from_secs(5);
    // What is still being done when the doors are closed ends by then.
    let last_work = Duration::from_secs(config.core.drain_s.into()) + TIDYING;
    let gateway = tokio::select! {
        gateway = assemble::assemble(config) => gateway?,
        () = stop.wait() => return Ok(()),
    };
    ready(gateway.ready(), gateway.asked()).map_err(|error| Error::Tell(error.into()))?;
    gateway.told().await?;
    gateway.serve(stop, last_work).await;
    Ok(())
}
