//! Observes health: looks until the check passes, the program ends, or the time for the start is over.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use strowger_primitive::{Deadline, ProviderError, StepId, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::binary::Binary;
use super::fault;
use super::ledger::is_free;
use super::line::{self, Said};
use super::wait::{blocking, left, within};
use crate::spec::{Check, Port, Spec};
use crate::workspace::Workspace;

/// The first look but one comes so soon; each later one after twice the time, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Without a check a program is taken to live when it has lived so long.
const ALIVE: Duration = Duration::from_millis(200);
/// Between two tries to reach a hold that is there.
const AGAIN: Duration = Duration::from_millis(100);
/// Lines of output that say why a start failed.
const LINES: usize = 10;
/// The status line of an answer is no longer, in octets.
const STATUS_LINE: usize = 256;

/// Waits until the program in `workspace` is observed healthy.
pub(super) async fn observe(
    world: &dyn World,
    gateway: &Binary,
    workspace: &Workspace,
    step: &StepId,
    by: Deadline,
) -> Result<(), ProviderError> {
    let spec = {
        let workspace = workspace.clone();
        blocking(world, move || workspace.spec()).await?.map_err(|_| fault::not_there(step))?
    };
    let seen = tokio::select! {
        biased;
        said = end(world, workspace) => Seen::Ended(said),
        seen = look(world, gateway, workspace, &spec, by) => seen?,
    };
    let what = &spec.component;
    let why = match seen {
        Seen::Healthy => return Ok(()),
        Seen::Unhealthy(why) => {
            let seconds = Duration::from_millis(spec.health.start_ms).as_secs_f64();
            Some(format!("component \"{what}\" was not healthy within {seconds} s: {why}"))
        }
        Seen::Ended(said) => {
            let (workspace, ports) = (workspace.clone(), spec.ports.clone());
            let status = match said {
                Some(Said::Ended(status)) => Some(status),
                Some(Said::Running(_) | Said::Stopping(_)) | None => {
                    blocking(world, move || workspace.ended()).await?.map(|ended| ended.status)
                }
            };
            if let (Some(status), Some(port)) = (status, blocking(world, move || taken(&ports)).await?) {
                return Err(fault::port_taken(port, format!("the program ended with status {status}")));
            }
            status.map(|status| format!("component \"{what}\" ended with status {status} before it was healthy"))
        }
    };
    let workspace = workspace.clone();
    let lines = blocking(world, move || workspace.last_lines(LINES)).await?;
    let lines = if lines.is_empty() { "it said nothing".to_owned() } else { lines };
    Err(match why {
        Some(why) => fault::start_failed(why, lines),
        None => fault::lost(what, lines),
    })
}

/// What the hold says of the end, when it comes; nothing where the hold itself is gone. That it cannot be reached now,
/// as by a gateway without a descriptor left, is no end.
async fn end(world: &dyn World, workspace: &Workspace) -> Option<Said> {
    loop {
        match line::ask(workspace, "watch").await {
            Ok(said) => return Some(said),
            Err(error) if line::is_gone(&error) => return None,
            Err(_) => world.sleep(AGAIN).await,
        }
    }
}

/// A port of a program that has ended on which somebody listens.
fn taken(ports: &[Port]) -> Option<u16> {
    ports.iter().map(|port| port.number).find(|port| !is_free(*port))
}

/// What came of looking.
enum Seen {
    Healthy,
    /// The time for the start is over; why the last look failed.
    Unhealthy(String),
    /// What the hold said of the end.
    Ended(Option<Said>),
}

