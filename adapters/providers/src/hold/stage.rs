//! The last step before a program: this process takes on the limits and becomes it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;

use super::{complain, own_binary};
use crate::spec::{Check, Limits, OWN, Spec};
use crate::workspace::Workspace;

/// What it becomes.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// The program.
    Program,
    /// The command that looks at its health.
    Check,
}

/// Exit codes of shells: found and not to be run, not found.
const CANNOT: u8 = 126;
const MISSING: u8 = 127;
/// Between the signal that says the processor time is used up and the kill, in seconds.
const LAST_WORDS: u64 = 2;

/// Becomes what the workspace's specification says; the workspace is the folder it is started in. Comes back only
/// where it cannot.
pub(super) fn become_program(role: Role, parent: &str) -> ExitCode {
    let error = match prepare(role, parent) {
        Ok(mut command) => {
            let error = command.exec();
            complain(&format_args!("{}: {error}", command.get_program().display()));
            error
        }
        Err(error) => {
            complain(&error);
            error
        }
    };
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { MISSING } else { CANNOT })
}

fn prepare(role: Role, parent: &str) -> io::Result<Command> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the line above will not signal any more.
    let here = getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    if here.as_deref() != Some(parent) {
        return Err(io::Error::other("whoever started this is gone"));
    }
    // What raises privileges would also forget the signal above (prctl(2)).
    set_no_new_privs(true)?;
    let here = Workspace::at(".");
    let spec = here.spec()?;
    let mut command = command(role, &spec)?;
    command.envs(here.running().map(|running| running.mark()));
    limit(spec.limits)?;
    Ok(command)
}

fn command(role: Role, spec: &Spec) -> io::Result<Command> {
    let (executable, arguments) = match (role, &spec.health.check) {
        (Role::Program, _) => (spec.executable.as_str(), spec.arguments.as_slice()),
        (Role::Check, Some(Check::Command(words))) => {
            words.split_first().map(|(first, rest)| (first.as_str(), rest)).ok_or_else(no_command)?
        }
        (Role::Check, Some(Check::Http(_) | Check::Tcp) | None) => return Err(no_command()),
    };
    let mut command = if executable == OWN { Command::new(own_binary()) } else { Command::new(executable) };
    command.args(arguments).env_clear().envs(spec.environment());
    if executable == OWN {
        command.arg0(OWN);
    }
    Ok(command)
}

fn no_command() -> io::Error {
    io::Error::other("the workspace has no command check")
}

fn limit(limits: Limits) -> io::Result<()> {
    set(Resource::Core, 0, 0)?;
    if limits.files > 0 {
        set(Resource::Nofile, limits.files, limits.files)?;
    }
    if limits.cpu > 0 {
        set(Resource::Cpu, limits.cpu, limits.cpu.saturating_add(LAST_WORDS))?;
    }
    // Last: this process lives under it, too.
    if limits.memory > 0 {
        set(Resource::As, limits.memory, limits.memory)?;
    }
    Ok(())
}

/// A limit is never wider than the one we live under: only root could do that.
fn set(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum;
    let within = |limit: u64| Some(ceiling.map_or(limit, |ceiling| limit.min(ceiling)));
    Ok(setrlimit(resource, Rlimit { current: within(soft), maximum: within(hard) })?)
}
