//! The life of a hold, from the lock to the last answer.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, getpid, setsid, umask};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{interval, timeout};

use super::children::{Children, adopt};
use super::line::{Line, answer};
use super::output::Output;
use super::{FULL, TAKEN, complain, own_binary};
use crate::seen::{Seen, boot};
use crate::spec::Spec;
use crate::workspace::{CONTROL, Ended, Running, SOCKET, Wish, Workspace, is_full};

/// Why a hold did not hold.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("another hold has this workspace")]
    Taken,
    #[error("{0} is no workspace, or none any more")]
    Nothing(String),
    #[error("what an earlier hold of this workspace left behind cannot be ended")]
    Remains,
    #[error("{doing}: {source}")]
    Io { doing: &'static str, source: io::Error },
}

/// What the program still says when it has ended is read for so long: somebody else may have its pipe.
const LAST_OUTPUT: Duration = Duration::from_millis(500);
/// What an earlier hold left must be gone within.
const REMAINS: Duration = Duration::from_secs(10);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(5);

/// Holds `workspace` until its program has ended.
pub(super) fn keep(workspace: &Path) -> ExitCode {
    match begin(workspace) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(&trouble);
            match trouble {
                Trouble::Taken => ExitCode::from(TAKEN),
                Trouble::Io { source, .. } if is_full(&source) => ExitCode::from(FULL),
                Trouble::Nothing(_) | Trouble::Remains | Trouble::Io { .. } => ExitCode::FAILURE,
            }
        }
    }
}

fn begin(path: &Path) -> Result<(), Trouble> {
    // Fails where a shell made us leader of a group; then we share its session, which harms nobody.
    let _shared = setsid();
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    let path = std::path::absolute(path).map_err(doing("reading the path of the workspace"))?;
    std::env::set_current_dir(&path).map_err(|_| Trouble::Nothing(path.display().to_string()))?;
    // All paths are relative from here on: whatever becomes of the name, this is the folder.
    let here = Workspace::at(".");
    let _lock = match here.lock().map_err(doing("locking the workspace"))? {
        Wish::Locked(lock) => lock,
        Wish::Taken => return Err(Trouble::Taken),
        Wish::Nothing => return Err(Trouble::Nothing(path.display().to_string())),
    };
    // It may have been cleared away between our coming in and the lock.
    if !Workspace::at(&path).is_where_we_are().unwrap_or(false) {
        return Err(Trouble::Nothing(path.display().to_string()));
    }
    let spec = here.spec().map_err(doing("reading the specification"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.map_err(doing("starting"))?, hold(here, spec))
}

async fn hold(here: Workspace, spec: Spec) -> Result<(), Trouble> {
    clear_remains(&here).await?;
    here.forget_ended().map_err(doing("forgetting how the last run ended"))?;
    let listener = listen().map_err(doing("opening the socket"))?;
    let mut ask_to_end = signal(SignalKind::terminate()).map_err(doing("listening for signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(doing("listening for signals"))?;
    let died = adopt().map_err(doing("adopting"))?;

    let mut running = ourselves().map_err(doing("looking at ourselves"))?;
    here.write_running(&running).map_err(doing("writing down what runs"))?;
    let (said, program) = start().map_err(doing("starting the program"))?;
    let mut children = Children::new(died, program);
    let pid = program.as_raw_nonzero().get();
    running.pid = Some(pid);
    running.start = Seen::of(pid).map(|seen| seen.start);
    if let Err(source) = here.write_running(&running) {
        children.clear().await;
        return Err(Trouble::Io { doing: "writing down what runs", source });
    }
    tell_starter(pid);

    let (ended, end) = watch::channel(None);
    let (stop_begun, stopping) = watch::channel(false);
    let (stops, mut stop) = mpsc::channel(1);
    let answering = spawn_local(answer(listener, Line { pid, stopping, ended: end, stops }));
    let output = spawn_local(copy(said, Output::open(".".into(), spec.limits.output)));

    let grace = Duration::from_millis(spec.health.stop_ms);
    let asked = tokio::select! {
        _ = children.end() => None,
        grace = stop.recv() => grace,
        _ = ask_to_end.recv() => Some(grace),
        _ = interrupt.recv() => Some(grace),
    };
    let status = match asked {
        Some(grace) => {
            stop_begun.send_replace(true);
            children.stop(grace).await
        }
        None => children.end().await,
    };
    children.clear().await;
    let _somebody_has_the_pipe = timeout(LAST_OUTPUT, output).await;
    if let Err(error) = here.write_ended(Ended { status }) {
        complain(&format_args!("writing down how it ended: {error}"));
    }
    ended.send_replace(Some(status));
    let _done = answering.await;
    let _gone_with_the_workspace = fs::remove_file(Path::new(CONTROL).join(SOCKET));
    Ok(())
}

/// Ends what the program of a hold that was killed left behind, so that there are never two.
async fn clear_remains(here: &Workspace) -> Result<(), Trouble> {
    let all = async {
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            if here.kill_remains() == 0 {
                return;
            }
        }
    };
    timeout(REMAINS, all).await.map_err(|_| Trouble::Remains)
}

/// By a relative path: the address of a socket has room for 108 octets (unix(7)).
fn listen() -> io::Result<UnixListener> {
    let path = Path::new(CONTROL).join(SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    UnixListener::bind(path)
}

fn ourselves() -> io::Result<Running> {
    let hold = getpid().as_raw_nonzero().get();
    let seen = Seen::of(hold).ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    Ok(Running { boot: boot(), hold, hold_start: seen.start, pid: None, start: None })
}

/// Starts the program in a group of its own. What it says comes out of the pipe.
fn start() -> io::Result<(pipe::Receiver, Pid)> {
    let (out, into) = io::pipe()?;
    let child = Command::new(own_binary())
        .arg0("strowger")
        .args(["hold", "--exec"])
        .arg(std::process::id().to_string())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(into.try_clone()?)
        .stderr(into)
        .process_group(0)
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    Ok((pipe::Receiver::from_owned_fd(out.into())?, pid))
}

/// Whoever started us waits for this line; it may be gone by now.
fn tell_starter(pid: i32) {
    let mut out = io::stdout();
    let _gone = out.write_all(format!("running {pid}\n").as_bytes()).and_then(|()| out.flush());
}

async fn copy(mut said: pipe::Receiver, mut output: Output) {
    let mut octets = vec![0; 16 << 10];
    while let Ok(count @ 1..) = said.read(&mut octets).await {
        output.keep(octets.get(..count).unwrap_or_default());
    }
}

fn doing(doing: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |source| Trouble::Io { doing, source }
}