async fn look(
    world: &dyn World,
    gateway: &Binary,
    workspace: &Workspace,
    spec: &Spec,
    by: Deadline,
) -> Result<Seen, ProviderError> {
    let health = &spec.health;
    let interval = Duration::from_millis(health.interval_ms);
    let begun = world.mono();
    let start = begun.checked_add(Duration::from_millis(health.start_ms)).map_or(by, Deadline);
    let Some(check) = &health.check else {
        world.sleep(interval.min(ALIVE)).await;
        return Ok(Seen::Healthy);
    };
    let whole = Duration::from_millis(health.timeout_ms);
    let mut pause = FIRST_PAUSE;
    let mut before = None;
    loop {
        let left = left(world, by, "becoming healthy")?;
        let timeout = whole.min(left).min(start.left(world.mono()));
        let why = match within(world, timeout, once(check, spec, gateway, workspace)).await {
            Some(Ok(())) => return Ok(Seen::Healthy),
            Some(Err(why)) => why,
            // The last look is cut short: the one before says more.
            None if timeout < whole && before.is_some() => before.take().unwrap_or_default(),
            None => format!("no answer within {} ms", timeout.as_millis()),
        };
        let rest = start.left(world.mono());
        if rest.is_zero() {
            return Ok(Seen::Unhealthy(why));
        }
        before = Some(why);
        pause = (pause * 2).min(interval.max(FIRST_PAUSE));
        world.sleep(pause.min(rest)).await;
    }
}

/// One look; why it failed is for people.
async fn once(check: &Check, spec: &Spec, gateway: &Binary, workspace: &Workspace) -> Result<(), String> {
    match check {
        Check::Tcp => connect(spec).await.map(drop),
        Check::Http(path) => http(connect(spec).await?, spec, path).await,
        Check::Command(_) => command(gateway, workspace).await,
    }
}

async fn connect(spec: &Spec) -> Result<TcpStream, String> {
    let (_, port) = spec.first_endpoint().ok_or("it has no port")?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| format!("port {port}: {error}"))
}

/// Only the status line is read: what else it answers is nobody's business, and may be endless.
async fn http(mut stream: TcpStream, spec: &Spec, path: &str) -> Result<(), String> {
    let (address, port) = spec.first_endpoint().ok_or("it has no port")?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nUser-Agent: strowger\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let failed = |error: std::io::Error| format!("GET {path}: {error}");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::with_capacity(STATUS_LINE);
    while !answer.contains(&b'\n') && answer.len() < STATUS_LINE {
        if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
            break;
        }
    }
    match status(&answer) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(format!("GET {path} answered {status}")),
        None => Err(format!("GET {path} was not answered in HTTP/1.1")),
    }
}

/// RFC 9112 §4: `HTTP/1.1 200 OK`.
fn status(answer: &[u8]) -> Option<u16> {
    let rest = answer.strip_prefix(b"HTTP/1.1 ").or_else(|| answer.strip_prefix(b"HTTP/1.0 "))?;
    let (digits, behind) = rest.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(behind.first(), Some(b' ' | b'\r' | b'\n')) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The command lives under the program's limits and environment, and never longer than the look.
async fn command(gateway: &Binary, workspace: &Workspace) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the command: {error}");
    let mut child = gateway
        .hold()
        .arg("--check")
        .arg(std::process::id().to_string())
        .current_dir(workspace.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let _group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("the command ended with {status}")) }
}

/// Ends with whatever is in it.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ended = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_strictly() {
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(status(b"HTTP/1.0 503\r\n"), Some(503));
        for bad in ["", "HTTP/1.1 20", "HTTP/1.1 2000 OK", "HTTP/2 200", "SSH-2.0-x", "HTTP/1.1 +20 OK"] {
            assert_eq!(status(bad.as_bytes()), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn only_a_hold_that_is_gone_tells_of_an_end_without_a_word() {
        use std::fs;

        use super::super::wait::within;

        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let world = strowger_driver::System;
        // An error that says nothing about who listens, which a test can make without harm to others.
        std::os::unix::fs::symlink(workspace.control(), workspace.control()).unwrap();
        let ask = line::ask(&workspace, "watch").await;
        assert!(ask.is_err_and(|error| !line::is_gone(&error)));
        let mut end = Box::pin(end(&world, &workspace));
        assert_eq!(within(&world, AGAIN * 2, &mut end).await, None, "it is not known yet");
        fs::remove_file(workspace.control()).unwrap();
        assert_eq!(within(&world, AGAIN * 100, &mut end).await, Some(None), "it is gone");
    }
}
