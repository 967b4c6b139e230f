//! Makes the program of a workspace run: joins the hold it has, or starts one.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{Deadline, ProviderError, World};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Child;

use super::binary::Binary;
use super::fault;
use super::line::{self, Said};
use super::wait::{left, within};
use crate::descriptors::none_left;
use crate::hold::{FULL, TAKEN};
use crate::workspace::Workspace;

/// A hold says within this time that its program runs, or why not.
const FIRST_WORD: Duration = Duration::from_secs(15);
/// Another hold that has the workspace is asked again after this, then after twice as long, and at least so often.
const AGAIN: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(200);
/// Longest first word and longest complaint, in octets.
const LONGEST: u64 = 4_096;

/// How a hold began.
enum Begun {
    Running(i32),
    /// Another has the workspace.
    Taken,
}

/// The number of the program that runs in `workspace`; it is started where none runs.
pub(super) async fn run(
    world: &Arc<dyn World>,
    gateway: &Binary,
    workspace: &Workspace,
    by: Deadline,
) -> Result<i32, ProviderError> {
    let mut pause = AGAIN;
    loop {
        let left = left(world.as_ref(), by, "starting the process")?;
        let begun = match within(world.as_ref(), left, line::ask(workspace, "status")).await {
            Some(Ok(Said::Running(pid))) => return Ok(pid),
            // Somebody wanted it to end, and now it is wanted again: it is not joined.
            Some(Ok(Said::Stopping(_))) => Begun::Taken,
            // Nobody answers, or the program has just ended: the lock tells whether a hold is there.
            Some(Ok(Said::Ended(_)) | Err(_)) | None => begin(world, gateway, workspace, by).await?,
        };
        match begun {
            Begun::Running(pid) => return Ok(pid),
            Begun::Taken => world.sleep(pause).await,
        }
        pause = (pause * 2).min(SELDOM);
    }
}

async fn begin(
    world: &Arc<dyn World>,
    gateway: &Binary,
    workspace: &Workspace,
    by: Deadline,
) -> Result<Begun, ProviderError> {
    let left = left(world.as_ref(), by, "starting the process")?;
    let hold = gateway.hold().arg(workspace.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut hold = hold.map_err(|error| {
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory) || none_left(&error) {
            fault::cannot_start(error)
        } else {
            fault::internal(format!("{}: {error}", gateway.path.display()))
        }
    })?;
    match within(world.as_ref(), FIRST_WORD.min(left), first_word(&mut hold)).await {
        Some(Some(pid)) => {
            // One descriptor less for as long as the program lives. A hold does not need anybody to listen.
            drop(hold.stderr.take());
            // Somebody must ask how it ended, or it stays in the table of processes.
            world.spawn("hold", Box::pin(async move { drop(hold.wait().await) }));
            Ok(Begun::Running(pid))
        }
        Some(None) => ended(world, hold).await,
        // It goes on, and is joined when it is asked again.
        None if left < FIRST_WORD => Err(fault::late("starting the process")),
        None => {
            let _ended_meanwhile = hold.kill().await;
            Err(failed(format!("it said nothing within {} s", FIRST_WORD.as_secs())))
        }
    }
}

async fn first_word(hold: &mut Child) -> Option<i32> {
    let mut word = String::new();
    BufReader::new(hold.stdout.take()?.take(LONGEST)).read_line(&mut word).await.ok()?;
    word.trim_end().strip_prefix("running ")?.parse().ok()
}

async fn ended(world: &Arc<dyn World>, mut hold: Child) -> Result<Begun, ProviderError> {
    let complaint = async {
        let mut said = String::new();
        if let Some(stderr) = hold.stderr.take() {
            let _not_text = stderr.take(LONGEST).read_to_string(&mut said).await;
        }
        (hold.wait().await, said)
    };
    match within(world.as_ref(), FIRST_WORD, complaint).await {
        Some((Ok(status), _)) if status.code() == Some(i32::from(TAKEN)) => Ok(Begun::Taken),
        Some((Ok(status), said)) if status.code() == Some(i32::from(FULL)) => Err(fault::disk_full(said)),
        Some((Ok(status), said)) => Err(failed(format!("{status}: {}", said.trim_end()))),
        Some((Err(error), _)) => Err(failed(error.to_string())),
        None => Err(failed("it does not end".to_owned())),
    }
}

fn failed(cause: String) -> ProviderError {
    fault::start_failed("the process could not be started".to_owned(), format!("strowger hold: {cause}"))
}
