//! Says, and runs commands.

use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// What tests are told where all they need must be there: what cannot run fails then, and is not left out.
pub(crate) const STRICT: (&str, &str) = ("CI", "true");

/// Says a line on standard output.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _nobody_reads = writeln!(io::stdout(), "{line}");
}

/// Says a line on standard error.
pub(crate) fn complain(line: impl std::fmt::Display) {
    let _nobody_reads = writeln!(io::stderr(), "{line}");
}

/// Runs a command in the root of the workspace; its output is ours.
pub(crate) fn call(program: &str, args: &[&str]) -> Result<()> {
    call_with(program, args, &[])
}

/// The same, with what is set around it.
pub(crate) fn call_with(program: &str, args: &[&str], set: &[(&str, &str)]) -> Result<()> {
    let mut command = command(program, args)?;
    command.envs(set.iter().copied());
    let status = command.status().with_context(|| format!("{program} cannot be started"))?;
    if status.success() { Ok(()) } else { bail!("{program} {} ended with {status}", args.join(" ")) }
}

/// A command in the root of the workspace.
pub(crate) fn command(program: &str, args: &[&str]) -> Result<Command> {
    let mut command = Command::new(program);
    command.args(args).current_dir(crate::tree::root()?);
    Ok(command)
}

/// Whether that program is there.
pub(crate) fn there(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// What `work` gives, and how long it took.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let end = work();
    (end, begun.elapsed())
}
